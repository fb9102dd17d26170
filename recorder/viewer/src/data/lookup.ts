/** Finds steps: by time, by thread, by message. */

import { type Chunk, TargetType } from './chunk';
import { type Index, type Run } from './run';
import { chunkAt, chunksEnd, entryOf } from './window';

/** What is searched. */
export interface Searched {
  readonly run: Run;
  readonly index: Index;
  chunk(n: number): Promise<Chunk>;
}

/** Chunks are searched for a message at most this far from where it should be. */
const MAX_CHUNKS_SEARCHED = 200;

/** The number of the chunk that contains a step; that of the nearest if none does. */
export function chunkOfStep(index: Index, step: number): number {
  let low = index.first;
  let high = chunksEnd(index) - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const entry = entryOf(index, middle);
    if (entry && entry[3] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The last step that comes at `time` or before. */
export async function stepAt({ index, chunk }: Searched, time: number): Promise<number> {
  let n = Math.min(chunkAt(index, time), chunksEnd(index) - 1);
  if (n < index.first) return 0;
  // Several chunks can start at this time.
  for (let next = entryOf(index, n + 1); next && next[0] <= time; next = entryOf(index, n + 1)) n++;
  for (; n >= index.first; n--) {
    const { now, firstStep } = await chunk(n);
    let low = 0;
    let high = now.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (now[middle] <= time) low = middle + 1;
      else high = middle;
    }
    if (low > 0) return firstStep + low - 1;
  }
  return entryOf(index, index.first)?.[3] ?? 0;
}

/** The step of a thread at exactly `time`: rather an operation than a wait. */
export async function find(
  { index, run, chunk }: Searched,
  thread: number,
  time: number,
): Promise<number | undefined> {
  let found: number | undefined;
  let foundRank = 0;
  for (let n = chunkAt(index, time); ; n++) {
    const entry = entryOf(index, n);
    if (!entry || entry[0] > time) break;
    const it = await chunk(n);
    for (let i = 0; i < it.length; i++) {
      if (it.time[i] !== time || it.thread[i] !== thread) continue;
      const { group, send, receive } = run.kinds[it.kind[i]] ?? {};
      const rank = send || receive ? 3 : group === 'wait' || group === 'returning' ? 1 : 2;
      if (rank > foundRank) [found, foundRank] = [it.firstStep + i, rank];
    }
  }
  return found;
}

/** The steps in which a message was sent and received. */
export async function findMessage(
  searched: Searched,
  channel: number,
  number: number,
  near: number | undefined,
): Promise<{ sent?: number; received?: number }> {
  const { index, run } = searched;
  const [sends, receives] = (['send', 'receive'] as const).map((side) =>
    run.kinds.map((kind) => kind[side]),
  );
  const found: { sent?: number; received?: number } = {};
  const search = async (n: number) => {
    const it = await searched.chunk(n);
    for (let i = 0; i < it.length; i++) {
      if (it.message[i] !== number || it.target[i] !== channel) continue;
      if (it.targetType[i] !== TargetType.channel) continue;
      if (sends[it.kind[i]]) found.sent ??= it.firstStep + i;
      if (receives[it.kind[i]]) found.received ??= it.firstStep + i;
    }
  };
  const first = index.first;
  const end = chunksEnd(index);
  if (first === end) return found;

  if (near !== undefined) await search(chunkOfStep(index, near));
  // Messages are numbered in the order in which they are sent, and mostly received in that order.
  for (const side of ['sent', 'received'] as const) {
    if (found[side] !== undefined) continue;
    const guess = await chunkWhere(searched, channel, (state) => state[side] >= number);
    for (let distance = 0; distance < MAX_CHUNKS_SEARCHED; distance++) {
      for (const n of distance === 0 ? [guess] : [guess - distance, guess + distance]) {
        if (n >= first && n < end && found[side] === undefined) await search(n);
      }
      if (found[side] !== undefined) break;
      // A message that was not received by all means is not searched everywhere.
      if (side === 'received' && distance >= 2 && found.sent !== undefined) break;
    }
  }
  return found;
}

/** The last chunk at whose start the channel has not yet come so far. */
async function chunkWhere(
  { index, chunk }: Searched,
  channel: number,
  isReached: (state: { sent: number; received: number }) => boolean,
): Promise<number> {
  let low = index.first;
  let high = chunksEnd(index) - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const state = (await chunk(middle)).channels.find((it) => it.channel === channel);
    if (!state || !isReached(state)) low = middle;
    else high = middle - 1;
  }
  return low;
}

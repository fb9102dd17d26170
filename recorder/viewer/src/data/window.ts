/** Answers to "this range of time, on this number of pixels": what fits, with exact sums. */

import type { Chunk } from './chunk';
import { Cancelled } from './cancelled';
import type { ChunkEntry, Index, Kind } from './run';
import { Sums, tileOf } from './sums';
import type { Segment } from './tile';
import type { Turns } from './turns';

/** Windows with at most this number of events also contain the events. */
export const MAX_SINGLE_EVENTS = 20_000;

/** Windows with at most this number of events are summed from the events. */
export const MAX_SUMMED_EVENTS = 100_000;

/** Bins are as wide as two pixels if they would be finer than the tiles of more chunks than this. */
const MAX_FINER_CHUNKS = 4;

/**
 * Sums over bins of `binNs`. Bin `i` covers `[from + i * binNs, from + (i + 1) * binNs)`. `from` and
 * `to` can be a little outside of what was asked for, so that they are multiples of `binNs`.
 */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly binNs: number;
  readonly bins: number;
  /** False if the sums come from tiles only. */
  readonly exact: boolean;
  /** Number of events in the window, about. */
  readonly eventCount: number;
  readonly threads: ReadonlyMap<number, ThreadBins>;
  readonly channels: ReadonlyMap<number, ChannelBins>;
  readonly locks: ReadonlyMap<number, LockBins>;
  readonly arrows: Arrows;
  /** If the window has at most `MAX_SINGLE_EVENTS` events: where they are. */
  readonly events?: readonly EventRange[];
}

export interface ThreadBins {
  /** For each activity the time in each bin; `undefined` if it does not occur. */
  readonly ns: readonly (Float64Array | undefined)[];
  /** Number of events in each bin. */
  readonly events: Uint32Array;
}

export interface ChannelBins {
  /** Queue depth; NaN where it does not change: the value before goes on. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** The depth at the end of each bin; NaN where it does not change. */
  readonly last: Float64Array;
  readonly sent: Uint32Array;
  readonly received: Uint32Array;
  /** Depth before the first bin. */
  readonly depthBefore: number;
}

export interface LockBins {
  readonly held: Float64Array;
}

/** Bundles of arrows with the same threads and the same bins. */
export interface Arrows {
  readonly length: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Bins of the start and of the end. Both can be outside of the window. */
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly count: Float64Array;
}

/** Events `first .. last` (exclusive) of a chunk. */
export interface EventRange {
  readonly chunk: Chunk;
  readonly first: number;
  readonly last: number;
}

/** Chunks that are loaded side by side. */
const CHUNKS_AT_ONCE = 16;

/** What answers are made of. */
export interface WindowData {
  readonly turns: Turns;
  readonly kinds: readonly Kind[];
  /** `undefined` if it is damaged or not kept any more. */
  chunk(n: number): Promise<Chunk | undefined>;
  tile(level: number, tile: number): Promise<readonly Segment[]>;
}

/** A chunk is in the index, or it is the one that still grows. */
export function entryOf(index: Index, n: number): ChunkEntry | undefined {
  const at = n - index.first;
  return at === index.chunks.length ? (index.open ?? undefined) : index.chunks[at];
}

/** The number after that of the last chunk. */
export function chunksEnd(index: Index): number {
  return index.first + index.chunks.length + (index.open ? 1 : 0);
}

/** The first chunk that ends at `time` or later, or `chunksEnd`. */
export function chunkAt(index: Index, time: number): number {
  let low = index.first;
  let high = chunksEnd(index);
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entryOf(index, middle);
    if (entry && entry[1] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a window is made of. */
export interface Plan {
  readonly from: number;
  readonly to: number;
  readonly level: number;
  readonly firstBin: number;
  readonly bins: number;
  /** Whether everything is summed from events. */
  readonly isExact: boolean;
  readonly eventCount: number;
  /** Chunks that are summed. */
  readonly chunks: readonly number[];
  /** The number after that of the last chunk in the window. */
  readonly chunksEnd: number;
  readonly tiles: readonly number[];
  /** The chunk whose start has the depths of queues before the window. */
  readonly before: number | undefined;
}

/**
 * Plans a window with bins that are not wider than a pixel, or than two if fewer chunks must be loaded
 * then. With `isCoarse` they are as wide as they must be to use tiles instead of chunks.
 */
export function planWindow(
  index: Index,
  from: number,
  to: number,
  pixels: number,
  isCoarse = false,
): Plan {
  const fitting = Math.max(0, Math.floor(Math.log2(Math.max(1, (to - from) / pixels))));
  const first = chunkAt(index, from);
  let last = first;
  let eventCount = 0;
  let levelOfChunks = 0;
  let finerChunks = 0;
  for (let entry = entryOf(index, last); entry && entry[0] <= to; entry = entryOf(index, ++last)) {
    eventCount += entry[4];
    if (entry === index.open) continue;
    levelOfChunks = Math.max(levelOfChunks, entry[2]);
    if (entry[2] > fitting) finerChunks++;
  }

  const finest = index.levels[0]?.[0] ?? Infinity;
  const coarsest = index.levels.at(-1)?.[0] ?? 0;
  const twoPixels = finerChunks > MAX_FINER_CHUNKS ? fitting + 1 : fitting;
  const tileLevel = isCoarse ? Math.max(fitting, levelOfChunks) : twoPixels;
  const isExact = !isCoarse && (eventCount <= MAX_SUMMED_EVENTS || tileLevel < finest);
  const level = isExact ? fitting : Math.min(tileLevel, coarsest);
  const binNs = 2 ** level;
  const firstBin = Math.floor(from / binNs);
  const bins = Math.max(1, Math.ceil(to / binNs) - firstBin);

  // The chunk after the window has arrows that lead out of it, and so has the tile after it.
  const chunks: number[] = [];
  for (let n = first; n < last + 1; n++) {
    const entry = entryOf(index, n);
    if (entry && (isExact || entry[2] > level || entry === index.open)) chunks.push(n);
  }
  const tiles: number[] = [];
  const extent = index.levels.find(([it]) => it === level);
  if (!isExact && extent) {
    const lastTile = Math.min(tileOf(firstBin + bins - 1) + 1, extent[2]);
    for (let tile = Math.max(tileOf(firstBin), extent[1]); tile <= lastTile; tile++) {
      tiles.push(tile);
    }
  }
  const before = Math.max(index.first, entryOf(index, first) ? first : first - 1);
  return {
    from,
    to,
    level,
    firstBin,
    bins,
    isExact,
    eventCount,
    chunks,
    chunksEnd: last,
    tiles,
    before: before < chunksEnd(index) ? before : undefined,
  };
}

/** Adds up what a plan lists. Loading stops with `Cancelled` when `isWanted` returns false. */
export async function answer(
  data: WindowData,
  plan: Plan,
  isWanted: () => boolean = () => true,
): Promise<Window> {
  const { from, to, level, firstBin, bins, isExact, eventCount, before } = plan;
  const loadChunks = async () => {
    const chunks: Chunk[] = [];
    for (let i = 0; i < plan.chunks.length; i += CHUNKS_AT_ONCE) {
      const numbers = plan.chunks.slice(i, i + CHUNKS_AT_ONCE);
      const loaded = await Promise.all(numbers.map((n) => data.chunk(n)));
      chunks.push(...loaded.filter((chunk) => chunk !== undefined));
      if (!isWanted()) throw new Cancelled();
    }
    return chunks;
  };
  const [chunks, tiles, start] = await Promise.all([
    loadChunks(),
    Promise.all(plan.tiles.map((tile) => data.tile(level, tile))),
    before === undefined ? undefined : data.chunk(before),
  ]);
  const sums = new Sums(level, firstBin, bins, data.kinds);
  sums.startFrom(start);
  for (const segment of tiles.flat()) await data.turns.run(() => sums.addSegment(segment));
  for (const chunk of chunks) await data.turns.run(() => sums.addChunk(chunk));
  if (!isWanted()) throw new Cancelled();
  const events =
    isExact && eventCount <= MAX_SINGLE_EVENTS
      ? chunks
          .filter(({ number }) => number < plan.chunksEnd)
          .map((chunk) => eventsIn(chunk, from, to))
      : undefined;
  return sums.finish(isExact, eventCount, events);
}

/** The events of a chunk that come between two times, and waits that end later. */
function eventsIn(chunk: Chunk, from: number, to: number): EventRange {
  let first = 0;
  while (first < chunk.length && chunk.now[first] < from) first++;
  let last = chunk.length;
  while (last > first && chunk.time[last - 1] > to) last--;
  return { chunk, first, last };
}

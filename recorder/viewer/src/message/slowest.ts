/** The message that took longest from its send to its receive. */

import { NONE, TargetType } from '../data/chunk';
import type { Model } from '../data/model';
import type { MessageId } from './journey';

/** Chunks that are searched: those at the end of the run. */
const MAX_CHUNKS = 48;

/** Of one channel, or of all. `undefined` if there is none. */
export async function slowest(
  model: Model,
  channel: number | undefined,
): Promise<{ id: MessageId; latency: number } | undefined> {
  const { index } = model;
  const end = index.first + index.chunks.length + (index.open ? 1 : 0);
  let found: { id: MessageId; latency: number } | undefined;
  for (let n = Math.max(index.first, end - MAX_CHUNKS); n < end; n += 1) {
    const chunk = await model.chunk(n);
    for (let i = 0; i < chunk.length; i += 1) {
      if (chunk.targetType[i] !== TargetType.channel || chunk.message[i] === NONE) continue;
      if (channel !== undefined && chunk.target[i] !== channel) continue;
      if (!found || chunk.latency[i] > found.latency) {
        const id = { channel: chunk.target[i], number: chunk.message[i] };
        found = { id, latency: chunk.latency[i] };
      }
    }
  }
  return found;
}

/** Steps that follow from each other, for walking with the keyboard. */

import { type Chunk, NONE, TargetType } from '../data/chunk';
import type { EventView } from '../data/event';
import type { Model } from '../data/model';

/** A walk along a thread ends after this number of chunks without an event of it. */
const MAX_CHUNKS = 256;
/** Consequences are at most this number of chunks after their cause. */
const MAX_CHUNKS_TO_EFFECT = 16;

type Accept = (chunk: Chunk, i: number) => boolean;

/** The nearest step after (`direction` 1) or before (−1) `step` that `accept` takes. */
async function search(
  model: Model,
  step: number,
  direction: 1 | -1,
  accept: Accept,
  most: number,
): Promise<number | undefined> {
  let n = model.chunkOf(step);
  for (let count = 0; count < most; count++, n += direction) {
    if (
      n < model.index.first ||
      n >= model.index.first + model.index.chunks.length + (model.index.open ? 1 : 0)
    )
      return undefined;
    const chunk = await model.chunk(n);
    const start = step + direction - chunk.firstStep;
    if (direction > 0) {
      for (let i = Math.max(start, 0); i < chunk.length; i++) {
        if (accept(chunk, i)) return chunk.firstStep + i;
      }
    } else {
      for (let i = Math.min(start, chunk.length - 1); i >= 0; i--) {
        if (accept(chunk, i)) return chunk.firstStep + i;
      }
    }
  }
  return undefined;
}

/** The next or the previous operation of a thread. Waits belong to the operation that they end with. */
export function along(
  model: Model,
  thread: number,
  step: number,
  direction: 1 | -1,
): Promise<number | undefined> {
  return search(
    model,
    step,
    direction,
    (chunk, i) => chunk.thread[i] === thread && isOperation(model, chunk, i),
    MAX_CHUNKS,
  );
}

function isOperation(model: Model, chunk: Chunk, i: number): boolean {
  const { group } = model.run.kinds[chunk.kind[i]];
  return group !== 'wait' && group !== 'waitBegan' && group !== 'returning';
}

/** The operation of a thread, or on a channel, that is nearest to a time. */
export async function nearest(
  model: Model,
  lane: { kind: 'thread' | 'channel'; index: number },
  time: number,
): Promise<number | undefined> {
  const at = await model.stepAt(time);
  const accept: Accept = (chunk, i) =>
    (lane.kind === 'thread'
      ? chunk.thread[i] === lane.index
      : chunk.target[i] === lane.index && chunk.targetType[i] === TargetType.channel) &&
    isOperation(model, chunk, i);
  const [before, after] = await Promise.all([
    search(model, at + 1, -1, accept, MAX_CHUNKS_TO_EFFECT),
    search(model, at, 1, accept, MAX_CHUNKS_TO_EFFECT),
  ]);
  if (before === undefined || after === undefined) return before ?? after;
  const [a, b] = await Promise.all([model.event(before), model.event(after)]);
  return time - a.time <= b.time - time ? before : after;
}

/** The step that led to `event`: the send of a receive, the receive that caused a send, an unlock. */
export async function causeOf(model: Model, event: EventView): Promise<number | undefined> {
  if (event.from) return model.find(event.from.thread, event.from.time);
  if (event.cause !== undefined) return model.find(event.thread, event.cause);
  return undefined;
}

/** How long a wait lasts that `event` begins; `undefined` if it does not end. */
export async function lengthOfWait(model: Model, event: EventView): Promise<number | undefined> {
  const { kinds } = model.run;
  const accept: Accept = (chunk, i) =>
    chunk.thread[i] === event.thread &&
    chunk.time[i] === event.time &&
    kinds[chunk.kind[i]].group === 'wait';
  const end = await search(model, event.step, 1, accept, MAX_CHUNKS);
  return end === undefined ? undefined : (await model.event(end)).duration;
}

/** The first step that follows from `event`. */
export async function effectOf(model: Model, event: EventView): Promise<number | undefined> {
  const { thread, time, step, target, message } = event;
  if (event.kind.send && message !== undefined && target?.type === TargetType.channel) {
    const { received } = await model.message(target.index, message, step);
    if (received !== undefined) return received;
  }
  const accept: Accept = (chunk, i) =>
    (chunk.from[i] === thread && chunk.fromTime[i] === time) ||
    (chunk.cause[i] !== NONE && chunk.thread[i] === thread && chunk.cause[i] === time);
  return search(model, step, 1, accept, MAX_CHUNKS_TO_EFFECT);
}

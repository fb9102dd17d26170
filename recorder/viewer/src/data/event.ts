/** One event as an object, for panels and sentences. Drawing uses the columns of `Chunk`. */

import { type Chunk, NONE, UNKNOWN_END } from './chunk';
import type { Kind, Run } from './run';

export interface EventView {
  step: number;
  kind: Kind;
  thread: number;
  time: number;
  /** 0 for an instant; `undefined` if its end is not known. */
  duration: number | undefined;
  /** `TargetType`. */
  target?: { type: number; index: number };
  place?: number;
  endpoint?: number;
  message?: number;
  /** The thread and the time of the event that led to this one. */
  from?: { thread: number; time: number };
  latency?: number;
  depth?: number;
  cause?: number;
  waited?: number;
  timeout?: number;
  text?: string;
}

/** Of an event that is newer than run.json. */
const UNKNOWN_KIND: Kind = {
  group: 'operation',
  verb: 'event',
  category: 'thread',
  send: false,
  receive: false,
};

/** Returns event `i` of `chunk` with everything that is recorded of it. */
export function eventView(run: Run, chunk: Chunk, i: number): EventView {
  const given = (value: number) => (value === NONE ? undefined : value);
  const from = chunk.from[i];
  const text = chunk.text[i];
  return {
    step: chunk.firstStep + i,
    kind: run.kinds[chunk.kind[i]] ?? UNKNOWN_KIND,
    thread: chunk.thread[i],
    time: chunk.time[i],
    duration: chunk.duration[i] === UNKNOWN_END ? undefined : chunk.duration[i],
    target:
      chunk.target[i] === NONE ? undefined : { type: chunk.targetType[i], index: chunk.target[i] },
    place: given(chunk.place[i]),
    endpoint: given(chunk.endpoint[i]),
    message: given(chunk.message[i]),
    from: from === NONE ? undefined : { thread: from, time: chunk.fromTime[i] },
    latency: given(chunk.latency[i]),
    depth: given(chunk.depth[i]),
    cause: given(chunk.cause[i]),
    waited: given(chunk.waited[i]),
    timeout: given(chunk.timeout[i]),
    text: text === NONE ? undefined : chunk.texts[text],
  };
}

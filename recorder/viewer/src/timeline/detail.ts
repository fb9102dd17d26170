/** The single events of a window, sorted by lane, for drawing and for finding what is at a point. */

import { type Chunk, NONE, TargetType } from '../data/chunk';
import type { Kind, Run } from '../data/run';
import type { EventRange, Window } from '../data/window';

/** An operation, or another event that is drawn at one time. */
export interface Mark {
  readonly step: number;
  readonly time: number;
  readonly thread: number;
  readonly kind: Kind;
  readonly chunk: Chunk;
  readonly i: number;
}

export interface StateBar {
  readonly begin: number;
  readonly end: number;
  readonly activity: number;
  /** What the thread waits for, if that is known. */
  readonly wait?: Wait;
}

export interface Wait {
  readonly begin: number;
  readonly kind: Kind;
  readonly targetType: number;
  readonly target: number;
  /** The step in which the wait ended or, if that is not in the window, in which it began. */
  step: number;
}

export interface Arrow {
  readonly from: number;
  readonly fromTime: number;
  readonly to: number;
  readonly time: number;
  /** The step at the arrow's head. */
  readonly step: number;
  /** Channel of the message, or `NONE` if the arrow is not a message. */
  readonly channel: number;
}

export interface Hold {
  readonly thread: number;
  readonly begin: number;
  readonly end: number;
  readonly shared: boolean;
}

/** Spans and initializers: bars around other events. */
export interface SpanBar {
  readonly mark: Mark;
  readonly begin: number;
  readonly end: number;
}

export interface ThreadDetail {
  readonly bars: StateBar[];
  readonly marks: Mark[];
  readonly spans: SpanBar[];
}

export interface Detail {
  readonly threads: Map<number, ThreadDetail>;
  /** Sends, receives and other events of each channel. */
  readonly channels: Map<number, Mark[]>;
  readonly waits: Map<number, Wait[]>;
  readonly locks: Map<number, Hold[]>;
  readonly arrows: Arrow[];
}

/** Returns the events of a window that has them, or `undefined` if it has sums only. */
export function detailOf(run: Run, window: Window): Detail | undefined {
  if (!window.events) return undefined;
  const detail: Detail = {
    threads: new Map(),
    channels: new Map(),
    waits: new Map(),
    locks: new Map(),
    arrows: [],
  };
  for (const range of window.events) {
    addEvents(run, detail, range);
    addHolds(detail, range.chunk);
  }
  for (const waits of detail.waits.values()) waits.sort((a, b) => a.begin - b.begin);
  for (const range of window.events) addBars(detail, range.chunk, window);
  for (const thread of detail.threads.values())
    thread.marks.sort((a, b) => a.time - b.time || a.step - b.step);
  return detail;
}

function threadOf(detail: Detail, thread: number): ThreadDetail {
  let found = detail.threads.get(thread);
  if (!found) {
    found = { bars: [], marks: [], spans: [] };
    detail.threads.set(thread, found);
  }
  return found;
}

function pushTo<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function addEvents(run: Run, detail: Detail, { chunk, first, last }: EventRange): void {
  for (const open of chunk.waiting) {
    addWait(detail, open.thread, {
      begin: open.since,
      kind: run.kinds[open.kind],
      targetType: open.targetType,
      target: open.target,
      step: NONE,
    });
  }
  for (let i = first; i < last; i++) {
    const kind = run.kinds[chunk.kind[i]];
    const mark: Mark = {
      step: chunk.firstStep + i,
      time: chunk.time[i],
      thread: chunk.thread[i],
      kind,
      chunk,
      i,
    };
    if (kind.group === 'wait' || kind.group === 'waitBegan') {
      addWait(detail, mark.thread, {
        begin: mark.time,
        kind,
        targetType: chunk.targetType[i],
        target: chunk.target[i],
        step: mark.step,
      });
      continue;
    }
    if (kind.group === 'returning') continue;
    const thread = threadOf(detail, mark.thread);
    if (kind.group === 'span' || kind.group === 'initializer') {
      const duration = chunk.duration[i];
      const end = duration < 0 ? chunk.end : mark.time + duration;
      thread.spans.push({ mark, begin: mark.time, end });
      continue;
    }
    thread.marks.push(mark);
    const channel = chunk.targetType[i] === TargetType.channel ? chunk.target[i] : NONE;
    if (channel !== NONE) pushTo(detail.channels, channel, mark);
    if (chunk.from[i] !== NONE) {
      detail.arrows.push({
        from: chunk.from[i],
        fromTime: chunk.fromTime[i],
        to: mark.thread,
        time: mark.time,
        step: mark.step,
        channel: kind.receive ? channel : NONE,
      });
    }
  }
}

/** A wait can come up to three times: open at a chunk's start, when it begins, and when it ends. */
function addWait(detail: Detail, thread: number, wait: Wait): void {
  const list = detail.waits.get(thread);
  const before = list?.findLast((other) => other.begin === wait.begin);
  if (!before) pushTo(detail.waits, thread, wait);
  else if (before.step === NONE || wait.kind.group === 'wait') before.step = wait.step;
}

function addBars(detail: Detail, { states }: Chunk, window: Window): void {
  for (let i = 0; i < states.length; i++) {
    const thread = states.thread[i];
    const begin = states.begin[i];
    const end = states.end[i];
    if (end < window.from || begin > window.to) continue;
    const activity = states.activity[i];
    const { bars } = threadOf(detail, thread);
    const before = bars.at(-1);
    if (before && before.end === begin && before.activity === activity) {
      // The border of two chunks.
      bars[bars.length - 1] = { ...before, end };
      continue;
    }
    const wait = activity === 0 ? undefined : waitAt(detail.waits.get(thread), begin);
    bars.push(wait ? { begin, end, activity, wait } : { begin, end, activity });
  }
}

function waitAt(waits: readonly Wait[] | undefined, time: number): Wait | undefined {
  if (!waits) return undefined;
  let low = 0;
  let high = waits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (waits[middle].begin <= time) low = middle + 1;
    else high = middle;
  }
  return waits[low - 1];
}

function addHolds(detail: Detail, { holds }: Chunk): void {
  for (let i = 0; i < holds.length; i++) {
    pushTo(detail.locks, holds.primitive[i], {
      thread: holds.thread[i],
      begin: holds.begin[i],
      end: holds.end[i],
      shared: (holds.flags[i] & 1) !== 0,
    });
  }
}

/** Index of the first entry whose time is at least `time`, in a list sorted by time. */
export function firstFrom(list: readonly { time: number }[], time: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].time < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

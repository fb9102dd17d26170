/** The queue of one channel over the time of a window: its depth, and the place of each message. */

import { NONE, TargetType } from '../data/chunk';
import type { Group, Kind } from '../data/run';
import type { EventRange } from '../data/window';
import type { Mark } from './detail';

/** Places are not followed in queues that grow deeper than this. */
const MAX_PLACES = 64;
/** Nor in windows with more moves of messages from place to place than this. */
const MAX_MOVES = 60_000;

/** A message in the queue. At `times[n]` it moves to `places[n]`; 0 is the next to be received. */
export interface Parcel {
  readonly number: number;
  readonly value: string;
  readonly times: number[];
  readonly places: number[];
  /** When it leaves; `Infinity` if it is still there at the end of the window. */
  end: number;
  /** The step of its send, or `NONE` if that is before the window. */
  readonly sent: number;
  /** The step of its receive, or `NONE`. */
  received: number;
  /** Whether the last receiver was dropped while the message was in the queue. */
  lost: boolean;
}

export interface Queue {
  /** Depth from `times[n]` on. */
  readonly times: number[];
  readonly depths: number[];
  /** Empty if there are too many to follow. */
  readonly parcels: Parcel[];
  readonly sent: Mark[];
  readonly received: Mark[];
}

/** How events change the number of live receivers. */
const RECEIVERS: Partial<Record<Group, number>> = {
  channelCreated: 1,
  receiverCloned: 1,
  receiverDropped: -1,
};

export function queueOf(
  channel: number,
  marks: readonly Mark[],
  ranges: readonly EventRange[],
  kinds: readonly Kind[],
): Queue {
  const queue: Queue = { times: [], depths: [], parcels: [], sent: [], received: [] };
  let moves = 0;
  let follows = true;
  const start = startOf(ranges[0]);
  const depthBefore = depthAt(channel, ranges[0]);
  let receivers = receiversAt(channel, ranges[0], kinds);
  let inside: Parcel[] = unknown(channel, marks, depthBefore, start);
  queue.times.push(start);
  queue.depths.push(depthBefore);
  queue.parcels.push(...inside);

  for (const mark of marks) {
    const { chunk, i, time, kind } = mark;
    if (kind.send) queue.sent.push(mark);
    if (kind.receive) queue.received.push(mark);
    const depth = chunk.depth[i];
    if (depth !== NONE) {
      queue.times.push(time);
      queue.depths.push(depth);
    }
    receivers += RECEIVERS[kind.group] ?? 0;
    if (kind.group === 'receiverDropped' && receivers <= 0) {
      for (const parcel of inside) Object.assign(parcel, { end: time, lost: true });
      inside = [];
      queue.times.push(time);
      queue.depths.push(0);
    }
    if (!follows) continue;
    const number = chunk.message[i];
    if (kind.send && number !== NONE) {
      const parcel: Parcel = {
        number,
        value: chunk.text[i] === NONE ? '' : chunk.texts[chunk.text[i]],
        times: [time],
        places: [inside.length],
        end: Infinity,
        sent: mark.step,
        received: NONE,
        lost: false,
      };
      inside.push(parcel);
      queue.parcels.push(parcel);
    } else if (kind.receive) {
      const at = Math.max(
        inside.findIndex((parcel) => parcel.number === number),
        0,
      );
      const gone = inside[at];
      if (gone) {
        gone.end = time;
        gone.received = mark.step;
        inside = inside.filter((parcel) => parcel !== gone);
        for (let n = at; n < inside.length; n++) {
          inside[n].times.push(time);
          inside[n].places.push(n);
        }
        moves += inside.length - at;
      }
    }
    if (inside.length > MAX_PLACES || moves > MAX_MOVES) {
      follows = false;
      queue.parcels.length = 0;
    }
  }
  return queue;
}

/** The time from which the events of a range are known. */
function startOf(range: EventRange | undefined): number {
  if (!range) return 0;
  return range.first > 0 ? range.chunk.now[range.first - 1] : range.chunk.begin;
}

/** The depth of a queue before the first event of a range. */
function depthAt(channel: number, range: EventRange | undefined): number {
  if (!range) return 0;
  const { chunk, first } = range;
  let depth = chunk.channels.find((state) => state.channel === channel)?.depth ?? 0;
  for (let i = 0; i < first; i++) {
    if (chunk.target[i] !== channel || chunk.targetType[i] !== TargetType.channel) continue;
    if (chunk.depth[i] !== NONE) depth = chunk.depth[i];
  }
  return depth;
}

/** The number of receivers before the first event of a range. */
function receiversAt(
  channel: number,
  range: EventRange | undefined,
  kinds: readonly Kind[],
): number {
  if (!range) return 0;
  const { chunk, first } = range;
  let count = chunk.channels.find((state) => state.channel === channel)?.receivers ?? 0;
  for (let i = 0; i < first; i++) {
    if (chunk.target[i] !== channel || chunk.targetType[i] !== TargetType.channel) continue;
    count += RECEIVERS[kinds[chunk.kind[i]].group] ?? 0;
  }
  return count;
}

/** Messages that were sent before the window. Their numbers follow from the first known one. */
function unknown(channel: number, marks: readonly Mark[], depth: number, start: number): Parcel[] {
  const first = marks.find(
    (mark) => (mark.kind.send || mark.kind.receive) && mark.chunk.message[mark.i] !== NONE,
  );
  const known = first?.chunk.channels.find((state) => state.channel === channel);
  let next = known ? known.received : 0;
  if (first) {
    const number = first.chunk.message[first.i];
    next = first.kind.receive ? number : number - depth;
  }
  return Array.from({ length: Math.min(depth, MAX_PLACES + 1) }, (_, place) => ({
    number: next + place,
    value: '',
    times: [start],
    places: [place],
    end: Infinity,
    sent: NONE,
    received: NONE,
    lost: false,
  }));
}

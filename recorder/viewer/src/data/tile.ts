/**
 * Tiles: sums over equal spans of time, for zooming out. Tile `i` of level `k` has 256 bins of 2^k
 * nanoseconds. It consists of segments, which add up.
 */

import { columnsOf, DamagedData } from './columns';
import { header } from './decode';
import { ACTIVITIES } from './run';

/** Number of bins of a tile. */
export const TILE_BINS = 256;

const COLUMNS = 22;

/** Entries of a lane: `run` bins from `bin` on have the same content. Bins count from time 0. */
interface Entries {
  readonly length: number;
  readonly lane: Uint32Array;
  readonly bin: Float64Array;
  readonly run: Uint16Array;
}

export interface Segment {
  readonly threads: Entries & {
    readonly events: Float64Array;
    /** Index into `activity` and `ns` of the first sum of each entry, and after the last. */
    readonly first: Uint32Array;
    readonly activity: Uint8Array;
    readonly ns: Float64Array;
  };
  readonly channels: Entries & {
    readonly sent: Float64Array;
    readonly received: Float64Array;
    readonly min: Float64Array;
    readonly max: Float64Array;
  };
  readonly locks: Entries & { readonly held: Float64Array };
  /** Arrows that end in the tile. Their start can be in an earlier one. */
  readonly arrows: {
    readonly length: number;
    readonly start: Float64Array;
    readonly end: Float64Array;
    readonly from: Uint32Array;
    readonly to: Uint32Array;
    readonly count: Float64Array;
  };
  /** Approximate size in memory. */
  readonly bytes: number;
}

export function decodeSegment(piece: Uint8Array): Segment {
  const columns = columnsOf(piece);
  if (columns.length < COLUMNS) throw new DamagedData('a tile lacks columns');
  const head = header(columns[0]);
  head.next(); // its level
  const firstBin = head.next() * TILE_BINS;
  const [threadCount, channelCount, lockCount, arrowCount] = [0, 0, 0, 0].map(() => head.next());

  const entries = (length: number, first: number): Entries => {
    const [lanes, bins, runs] = columns.slice(first);
    const lane = new Uint32Array(length);
    const bin = new Float64Array(length);
    const run = new Uint16Array(length);
    let last = 0;
    let end = firstBin;
    for (let i = 0; i < length; i++) {
      const step = lanes.next();
      if (step > 0) end = firstBin;
      last += step;
      lane[i] = last;
      bin[i] = end + bins.next();
      run[i] = 1 + runs.next();
      end = bin[i] + run[i];
    }
    return { length, lane, bin, run };
  };
  const numbers = (length: number, column: number): Float64Array => {
    const values = new Float64Array(length);
    for (let i = 0; i < length; i++) values[i] = columns[column].next();
    return values;
  };

  const threads = { ...entries(threadCount, 1), events: numbers(threadCount, 4) };
  const first = new Uint32Array(threadCount + 1);
  const activity: number[] = [];
  const ns: number[] = [];
  for (let i = 0; i < threadCount; i++) {
    const mask = columns[5].next();
    for (let bit = 0; bit < ACTIVITIES; bit++) {
      if ((mask >>> bit) & 1) {
        activity.push(bit);
        ns.push(columns[5].next());
      }
    }
    first[i + 1] = ns.length;
  }

  const start = new Float64Array(arrowCount);
  const end = new Float64Array(arrowCount);
  const from = new Uint32Array(arrowCount);
  const to = new Uint32Array(arrowCount);
  const [starts, froms, tos, shifts] = columns.slice(17);
  let previous = firstBin;
  for (let i = 0; i < arrowCount; i++) {
    previous += starts.signed();
    start[i] = previous;
    from[i] = froms.next();
    to[i] = tos.next();
    end[i] = previous + shifts.next();
  }

  return {
    threads: {
      ...threads,
      first,
      activity: Uint8Array.from(activity),
      ns: Float64Array.from(ns),
    },
    channels: {
      ...entries(channelCount, 6),
      sent: numbers(channelCount, 9),
      received: numbers(channelCount, 10),
      min: numbers(channelCount, 11),
      max: numbers(channelCount, 12),
    },
    locks: { ...entries(lockCount, 13), held: numbers(lockCount, 16) },
    arrows: { length: arrowCount, start, end, from, to, count: numbers(arrowCount, 21) },
    bytes: threadCount * 26 + ns.length * 9 + channelCount * 46 + lockCount * 22 + arrowCount * 32,
  };
}

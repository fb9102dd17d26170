/** Answers to "this range of time, on this number of pixels": what fits, with exact sums. */

import type { Chunk } from './chunk';

/** Windows with at most this number of events also contain the events. */
export const MAX_SINGLE_EVENTS = 20_000;

/** Windows with at most this number of events are summed from the events. */
export const MAX_SUMMED_EVENTS = 300_000;

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

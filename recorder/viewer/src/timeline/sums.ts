/** Exact sums over a selected range of time. */

import { ACTIVITIES, type Run } from '../data/run';
import type { Window } from '../data/window';
import { sum } from './tip';

export interface ThreadSums {
  readonly thread: number;
  /** Time in ns, by activity. */
  readonly ns: readonly number[];
}

export interface ChannelSums {
  readonly channel: number;
  readonly sent: number;
  readonly received: number;
  readonly max: number;
}

export interface RangeSums {
  readonly from: number;
  readonly to: number;
  readonly threads: readonly ThreadSums[];
  readonly channels: readonly ChannelSums[];
}

/**
 * Moves the ends of a range to the nearest bounds of bins, less than a pixel away: the sums of whole
 * bins are exact.
 */
export function snapped(
  window: Window,
  range: { from: number; to: number },
): [first: number, last: number] {
  const bin = (time: number) =>
    Math.min(Math.max(Math.round((time - window.from) / window.binNs), 0), window.bins);
  const first = bin(range.from);
  return [first, Math.max(bin(range.to), first + 1)];
}

export function sumsOf(run: Run, window: Window, range: { from: number; to: number }): RangeSums {
  const [first, last] = snapped(window, range);
  const threads = run.threadOrder.flatMap((thread) => {
    const bins = window.threads.get(thread);
    if (!bins) return [];
    const ns = Array.from({ length: ACTIVITIES }, (_, activity) => {
      const values = bins.ns[activity];
      return values ? sum(values, first, last) : 0;
    });
    return ns.some((time) => time > 0) ? [{ thread, ns }] : [];
  });
  const channels = run.channelOrder.flatMap((channel) => {
    const bins = window.channels.get(channel);
    if (!bins) return [];
    let max = depthAt(window, channel, first);
    for (let i = first; i < last; i++) if (bins.max[i] > max) max = bins.max[i];
    const sent = sum(bins.sent, first, last);
    const received = sum(bins.received, first, last);
    return sent || received || max ? [{ channel, sent, received, max }] : [];
  });
  return {
    from: window.from + first * window.binNs,
    to: window.from + last * window.binNs,
    threads,
    channels,
  };
}

function depthAt(window: Window, channel: number, bin: number): number {
  const bins = window.channels.get(channel);
  if (!bins) return 0;
  for (let i = bin - 1; i >= 0; i--) if (!Number.isNaN(bins.last[i])) return bins.last[i];
  return bins.depthBefore;
}

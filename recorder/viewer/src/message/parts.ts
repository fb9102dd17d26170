/** A journey as parts of time: in queues, with threads, and in sends that wait. */

import type { EventView } from '../data/event';
import type { Hop, Journey } from './journey';

export type PartKind = 'work' | 'send' | 'queue';

export interface Part {
  kind: PartKind;
  /** Index of the message: the one in the queue, or the one that is sent next. */
  hop: number;
  begin: number;
  end: number;
}

export interface Totals {
  queue: number;
  work: number;
  send: number;
  /** From the first to the last event. */
  all: number;
}

/** When a send began: it has waited until its time. */
export function beginOf(sent: EventView): number {
  return sent.time - (sent.waited ?? 0);
}

/**
 * In the order of time; each begins where the one before ends. `until` returns how long a message that
 * was never received was in its queue.
 */
export function partsOf(journey: Journey, until: (hop: Hop) => number): Part[] {
  const parts: Part[] = [];
  const add = (kind: PartKind, hop: number, begin: number, end: number) => {
    // Clocks of processors differ a little.
    const from = Math.max(begin, parts.at(-1)?.end ?? begin);
    if (end > from || kind === 'queue') parts.push({ kind, hop, begin: from, end: Math.max(end, from) });
  };
  journey.hops.forEach((hop, i) => {
    const before: Hop | undefined = journey.hops[i - 1];
    if (hop.sent) {
      const begin = beginOf(hop.sent);
      if (before?.received) add('work', i, before.received.time, begin);
      if (hop.sent.waited) add('send', i, begin, hop.sent.time);
      add('queue', i, hop.sent.time, hop.received?.time ?? until(hop));
    }
  });
  return parts;
}

export function totalsOf(parts: readonly Part[]): Totals {
  const totals: Totals = { queue: 0, work: 0, send: 0, all: 0 };
  for (const part of parts) totals[part.kind] += part.end - part.begin;
  const [first, last] = [parts.at(0), parts.at(-1)];
  if (first && last) totals.all = last.end - first.begin;
  return totals;
}

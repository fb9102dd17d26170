/** Names of events, sentences about steps, and numbers as people read them. */

import type { EventView } from '../data/event';
import type { Run } from '../data/run';
import { TargetType } from '../data/chunk';

/** A length of time: `1.25 ms`. At most four digits. */
export function duration(ns: number): string {
  if (ns < 0) return `−${duration(-ns)}`;
  if (ns < 999.5) return `${Math.round(ns)} ns`;
  if (ns < 999_500) return `${digits(ns / 1e3)} µs`;
  if (ns < 999_500_000) return `${digits(ns / 1e6)} ms`;
  if (ns < 120e9) return `${digits(ns / 1e9)} s`;
  const seconds = Math.round(ns / 1e9);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function digits(value: number): string {
  const places = value < 10 ? 2 : value < 100 ? 1 : 0;
  return String(Number(value.toFixed(places)));
}

/** A count: `12,345`. */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** A number of things: `1 message`, `1,234 messages`. */
export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** The label of a target: of a channel, a lock, a thread, or a call site. */
export function targetLabel(run: Run, target: EventView['target']): string {
  if (!target) return '';
  switch (target.type) {
    case TargetType.channel:
      return run.channels[target.index]?.label ?? `channel ${target.index}`;
    case TargetType.primitive:
      return run.primitives[target.index]?.label ?? `lock ${target.index}`;
    case TargetType.thread:
      return threadName(run, target.index);
    default:
      return run.callsites[target.index]?.name ?? '';
  }
}

export function threadName(run: Run, thread: number): string {
  return run.threads[thread]?.name || `thread ${thread}`;
}

/** The name of an event, as on the timeline: `recv jobs (empty)`. */
export function eventName(run: Run, event: EventView): string {
  const { kind } = event;
  const label = targetLabel(run, event.target);
  if (kind.group === 'span') return label || kind.verb;
  if (kind.group === 'log') return event.text || label || kind.verb;
  const note = kind.note ? ` (${kind.note})` : '';
  return `${kind.verb}${label ? ` ${label}` : ''}${note}`;
}

/** One plain sentence about a step. */
export function sentence(run: Run, event: EventView): string {
  return `${threadName(run, event.thread)}: ${eventName(run, event)}.`;
}

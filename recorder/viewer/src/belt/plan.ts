/**
 * Which workers stand at which belts: columns of workers, with columns of belts between them.
 *
 * A worker stands to the right of the workers whose messages it receives, so that a pipeline reads
 * from left to right. In a circle the order of `run.threadOrder` decides; the belts that lead back
 * run from right to left.
 */

import type { ReportData, Run } from '../data/run';
import type { ChannelUse } from './uses';

export const MAX_WORKERS = 120;
export const MAX_BELTS = 60;

/** More channels with the same users than this, made at one place, take turns on one belt. */
const MAX_ALIKE = 3;

/** Maximum number of locks that are shown. */
const MAX_LOCKS = 24;

/** A belt: a channel, or several that the same threads use one after the other. */
export interface Slot {
  channels: number[];
  senders: number[];
  receivers: number[];
  bound: number | null;
  /** The most messages that are ever in the queue; `undefined` if that is not known (yet). */
  maxDepth: number | undefined;
  /** Whether it runs from left to right. */
  forward: boolean;
}

export interface Plan {
  /** Columns of workers, from left to right. */
  columns: number[][];
  /** `gaps[i]`: the belts to the right of column `i`. */
  gaps: Slot[][];
  /** Threads without channels. */
  bystanders: number[];
  locks: number[];
  /** What there is no room for. */
  hiddenThreads: number[];
  hiddenChannels: number[];
  hiddenLocks: number;
}

export function plan(
  run: Run,
  uses: ReadonlyMap<number, ChannelUse>,
  report?: ReportData,
): Plan {
  const all = slots(run, uses, report);
  const shown = all.slice(0, MAX_BELTS);
  const atBelts = new Set(shown.flatMap((slot) => [...slot.senders, ...slot.receivers]));
  const threads = [...run.threadOrder].sort((a, b) => Number(atBelts.has(b)) - Number(atBelts.has(a)));
  const hiddenThreads = threads.slice(MAX_WORKERS);
  const visible = new Set(threads.slice(0, MAX_WORKERS));
  for (const slot of shown) {
    slot.senders = slot.senders.filter((it) => visible.has(it));
    slot.receivers = slot.receivers.filter((it) => visible.has(it));
  }

  const level = levels(run, shown);
  const columns: number[][] = [];
  for (const thread of run.threadOrder) {
    if (!visible.has(thread) || !atBelts.has(thread)) continue;
    const at = level.get(thread) ?? 0;
    while (columns.length <= at) columns.push([]);
    columns[at].push(thread);
  }
  const gaps: Slot[][] = columns.map(() => []);
  for (const slot of shown) {
    const gap = place(slot, level);
    while (gaps.length <= gap) gaps.push([]);
    gaps[gap].push(slot);
  }
  while (gaps.length > columns.length) columns.push([]);

  const locks = run.primitives.map((_, index) => index).filter((it) => isLock(run.primitives[it].kind));
  return {
    columns,
    gaps,
    bystanders: run.threadOrder.filter((it) => visible.has(it) && !atBelts.has(it)),
    locks: locks.slice(0, MAX_LOCKS),
    hiddenThreads,
    hiddenChannels: all.slice(MAX_BELTS).flatMap((slot) => slot.channels),
    hiddenLocks: Math.max(locks.length - MAX_LOCKS, 0),
  };
}

function isLock(kind: string): boolean {
  return /mutex|rwlock|condvar|barrier/i.test(kind);
}

function slots(
  run: Run,
  uses: ReadonlyMap<number, ChannelUse>,
  report: ReportData | undefined,
): Slot[] {
  const groups = new Map<string, Slot>();
  const order: Slot[] = [];
  for (const [channel, use] of uses) {
    const { bound, place } = run.channels[channel];
    const maxDepth = report?.report.channels[channel]?.depth.max;
    const alone = { ...use, channels: [channel], bound, maxDepth, forward: true };
    const key = [use.senders.join(), use.receivers.join(), bound, place ?? `c${channel}`].join('|');
    const group = groups.get(key);
    if (group) {
      group.channels.push(channel);
      group.maxDepth = Math.max(group.maxDepth ?? 0, maxDepth ?? 0);
    } else {
      groups.set(key, alone);
      order.push(alone);
    }
  }
  return order.flatMap((slot) =>
    slot.channels.length > MAX_ALIKE
      ? [slot]
      : slot.channels.map((channel) => ({ ...slot, channels: [channel] })),
  );
}

/** The column of each thread: the longest way from a thread that receives nothing. */
function levels(run: Run, shown: readonly Slot[]): Map<number, number> {
  const rank = new Map(run.threadOrder.map((thread, i) => [thread, i]));
  const before = new Map<number, Set<number>>();
  for (const { senders, receivers } of shown) {
    for (const receiver of receivers) {
      for (const sender of senders) {
        if ((rank.get(sender) ?? 0) >= (rank.get(receiver) ?? 0)) continue;
        const known = before.get(receiver);
        if (known) known.add(sender);
        else before.set(receiver, new Set([sender]));
      }
    }
  }
  const level = new Map<number, number>();
  for (const thread of run.threadOrder) {
    let at = 0;
    for (const sender of before.get(thread) ?? []) at = Math.max(at, (level.get(sender) ?? 0) + 1);
    level.set(thread, at);
  }
  return level;
}

/** Returns the gap of a belt, and sets its direction. */
function place(slot: Slot, level: ReadonlyMap<number, number>): number {
  const at = (threads: number[]) => threads.map((it) => level.get(it) ?? 0);
  const senders = at(slot.senders);
  const receivers = at(slot.receivers);
  if (receivers.length === 0) return Math.max(0, ...senders);
  const firstReceiver = Math.min(...receivers);
  if (senders.length === 0) {
    slot.forward = firstReceiver > 0;
    return Math.max(firstReceiver - 1, 0);
  }
  const earlier = senders.filter((it) => it < firstReceiver);
  if (earlier.length > 0) return Math.max(...earlier);
  const lastReceiver = Math.max(...receivers);
  slot.forward = senders.every((it) => it <= lastReceiver) && firstReceiver === lastReceiver;
  // A thread that sends to itself, or to its neighbours in the column: the belt is beside it.
  return slot.forward && senders.some((it) => it > firstReceiver) ? firstReceiver : lastReceiver;
}

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
  /** The name of the first channel. */
  label: string;
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
    const { bound, label, place } = run.channels[channel];
    const maxDepth = report?.report.channels[channel]?.depth.max;
    const alone = { ...use, channels: [channel], label, bound, maxDepth, forward: true };
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
      : slot.channels.map((channel) => ({
          ...slot,
          channels: [channel],
          label: run.channels[channel].label,
        })),
  );
}

/** Threads that send and do not receive on the same channel, or all if there are none. */
function sources({ senders, receivers }: Slot): number[] {
  const others = senders.filter((it) => !receivers.includes(it));
  return others.length > 0 ? others : senders;
}

/** The column of each thread: the longest way from a thread that receives nothing. */
function levels(run: Run, shown: readonly Slot[]): Map<number, number> {
  const after = new Map<number, Set<number>>();
  for (const slot of shown) {
    for (const sender of sources(slot)) {
      const known = after.get(sender) ?? new Set();
      for (const receiver of slot.receivers) known.add(receiver);
      after.set(sender, known);
    }
  }
  // Circles are opened where they lead back in the order of the threads.
  const rank = new Map(run.threadOrder.map((thread, i) => [thread, i]));
  const ways = new Map<number, number[]>();
  for (const [from, to] of after) {
    const leadsBack = (it: number) => rank.get(it)! <= rank.get(from)! && reaches(after, it, from);
    ways.set(from, [...to].filter((it) => !leadsBack(it)));
  }
  const level = new Map<number, number>();
  for (const thread of inOrder(run.threadOrder, ways)) {
    const at = level.get(thread) ?? 0;
    level.set(thread, at);
    for (const to of ways.get(thread) ?? []) level.set(to, Math.max(level.get(to) ?? 0, at + 1));
  }
  return level;
}

/** Whether a way leads from one thread to another. */
function reaches(
  after: ReadonlyMap<number, ReadonlySet<number>>,
  from: number,
  wanted: number,
): boolean {
  const seen = new Set([from]);
  for (const thread of seen) {
    if (thread === wanted) return true;
    for (const next of after.get(thread) ?? []) seen.add(next);
  }
  return false;
}

/** Threads before those to which ways lead from them. There are no circles. */
function inOrder(threads: readonly number[], ways: ReadonlyMap<number, number[]>): number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  const visit = (thread: number) => {
    if (seen.has(thread)) return;
    seen.add(thread);
    for (const to of ways.get(thread) ?? []) visit(to);
    order.push(thread);
  };
  threads.forEach(visit);
  return order.reverse();
}

/** Returns the gap of a belt, and sets its direction. */
function place(slot: Slot, level: ReadonlyMap<number, number>): number {
  const at = (threads: number[]) => threads.map((it) => level.get(it) ?? 0);
  const senders = at(sources(slot));
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

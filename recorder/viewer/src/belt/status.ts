/** What a worker does, in a word for tests and styles, and in a few words for people. */

import { NONE, TargetType } from '../data/chunk';
import { Activity, type Run } from '../data/run';
import { count, targetLabel, threadName } from '../app/words';
import type { BeltPicture, BeltState, Wait, WorkerState } from './state';

/** The activities of waits, by the verb of their kind. */
const WAITS: Record<string, number> = {
  send: Activity.send,
  recv: Activity.recv,
  recv_timeout: Activity.recv,
  select: Activity.recv,
  lock: Activity.lock,
  read: Activity.lock,
  write: Activity.lock,
  wait: Activity.condvar,
  wait_timeout: Activity.condvar,
  barrier: Activity.barrier,
  initialize: Activity.initialize,
  join: Activity.join,
  scope: Activity.scope,
  park: Activity.park,
  park_timeout: Activity.park,
  sleep: Activity.asleep,
};

/** Length of a name in a status: the rest is in its tooltip. */
const MAX_LABEL = 16;

/** `Activity`, for threads that are alive. */
export function activityOf(run: Run, worker: WorkerState): number {
  if (worker.paused) return Activity.paused;
  if (!worker.wait) return Activity.running;
  return WAITS[run.kinds[worker.wait.kind]?.verb ?? ''] ?? Activity.running;
}

/** `absent`, `ended`, `panicked`, or the name of its activity, such as `waiting in recv`. */
export function stateName(run: Run, worker: WorkerState | undefined): string {
  if (!worker || worker.life !== 'alive') return worker?.life ?? 'absent';
  return run.activities[activityOf(run, worker)] ?? 'running';
}

/** What a worker does: `waits: jobs is empty`. `stuck`: it waits forever. */
export function statusOf(run: Run, picture: BeltPicture, thread: number, stuck = false): string {
  const worker = picture.workers.get(thread);
  if (!worker || worker.life === 'absent') return 'not started';
  if (worker.life !== 'alive') return worker.life;
  if (worker.paused) return 'not recorded';
  if (!worker.wait) return 'runs';
  if (worker.wait.returns) return 'hands over';
  const text = waitText(run, picture, worker.wait);
  return stuck ? text.replace(/^waits:? /, 'forever: ') : text;
}

/** The threads that wait to write what a thread wants to read, and others read: it cannot before they have. */
export function writersAhead(run: Run, picture: BeltPicture, wait: Wait): number[] {
  const verbOf = (it: Wait) => run.kinds[it.kind]?.verb;
  const holders = picture.locks.get(wait.target) ?? [];
  if (verbOf(wait) !== 'read' || !holders.every((it) => it.shared)) return [];
  const isAhead = (it: Wait | undefined) => it !== undefined && it.target === wait.target && verbOf(it) === 'write';
  return [...picture.workers].filter(([, it]) => isAhead(it.wait)).map(([thread]) => thread);
}

function waitText(run: Run, picture: BeltPicture, wait: Wait): string {
  // A line is not broken within a name, if possible.
  const label = shortened(targetLabel(run, targetOf(wait)), MAX_LABEL).replaceAll(' ', '\u00a0');
  const channel = wait.targetType === TargetType.channel ? run.channels[wait.target] : undefined;
  const isRendezvous = channel?.bound === 0;
  const depth = channel ? (picture.belts.get(wait.target)?.depth ?? 0) : 0;
  switch (WAITS[run.kinds[wait.kind]?.verb ?? '']) {
    case Activity.send:
      if (isRendezvous) return 'waits for a receiver';
      if (channel && channel.bound !== null && depth < channel.bound) return 'wakes up';
      return label ? `waits: ${label} is full` : 'waits to send';
    case Activity.recv:
      if (depth > 0) return 'wakes up';
      if (isRendezvous) return 'waits for a sender';
      return label ? `waits: ${label} is empty` : 'waits for a message';
    case Activity.lock: {
      const holders = picture.locks.get(wait.target) ?? [];
      const [first, ...others] = holders;
      if (!first) return `waits for ${label}`;
      const [writer] = writersAhead(run, picture, wait);
      if (writer !== undefined) return `waits behind ${shortened(threadName(run, writer), MAX_LABEL).replaceAll(' ', '\u00a0')}`;
      const name = shortened(threadName(run, first.thread), MAX_LABEL).replaceAll(' ', '\u00a0');
      return `waits: ${others.length > 0 ? `${count(holders.length)} threads have` : `${name} has`} ${label}`;
    }
    case Activity.join:
      return label ? `waits until ${label} ends` : 'waits for a thread';
    case Activity.scope:
      return 'waits for its threads';
    case Activity.park:
      return 'waits: parked';
    case Activity.asleep:
      return 'sleeps';
    case Activity.barrier:
      return `waits for others at ${label}`;
    default:
      return label ? `waits for ${label}` : 'waits';
  }
}

function targetOf({ targetType, target }: Wait) {
  return target === NONE ? undefined : { type: targetType, index: target };
}

/** How full a belt is: `2 of 2`, `17`. */
export function fullness(bound: number | null, belt: BeltState | undefined): string {
  const depth = belt?.depth ?? 0;
  if (bound === null || bound === 0) return count(depth);
  return `${count(depth)} of ${count(bound)}`;
}

/** Text in one line of about `columns` characters, or in two of about the same length. */
export function wrapText(text: string, columns: number, lines: number): string[] {
  if (text.length <= columns || lines === 1) return [shortened(text, columns)];
  const cut =
    middleSpace(text, / /g, columns) ??
    middleSpace(text, /\s/g, columns + 2) ??
    (text.lastIndexOf(' ', columns) > 0 ? text.lastIndexOf(' ', columns) : columns);
  return [text.slice(0, cut), shortened(text.slice(cut).trimStart(), columns + 2)];
}

/** The space nearest to the middle; both lines have at most `columns` characters. */
function middleSpace(text: string, space: RegExp, columns: number): number | undefined {
  const cuts = [...text.matchAll(space)].map((it) => it.index);
  const fitting = cuts.filter((it) => it <= columns && text.length - it - 1 <= columns);
  const fromMiddle = (it: number) => Math.abs(it - text.length / 2);
  return fitting.sort((a, b) => fromMiddle(a) - fromMiddle(b))[0];
}

/** A status of one or two words, where there is no room for names. */
export function briefStatusOf(run: Run, picture: BeltPicture, thread: number): string {
  const text = statusOf(run, picture, thread);
  const brief = picture.workers.get(thread)?.wait && /full$|empty$/.exec(text);
  return brief ? `waits: ${brief[0]}` : text;
}

export function shortened(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(columns - 1, 1))}…`;
}

/** The same, with the end of the text: labels often differ there. */
export function shortenedInside(text: string, columns: number): string {
  const tail = columns < 18 ? 5 : 9;
  if (text.length <= columns || columns < 2 * tail) return shortened(text, columns);
  return `${text.slice(0, columns - tail - 1).trimEnd()}…${text.slice(-tail)}`;
}

/** A tuple without its marks: `("anna", 1)` as `anna 1`. */
export function withoutMarks(value: string): string {
  return /^\(.+\)$/.test(value) ? value.slice(1, -1).replaceAll('"', '').replaceAll(', ', ' ') : value;
}

/** A value of which `length` characters are shown. Numbers that follow each other differ at their ends. */
export function cutValue(value: string, length: number): string {
  if (/^\d+$/.test(value)) return `…${value.slice(value.length - length)}`;
  const [, end = ''] = /\D( \d{1,3})$/.exec(value) ?? [];
  const start = length - end.length;
  return start > 0 ? `${value.slice(0, start)}…${end}` : `${value.slice(0, length)}…`;
}

/**
 * The state of a run after a step: what workers do, what lies on belts, who holds locks.
 *
 * It follows from the chunk that contains the step alone, so that a step forward, a step back and a
 * jump lead to the same picture. What a chunk has at its start is its keyframe; its events up to the
 * step change it.
 */

import { type Chunk, type OpenWait, NONE, TargetType } from '../data/chunk';
import type { Kind, Run } from '../data/run';

export type Life = 'absent' | 'alive' | 'ended' | 'panicked';

/** What a thread waits for. */
export interface Wait {
  /** Index into `run.kinds`. */
  kind: number;
  /** Whether it is a send that has handed its message over, and has not returned. */
  returns?: boolean;
  since: number;
  targetType: number;
  target: number;
  timeout?: number;
}

/** A message in the hands of a thread: received last, or in a send that waits. */
export interface HeldMessage {
  channel: number;
  /** `NONE` if the message of a send that waits is not known. */
  number: number;
  /** Whether it is received, and not about to be sent. */
  received: boolean;
}

export interface WorkerState {
  life: Life;
  wait?: Wait;
  /** Whether the recording of its process is paused. */
  paused: boolean;
  /** The place of its latest event in the chunk, or of its wait; `NONE` if there is none. */
  place: number;
  /** The step of its latest event in the chunk. */
  step?: number;
  held?: HeldMessage;
}

export interface BeltState {
  /** Whether the channel has been made. */
  made: boolean;
  sent: number;
  received: number;
  /** Number of messages in the queue. */
  depth: number;
  /** Numbers of live endpoints. */
  senders: number;
  receivers: number;
  /** The lowest number that is not received. */
  first: number;
  /** Higher numbers that are received already. */
  overtaken: ReadonlySet<number>;
}

export interface LockHolder {
  thread: number;
  shared: boolean;
}

/** The event of the step, as far as it moves something. */
export interface Move {
  channel: number;
  number: number;
  thread: number;
  sends: boolean;
}

export interface BeltPicture {
  step: number;
  /** The time of the step, at the end of its event. */
  time: number;
  /** The thread of the event. */
  thread: number;
  kind: Kind;
  /** By thread. Threads that are left out are absent. */
  workers: ReadonlyMap<number, Readonly<WorkerState>>;
  /** By channel. Channels that are left out have not been made. */
  belts: ReadonlyMap<number, Readonly<BeltState>>;
  /** By primitive. */
  locks: ReadonlyMap<number, readonly LockHolder[]>;
  move?: Move;
}

/** Threads that have begun before a chunk. */
export type BegunBefore = ReadonlySet<number> | undefined;

/**
 * The state after `step`, which must be in `chunk`. `begun` distinguishes threads that ended before
 * the chunk from those that start later.
 */
export function stateAt(run: Run, chunk: Chunk, step: number, begun?: BegunBefore): BeltPicture {
  const replay = new ChunkReplay(run, chunk, begun);
  const last = Math.min(Math.max(step - chunk.firstStep, 0), chunk.length - 1);
  for (let i = 0; i <= last; i += 1) replay.apply(i);
  return replay.picture(last);
}

/** The time at which an event is over. */
export function endOf(chunk: Chunk, i: number): number {
  return chunk.time[i] + Math.max(chunk.duration[i], 0);
}

/**
 * Whether a step changes the picture. The end of a wait does not: the operation that had waited
 * follows it. A sleep ends without an operation.
 */
export function isShown(kind: Kind): boolean {
  return !(kind.group === 'returning' || (kind.group === 'wait' && kind.verb !== 'sleep'));
}

/** The messages of a belt, the oldest first. */
export interface Queue {
  /**
   * Messages that must have been taken off, because the belt has no more room, though no receive has
   * been recorded: the time of a receive is taken after it.
   */
  leaving: number[];
  /** Messages on the belt. */
  waiting: number[];
}

/** Numbers of messages, at most `limit` of each kind. */
export function queueOf(belt: BeltState, limit: number): Queue {
  const leaving: number[] = [];
  const waiting: number[] = [];
  let spare = Math.max(belt.sent - belt.first + 1 - belt.overtaken.size - belt.depth, 0);
  const wanted = Math.min(limit, belt.depth);
  for (let n = belt.first; n <= belt.sent && waiting.length < wanted; n += 1) {
    if (belt.overtaken.has(n)) continue;
    if (spare === 0) {
      waiting.push(n);
      continue;
    }
    spare -= 1;
    if (leaving.length < limit) leaving.push(n);
  }
  return { leaving, waiting };
}

type Worker = WorkerState;
type Belt = BeltState & { overtaken: Set<number> };

class ChunkReplay {
  private readonly workers = new Map<number, Worker>();
  private readonly belts = new Map<number, Belt>();
  /** By thread: the event after the start of its latest wait. */
  private readonly waitsFrom = new Map<number, number>();
  /** By thread: its latest event, if that is a send. */
  private readonly sentAt = new Map<number, number>();

  constructor(
    private readonly run: Run,
    private readonly chunk: Chunk,
    begun: BegunBefore,
  ) {
    for (const thread of begun ?? []) {
      const panicked = run.threads[thread]?.outcome === 'panicked';
      this.worker(thread).life = panicked ? 'panicked' : 'ended';
    }
    for (const thread of chunk.alive) this.worker(thread).life = 'alive';
    for (const at of chunk.channels) {
      this.belts.set(at.channel, {
        made: true,
        sent: at.sent,
        received: at.received,
        depth: at.depth,
        senders: at.senders,
        receivers: at.receivers,
        first: at.received + 1,
        overtaken: new Set(),
      });
    }
    for (const wait of chunk.waiting) this.beginWait(wait.thread, wait, wait.place, 0);
  }

  apply(i: number): void {
    const { chunk } = this;
    const kind = this.kindOf(i);
    const thread = chunk.thread[i];
    const worker = this.worker(thread);
    if (kind.send && isTransfer(kind)) this.sentAt.set(thread, i);
    else this.sentAt.delete(thread);
    if (worker.life === 'absent') worker.life = 'alive';
    worker.step = chunk.firstStep + i;
    if (chunk.place[i] !== NONE) worker.place = chunk.place[i];

    if (kind.group === 'waitBegan') {
      const timeout = chunk.timeout[i];
      const wait = {
        kind: chunk.kind[i],
        since: chunk.time[i],
        targetType: chunk.targetType[i],
        target: chunk.target[i],
        timeout: timeout === NONE ? undefined : timeout,
      };
      this.beginWait(thread, wait, chunk.place[i], i + 1);
      return;
    }
    worker.wait = undefined;
    if (kind.group === 'wait') return;
    if (kind.category === 'channel') this.channelEvent(i, kind, worker);
    else if (kind.category === 'thread') this.threadEvent(thread, kind, worker);
  }

  picture(i: number): BeltPicture {
    const { chunk } = this;
    this.completeSends();
    const kind = this.kindOf(i);
    const time = endOf(chunk, i);
    const channel = this.channelOf(i);
    const number = chunk.message[i];
    let move: Move | undefined;
    if (channel !== NONE && number !== NONE && isTransfer(kind)) {
      move = { channel, number, thread: chunk.thread[i], sends: kind.send };
    }
    return {
      step: chunk.firstStep + i,
      time,
      thread: chunk.thread[i],
      kind,
      workers: this.workers,
      belts: this.belts,
      locks: holders(chunk, time),
      move,
    };
  }

  private worker(thread: number): Worker {
    let worker = this.workers.get(thread);
    if (!worker) {
      worker = { life: 'absent', paused: false, place: NONE };
      this.workers.set(thread, worker);
    }
    return worker;
  }

  private belt(channel: number): Belt {
    let belt = this.belts.get(channel);
    if (!belt) {
      const none = { sent: 0, received: 0, depth: 0, senders: 0, receivers: 0, first: 1 };
      belt = { made: true, ...none, overtaken: new Set() };
      this.belts.set(channel, belt);
    }
    return belt;
  }

  private channelOf(i: number): number {
    return this.chunk.targetType[i] === TargetType.channel ? this.chunk.target[i] : NONE;
  }

  private beginWait(thread: number, wait: Wait | OpenWait, place: number, next: number): void {
    const { kind, since, targetType, target, timeout } = wait;
    const worker = this.worker(thread);
    worker.life = 'alive';
    worker.wait = { kind, since, targetType, target, timeout };
    if (place !== NONE) worker.place = place;
    worker.held = undefined;
    this.waitsFrom.set(thread, next);
  }

  /** Adds to sends that wait what they send, and finds those that have not returned yet. */
  private completeSends(): void {
    for (const [thread, worker] of this.workers) {
      const sent = this.sentAt.get(thread);
      if (!worker.wait && sent !== undefined) {
        const next = this.nextOf(thread, sent + 1);
        if (next !== undefined && this.kindOf(next).group === 'returning') {
          const { kind, time, targetType, target } = this.chunk;
          const of = { targetType: targetType[next], target: target[next] };
          worker.wait = { kind: kind[next], since: time[sent], returns: true, ...of };
        }
        continue;
      }
      const { wait } = worker;
      if (wait?.targetType !== TargetType.channel || this.run.kinds[wait.kind]?.verb !== 'send') {
        continue;
      }
      const number = this.nextSent(thread, wait.target, this.waitsFrom.get(thread) ?? 0);
      worker.held = { channel: wait.target, number, received: false };
    }
  }

  /** The number of the message that a thread sends next on a channel, from event `from` on. */
  private nextSent(thread: number, channel: number, from: number): number {
    let i = this.nextOf(thread, from);
    if (i !== undefined && this.kindOf(i).group === 'wait') i = this.nextOf(thread, i + 1);
    if (i === undefined) return NONE;
    const kind = this.kindOf(i);
    const isIt = kind.send && isTransfer(kind) && this.channelOf(i) === channel;
    return isIt ? this.chunk.message[i] : NONE;
  }

  /** The next event of a thread, from event `from` on. */
  private nextOf(thread: number, from: number): number | undefined {
    const { chunk } = this;
    for (let i = from; i < chunk.length; i += 1) if (chunk.thread[i] === thread) return i;
    return undefined;
  }

  private kindOf(i: number): Kind {
    return this.run.kinds[this.chunk.kind[i]];
  }

  private channelEvent(i: number, kind: Kind, worker: Worker): void {
    const channel = this.channelOf(i);
    if (kind.group === 'operation') worker.held = undefined;
    if (channel === NONE) return;
    const belt = this.belt(channel);
    switch (kind.group) {
      case 'channelCreated':
        belt.senders += 1;
        belt.receivers += 1;
        break;
      case 'senderCloned':
        belt.senders += 1;
        break;
      case 'receiverCloned':
        belt.receivers += 1;
        break;
      case 'senderDropped':
        belt.senders = Math.max(belt.senders - 1, 0);
        break;
      case 'receiverDropped':
        belt.receivers = Math.max(belt.receivers - 1, 0);
        break;
      case 'operation':
        if (isTransfer(kind)) this.transfer(i, kind, worker, channel, belt);
        break;
      default:
    }
  }

  private transfer(i: number, kind: Kind, worker: Worker, channel: number, belt: Belt): void {
    const { chunk } = this;
    const number = chunk.message[i];
    const depth = chunk.depth[i];
    if (kind.send) {
      belt.sent = Math.max(belt.sent + 1, number);
      belt.depth = depth === NONE ? belt.depth + 1 : depth;
    } else {
      belt.received += 1;
      if (number !== NONE) {
        take(belt, number);
        worker.held = { channel, number, received: true };
      }
      belt.depth = depth === NONE ? Math.max(belt.depth - 1, 0) : depth;
    }
  }

  private threadEvent(thread: number, kind: Kind, worker: Worker): void {
    if (kind.group === 'threadEnded') {
      worker.life = kind.note === 'panicked' ? 'panicked' : 'ended';
      worker.held = undefined;
    } else if (kind.group === 'paused' || kind.group === 'resumed') {
      const { process } = this.run.threads[thread];
      this.run.threads.forEach((facts, other) => {
        if (facts.process === process) this.worker(other).paused = kind.group === 'paused';
      });
    }
  }
}

/** Whether an event of this kind puts a message on a belt or takes one off it. */
function isTransfer(kind: Kind): boolean {
  return kind.ending === 'transferred' || kind.ending === 'sendNotRecorded';
}

/** A message is received. Receives of several threads may be recorded out of order. */
function take(belt: Belt, number: number): void {
  if (number > belt.first) belt.overtaken.add(number);
  else if (number === belt.first) belt.first += 1;
  while (belt.overtaken.delete(belt.first)) belt.first += 1;
}

/** Who holds locks at a time, by primitive. */
function holders(chunk: Chunk, time: number): Map<number, LockHolder[]> {
  const { holds } = chunk;
  const found = new Map<number, LockHolder[]>();
  for (let i = 0; i < holds.length; i += 1) {
    const goesOn = (holds.flags[i] & 2) !== 0;
    const holdsNow = holds.begin[i] <= time && (time < holds.end[i] || (goesOn && time === holds.end[i]));
    if (!holdsNow) continue;
    const holder = { thread: holds.thread[i], shared: (holds.flags[i] & 1) !== 0 };
    const known = found.get(holds.primitive[i]);
    if (!known) found.set(holds.primitive[i], [holder]);
    else if (!known.some((it) => it.thread === holder.thread)) known.push(holder);
  }
  return found;
}

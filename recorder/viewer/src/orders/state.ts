/**
 * What lies on belts and who holds locks after some moves, in any order of them.
 *
 * It follows from the effects of the moves that were made, one after the other, and from the threads
 * that cannot go on now.
 */

import type { BeltPicture, BeltState, LockHolder, WorkerState } from '../belt/state';
import type { ChannelUse } from '../belt/uses';
import { messageKey } from '../belt/loads';
import { NONE, TargetType } from '../data/chunk';
import { Activity, type Kind, type Run } from '../data/run';
import type { Effect, Move, OrdersDocument, Target } from './document';
import { type Meeting, Meetings } from './meetings';

/** What a thread does next, and whether it can. */
export interface Prospect {
  readonly thread: number;
  readonly move: Move;
  readonly canGo: boolean;
}

/** The program as the belt knows it. */
export function runOf(document: OrdersDocument): Run {
  const { threads, channels, primitives, program } = document;
  const verbs = [...new Set(document.moves.flatMap(({ wait }) => (wait ? [wait.verb] : [])))];
  const kinds = verbs.map((verb): Kind => {
    const category = /send|recv/.test(verb) ? 'channel' : 'primitive';
    return { group: 'waitBegan', verb, category, send: verb === 'send', receive: /recv/.test(verb) };
  });
  const activities: string[] = [];
  for (const [name, index] of Object.entries(Activity)) {
    const waits = index !== Activity.running && index !== Activity.asleep;
    activities[index] = waits ? `waiting in ${name}` : name;
  }
  return {
    version: 0,
    name: program,
    command: program,
    duration: 0,
    completeFrom: 0,
    incomplete: false,
    dropped: 0,
    damage: [],
    processes: [{ name: program }],
    threads: threads.map((name) => ({ name, process: 0 })),
    channels: channels.map(({ label, bound }) => ({ label, bound, type: '', process: 0 })),
    primitives: primitives.map(({ label, kind }) => ({ label, kind, type: '', process: 0 })),
    endpoints: [],
    callsites: [],
    places: [],
    threadOrder: threads.map((_, i) => i),
    channelOrder: channels.map((_, i) => i),
    kinds,
    activities,
  };
}

/** Which threads send and receive on which channels, in any order. */
export function usesOf(document: OrdersDocument): Map<number, ChannelUse> {
  const uses = new Map<number, ChannelUse>();
  const add = (channel: number, thread: number, sends: boolean) => {
    const use = uses.get(channel) ?? { senders: [], receivers: [] };
    const side = sends ? use.senders : use.receivers;
    if (!side.includes(thread)) side.push(thread);
    uses.set(channel, use);
  };
  for (const { thread, wait, effects } of document.moves) {
    for (const effect of effects) {
      const sends = sentIn(effect);
      if (sends) add(sends.channel, thread, true);
      if ('receive' in effect) add(effect.receive.channel, thread, false);
      if ('take' in effect) add(effect.take.channel, thread, false);
    }
    if (wait && typeof wait.on === 'object' && 'channel' in wait.on) {
      add(wait.on.channel, thread, wait.verb === 'send');
    }
  }
  for (const { senders, receivers } of uses.values()) {
    senders.sort((a, b) => a - b);
    receivers.sort((a, b) => a - b);
  }
  return new Map([...uses].sort(([a], [b]) => a - b));
}

/** By thread: the move after which it is blocked, until another thread comes to it. */
export function blockedAfter(moves: readonly Move[]): Map<number, Move> {
  const meetings = new Meetings();
  const last = new Map<number, Move>();
  const writers = new Set<number>();
  for (const move of moves) {
    last.set(move.thread, move);
    meetings.add(move);
    for (const effect of move.effects) {
      if ('queue' in effect) writers.add(move.thread);
      else if ('handOver' in effect) writers.delete(effect.handOver.thread);
    }
  }
  return new Map([...writers, ...meetings.threads()].map((thread) => [thread, last.get(thread)!]));
}

/** The values of messages, as far as they are recorded. */
export function valuesOf(document: OrdersDocument, moves: readonly Move[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const { effects } of moves.length > 0 ? moves : document.moves) {
    for (const effect of effects) {
      const sends = sentIn(effect);
      if (sends && sends.value !== null) values.set(messageKey(sends.channel, sends.message), sends.value);
    }
  }
  return values;
}

/** The message that a thread sends, or offers. */
function sentIn(effect: Effect) {
  if ('send' in effect) return effect.send;
  return 'offer' in effect ? effect.offer : undefined;
}

type Belt = { -readonly [Key in keyof BeltState]: BeltState[Key] };

/**
 * The picture after these moves. `prospects` has what each thread does next; `undefined` once the program
 * has ended before all of it was done.
 */
export function pictureOf(
  document: OrdersDocument,
  run: Run,
  moves: readonly Move[],
  prospects: readonly Prospect[] | undefined,
): BeltPicture {
  const workers = new Map<number, WorkerState>();
  const worker = (thread: number) => {
    let it = workers.get(thread);
    if (!it) workers.set(thread, (it = { life: 'absent', paused: false, place: NONE }));
    return it;
  };
  worker(0).life = 'alive';
  const belts = new Map<number, Belt>(
    document.channels.map(({ senders }, channel) => [
      channel,
      { made: true, sent: 0, received: 0, depth: 0, senders, receivers: 1, first: 1, overtaken: new Set() },
    ]),
  );
  const locks = new Map<number, LockHolder[]>();
  const meetings = new Meetings();
  let moved: BeltPicture['move'];

  const receive = (belt: Belt, channel: number, message: number, thread: number) => {
    belt.received += 1;
    belt.first = belt.received + 1;
    belt.depth = Math.max(belt.sent - belt.received, 0);
    moved = { channel, number: message, thread, sends: false };
    worker(thread).held = { channel, number: message, received: true };
  };
  const apply = (thread: number, effect: Effect, meeting: Meeting | undefined) => {
    const me = worker(thread);
    if ('send' in effect) {
      const { channel, message } = effect.send;
      const belt = belts.get(channel)!;
      belt.sent += 1;
      belt.depth = Math.max(belt.sent - belt.received, 0);
      moved = { channel, number: message, thread, sends: true };
    } else if ('receive' in effect) {
      const { channel, message } = effect.receive;
      receive(belts.get(channel)!, channel, message, thread);
    } else if ('offer' in effect || 'take' in effect) {
      if (meeting) {
        const belt = belts.get(meeting.channel)!;
        // The sender has had it until now.
        worker(meeting.sender).held = undefined;
        belt.sent += 1;
        receive(belt, meeting.channel, meeting.message, meeting.receiver);
      } else if ('offer' in effect) {
        const { channel, message } = effect.offer;
        me.held = { channel, number: message, received: false };
      }
    } else if ('cloneSender' in effect) {
      belts.get(effect.cloneSender.channel)!.senders += 1;
    } else if ('dropSender' in effect) {
      const belt = belts.get(effect.dropSender.channel)!;
      belt.senders = Math.max(belt.senders - 1, 0);
    } else if ('dropReceiver' in effect) {
      belts.get(effect.dropReceiver.channel)!.receivers = 0;
    } else if ('hold' in effect) {
      const { primitive, shared } = effect.hold;
      const others = (locks.get(primitive) ?? []).filter((it) => it.thread !== thread);
      locks.set(primitive, [...others, { thread, shared }]);
    } else if ('release' in effect) {
      const { primitive } = effect.release;
      locks.set(primitive, (locks.get(primitive) ?? []).filter((it) => it.thread !== thread));
    } else if ('handOver' in effect) {
      const { primitive, thread: writer } = effect.handOver;
      locks.set(primitive, [{ thread: writer, shared: false }]);
    } else if ('queue' in effect) {
      // It has nothing yet.
    } else if ('spawn' in effect) {
      worker(effect.spawn.thread).life = 'alive';
    } else if ('panic' in effect) {
      me.life = 'panicked';
    } else {
      if (me.life !== 'panicked') me.life = 'ended';
      me.held = undefined;
    }
  };
  for (const move of moves) {
    moved = undefined;
    worker(move.thread).held = undefined;
    const meeting = meetings.add(move);
    for (const effect of move.effects) apply(move.thread, effect, meeting);
  }
  // The threads end with the program.
  if (!prospects) for (const me of workers.values()) if (me.life === 'alive') me.life = 'ended';
  for (const { thread, move, canGo } of prospects ?? []) {
    const me = worker(thread);
    if (canGo || me.life !== 'alive' || !move.wait) continue;
    const { verb, on } = move.wait;
    const kind = run.kinds.findIndex((it) => it.verb === verb);
    me.wait = { kind, since: 0, ...targetOf(on) };
    // It offers its message already.
    if (me.held && !me.held.received) continue;
    const sends = move.effects.map(sentIn).find((it) => it !== undefined);
    if (sends) {
      me.held = { channel: sends.channel, number: sends.message, received: false };
    } else if (verb === 'send' && typeof on === 'object' && 'channel' in on) {
      // It is never sent, so nothing is known of it.
      me.held = { channel: on.channel, number: NONE, received: false };
    }
  }
  return {
    step: moves.length,
    time: moves.length,
    thread: moves.at(-1)?.thread ?? NONE,
    kind: { group: 'operation', verb: '', category: 'channel', send: false, receive: false },
    workers,
    belts,
    locks,
    move: moved,
  };
}

function targetOf(target: Target): { targetType: number; target: number } {
  if (target === 'nothing') return { targetType: NONE, target: NONE };
  if ('channel' in target) return { targetType: TargetType.channel, target: target.channel };
  if ('primitive' in target) return { targetType: TargetType.primitive, target: target.primitive };
  return { targetType: TargetType.thread, target: target.thread };
}

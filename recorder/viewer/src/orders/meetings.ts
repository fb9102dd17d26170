/**
 * Who meets whom at rendezvous channels.
 *
 * A message is passed on once a sender and a receiver are both there, whoever comes first. Senders that
 * wait are served in turn.
 */

import type { Effect, Move } from './document';

/** A message is passed on. */
export interface Meeting {
  readonly channel: number;
  readonly message: number;
  readonly sender: number;
  readonly receiver: number;
}

/** A thread that waits for the other end. */
interface Waiting {
  readonly thread: number;
  /** `undefined` for a receiver. */
  readonly message: number | undefined;
}

export class Meetings {
  /** By channel: those that wait, all on the same side. */
  private readonly waiting = new Map<number, Waiting[]>();

  /** A thread comes to a channel, if this is the effect. Returns the meeting if another one waits there. */
  come(thread: number, effect: Effect): Meeting | undefined {
    const { channel, message } = arrivalIn(effect) ?? {};
    if (channel === undefined) return undefined;
    const all = this.waiting.get(channel) ?? [];
    this.waiting.set(channel, all);
    const [first] = all;
    if (!first || (first.message === undefined) === (message === undefined)) {
      all.push({ thread, message });
      return undefined;
    }
    all.shift();
    return message === undefined
      ? { channel, message: first.message!, sender: first.thread, receiver: thread }
      : { channel, message, sender: thread, receiver: first.thread };
  }

  /** The threads that wait. */
  threads(): number[] {
    return [...this.waiting.values()].flat().map((it) => it.thread);
  }
}

/** The meeting in the last move. */
export function lastMeeting(moves: readonly Move[]): Meeting | undefined {
  const meetings = new Meetings();
  let last: Meeting | undefined;
  for (const { thread, effects } of moves) {
    last = undefined;
    for (const effect of effects) last = meetings.come(thread, effect) ?? last;
  }
  return last;
}

function arrivalIn(effect: Effect): { channel: number; message: number | undefined } | undefined {
  if ('offer' in effect) return effect.offer;
  return 'take' in effect ? { channel: effect.take.channel, message: undefined } : undefined;
}

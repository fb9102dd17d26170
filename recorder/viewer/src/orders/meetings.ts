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
  private readonly waiting = new Map<number, readonly Waiting[]>();

  /** Adds a move. Returns the meeting in it, if another thread waited for this one. */
  add({ thread, effects }: Move): Meeting | undefined {
    // If it waited, it goes on: without a meeting if the other end is gone.
    for (const [channel, all] of this.waiting) this.waiting.set(channel, all.filter((it) => it.thread !== thread));
    const arrival = effects.map(arrivalIn).find((it) => it !== undefined);
    if (!arrival) return undefined;
    const { channel, message } = arrival;
    const [first, ...others] = this.waiting.get(channel) ?? [];
    if (!first || (first.message === undefined) === (message === undefined)) {
      this.waiting.set(channel, [...(this.waiting.get(channel) ?? []), { thread, message }]);
      return undefined;
    }
    this.waiting.set(channel, others);
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
  return moves.map((move) => meetings.add(move)).at(-1);
}

function arrivalIn(effect: Effect): { channel: number; message: number | undefined } | undefined {
  if ('offer' in effect) return effect.offer;
  return 'take' in effect ? { channel: effect.take.channel, message: undefined } : undefined;
}

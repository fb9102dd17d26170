/**
 * The journey of a message: the messages that led to it, itself, and what followed from it.
 *
 * A thread that receives a message and then sends others causes them. The journey follows the causes
 * back to a message that a thread sent by itself, and forward along the first message of each thread.
 */

import { NONE, TargetType } from '../data/chunk';
import type { EventView } from '../data/event';
import type { Model } from '../data/model';

export interface MessageId {
  channel: number;
  number: number;
}

/** A message on its way from a thread to a thread. */
export interface Hop extends MessageId {
  value?: string;
  /** Undefined if they are not recorded, or did not happen. */
  sent?: EventView;
  received?: EventView;
  /** Messages that its receiver sent because of it, the first `MAX_CONSEQUENCES`. */
  caused: MessageId[];
  /** Number of these that are left out; NaN if not all have been counted. */
  more: number;
}

export interface Journey {
  /** In the order of time. */
  hops: Hop[];
  /** Index of the message itself. */
  selected: number;
  /** Whether there are earlier or later messages that are left out. */
  cutBefore: boolean;
  cutAfter: boolean;
}

export const MAX_CONSEQUENCES = 12;
/** Messages before and after the selected one. */
const MAX_HOPS = 40;
/** Chunks in which consequences are searched. */
const MAX_CHUNKS = 16;

export async function journeyOf(model: Model, id: MessageId, near?: number): Promise<Journey> {
  const own = await hop(model, id, near);
  const before: Hop[] = [];
  let first = own;
  while (before.length < MAX_HOPS) {
    const cause = await causeOf(model, first);
    if (!cause || before.some((it) => same(it, cause))) break;
    // It is shown with the message that is followed, whatever else it caused.
    first = await hop(model, cause, first.sent?.step);
    before.unshift(first);
  }
  const after: Hop[] = [];
  let last = own;
  while (after.length < MAX_HOPS && last.caused.length > 0) {
    const next = last.caused[0];
    last = await hop(model, next, last.received?.step);
    after.push(last);
  }
  return {
    hops: [...before, own, ...after],
    selected: before.length,
    cutBefore: before.length === MAX_HOPS,
    cutAfter: after.length === MAX_HOPS && last.caused.length > 0,
  };
}

export function same(a: MessageId, b: MessageId): boolean {
  return a.channel === b.channel && a.number === b.number;
}

/** The message that an event sends or receives. */
export function messageOf(event: EventView): MessageId | undefined {
  if (event.message === undefined || event.target?.type !== TargetType.channel) return undefined;
  return { channel: event.target.index, number: event.message };
}

async function hop(model: Model, { channel, number }: MessageId, near?: number): Promise<Hop> {
  const steps = await model.message(channel, number, near);
  const sent = steps.sent === undefined ? undefined : await model.event(steps.sent);
  const received = steps.received === undefined ? undefined : await model.event(steps.received);
  const value = sent?.text ?? received?.text;
  const { caused, more } = received ? await consequences(model, received) : { caused: [], more: 0 };
  return { channel, number, value, sent, received, caused, more };
}

async function causeOf(model: Model, { sent }: Hop): Promise<MessageId | undefined> {
  if (sent?.cause === undefined) return undefined;
  const step = await model.find(sent.thread, sent.cause);
  if (step === undefined) return undefined;
  // Several events of a thread can have the same time.
  const { kinds } = model.run;
  const chunk = await model.chunk(model.chunkOf(step));
  for (let i = step - chunk.firstStep; i < chunk.length && chunk.time[i] <= sent.cause; i += 1) {
    const isReceive = kinds[chunk.kind[i]].group === 'operation' && !kinds[chunk.kind[i]].send;
    if (chunk.thread[i] === sent.thread && isReceive && chunk.message[i] !== NONE) {
      return { channel: chunk.target[i], number: chunk.message[i] };
    }
  }
  return messageOf(await model.event(step));
}

/** What the receiver of a message sent before it received the next one. */
async function consequences(
  model: Model,
  received: EventView,
): Promise<{ caused: MessageId[]; more: number }> {
  const { kinds } = model.run;
  const caused: MessageId[] = [];
  let more = 0;
  let step = received.step + 1;
  for (let chunks = 0; chunks < MAX_CHUNKS && step < model.index.steps; chunks += 1) {
    const chunk = await model.chunk(model.chunkOf(step));
    for (let i = step - chunk.firstStep; i < chunk.length; i += 1) {
      if (chunk.thread[i] !== received.thread) continue;
      const kind = kinds[chunk.kind[i]];
      if (kind.group === 'threadEnded') return { caused, more };
      if (kind.group !== 'operation' || chunk.message[i] === NONE) continue;
      if (!kind.send) return { caused, more };
      if (chunk.cause[i] !== received.time) continue;
      if (caused.length < MAX_CONSEQUENCES) {
        caused.push({ channel: chunk.target[i], number: chunk.message[i] });
      } else {
        more += 1;
      }
    }
    if (chunk.length === 0) break;
    step = chunk.firstStep + chunk.length;
  }
  return { caused, more: step < model.index.steps ? Number.NaN : more };
}

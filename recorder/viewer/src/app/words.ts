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

/** A value or another text of the program, shortened and in quotes, unless it has some. */
export function quoted(text: string, max = 60): string {
  const characters = [...text.replace(/\s+/g, ' ')];
  const short = characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : characters.join('');
  return /^".*["…]$/.test(short) ? short : `“${short}”`;
}

/** A label in a sentence: in quotes if it has several words. */
function named(label: string): string {
  return label.includes(' ') ? `“${label}”` : label;
}

/** A message: `message 7 (“job 7”)`. */
function messageName({ message, text }: EventView): string {
  const number = message === undefined ? 'a message' : `message ${count(message)}`;
  return text === undefined ? number : `${number} (${quoted(text)})`;
}

/** One plain sentence about a step. */
export function sentence(run: Run, event: EventView): string {
  return `${threadName(run, event.thread)} ${clause(run, event)}.`;
}

function clause(run: Run, event: EventView): string {
  const { target } = event;
  const plain = targetLabel(run, target);
  const label = target?.type === TargetType.thread ? plain : named(plain);
  switch (event.kind.group) {
    case 'operation':
      return operation(run, event, label);
    case 'waitBegan':
      return `starts to ${waitFor(run, event, label)}`;
    case 'wait': {
      const [verb, ...rest] = waitFor(run, event, label).split(' ');
      const past = verb === 'wait' ? 'waited' : verb === 'sleep' ? 'slept' : `${verb}ed`;
      return [past, event.duration === undefined ? '' : duration(event.duration), ...rest]
        .filter(Boolean)
        .join(' ');
    }
    case 'returning':
      return `returned from its ${event.kind.verb} to ${label}, ${lasted(event)} after the message was received`;
    case 'channelCreated':
      return `made the channel ${label}${boundOf(run, event)}`;
    case 'senderCloned':
      return `cloned a sender of ${label}`;
    case 'receiverCloned':
      return `cloned a receiver of ${label}`;
    case 'senderDropped':
      return `dropped a sender of ${label}`;
    case 'receiverDropped':
      return `dropped the receiver of ${label}`;
    case 'threadStarted':
      return event.from ? `started, spawned by ${threadName(run, event.from.thread)}` : 'started';
    case 'threadEnded':
      return event.kind.note === 'panicked' ? 'ended because of its panic' : 'ended';
    case 'panicked':
      return event.text ? `panicked: ${quoted(event.text, 120)}` : 'panicked';
    case 'initializer':
      return `ran the initializer of ${label}${tookTime(event)}`;
    case 'span':
      return `was in the span ${quoted(targetLabel(run, event.target))}${tookTime(event)}`;
    case 'log':
      return `logged ${quoted(event.text || targetLabel(run, event.target), 120)}`;
    case 'paused':
      return 'paused the recording: what its process did from here on is not known';
    case 'resumed':
      return 'resumed the recording of its process';
    default:
      return `did ${eventName(run, event)}`;
  }
}

function lasted(event: EventView): string {
  return event.duration === undefined ? 'some time' : duration(event.duration);
}

function tookTime(event: EventView): string {
  return event.duration ? ` for ${duration(event.duration)}` : '';
}

function boundOf(run: Run, { target }: EventView): string {
  const bound = target && run.channels[target.index]?.bound;
  if (bound === 0) return ', a rendezvous';
  return bound === null || bound === undefined ? '' : `, which holds ${counted(bound, 'message')}`;
}

/** What a thread waits for, after its infinitive: `wait for a message in jobs`. */
function waitFor(run: Run, event: EventView, label: string): string {
  const isRendezvous =
    event.target?.type === TargetType.channel && run.channels[event.target.index]?.bound === 0;
  switch (event.kind.call ?? event.kind.verb) {
    case 'send':
      if (isRendezvous) return `wait for a receiver of ${label}`;
      return label ? `wait for room in ${label}` : 'wait until it can send';
    case 'recv':
    case 'recv_timeout':
    case 'select':
      return label ? `wait for a message in ${label}` : 'wait for a message';
    case 'lock':
      return `wait for the lock ${label}`;
    case 'read':
      return `wait to read ${label}`;
    case 'write':
      return `wait to write ${label}`;
    case 'wait':
    case 'wait_timeout':
      return `wait for a notification of ${label}`;
    case 'barrier':
      return `wait for the others at ${label}`;
    case 'initialize':
      return `wait until ${label} is initialized`;
    case 'join':
      return label ? `wait for ${label} to end` : 'wait for a thread to end';
    case 'scope':
      return 'wait for the threads of its scope to end';
    case 'park':
    case 'park_timeout':
      return 'wait to be unparked';
    case 'sleep':
      return 'sleep';
    default:
      return `wait in ${eventName(run, event)}`;
  }
}

const PAST: Record<string, string> = {
  lock: 'locked',
  try_lock: 'locked',
  unlock: 'unlocked',
  read: 'locked for reading',
  try_read: 'locked for reading',
  'unlock read': 'unlocked after reading',
  write: 'locked for writing',
  try_write: 'locked for writing',
  'unlock write': 'unlocked after writing',
  downgrade: 'downgraded its lock to reading:',
  notify_one: 'notified one waiter of',
  notify_all: 'notified all waiters of',
  wait: 'was notified by',
  wait_timeout: 'was notified by',
  barrier: 'passed the barrier',
  initialize: 'initialized',
  spawn: 'spawned',
  join: 'joined',
  scope: 'ended a scope: its threads have ended',
  park: 'was unparked',
  park_timeout: 'was unparked',
  unpark: 'unparked',
  sleep: 'woke up',
  yield: 'yielded',
};

function operation(run: Run, event: EventView, label: string): string {
  const { kind } = event;
  const call = kind.call ?? kind.verb;
  const sends = kind.send || call === 'send' || call === 'try_send';
  if (kind.receive) return received(run, event, label);
  if (kind.send) return `sent ${messageName(event)} to ${label}${hadWaited(event)}`;
  if (kind.category === 'channel') {
    switch (kind.ending) {
      case 'full':
        return `found no room in ${label}`;
      case 'empty':
        return `found no message in ${label}`;
      case 'disconnected':
        return sends
          ? `could not send ${messageName(event)} to ${label}: its receiver is gone`
          : `found ${label} empty and all its senders gone${hadWaited(event)}`;
      case 'timedOut':
        return `gave up waiting for ${sends ? 'room' : 'a message'} in ${label}${hadWaited(event)}`;
    }
  }
  if (kind.ending === 'held') return `could not lock ${label}: it was held`;
  if (kind.ending === 'timedOut') return `gave up waiting for ${label || 'its end'}${hadWaited(event)}`;
  if (kind.ending === 'lastToArrive') return `was the last to arrive at ${label}, and released the others`;
  const past = PAST[call];
  if (!past) return `did ${eventName(run, event)}${hadWaited(event)}`;
  return `${past}${label ? ` ${label}` : ''}${hadWaited(event)}`;
}

function received(run: Run, event: EventView, label: string): string {
  const what = `received ${messageName(event)} from ${label}`;
  if (event.kind.ending === 'sendNotRecorded' || !event.from) {
    return `${what}${event.kind.ending === 'sendNotRecorded' ? ', whose send is not recorded' : ''}${hadWaited(event)}`;
  }
  const latency = event.latency ?? event.time - event.from.time;
  const sender = threadName(run, event.from.thread);
  const waited = event.waited ? `, and had waited ${duration(event.waited)}` : '';
  return `${what}, ${duration(latency)} after ${sender} sent it${waited}`;
}

function hadWaited({ waited }: EventView): string {
  return waited ? `, after waiting ${duration(waited)}` : '';
}

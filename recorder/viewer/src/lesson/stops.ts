/** Questions that follow from the recording: before which steps a lesson stops, and what it asks. */

import { NONE, TargetType } from '../data/chunk';
import { type EventView, eventView } from '../data/event';
import type { Model } from '../data/model';
import type { Run } from '../data/run';
import { isShown, stateAt } from '../belt/state';
import { targetLabel, threadName } from '../app/words';

export interface Stop {
  /** The step that answers the question. */
  readonly step: number;
  /** Number of steps that are shown before it is answered. */
  readonly limit: number;
  readonly question: string;
  readonly options: readonly string[];
  /** Index of the right option. */
  readonly right: number;
}

const MAX_STOPS = 3;
const MAX_OPTIONS = 4;
/** Nothing is asked before this number of steps: the reader must get to know the workers first. */
const MIN_STEPS = 3;

/** What is interesting about a step. */
type Interest = 'a wait ends' | 'the belt is full' | 'the belt is at its end';

interface Candidate {
  readonly interest: Interest;
  readonly event: EventView;
  readonly limit: number;
  /** Threads that live before the step. */
  readonly alive: readonly number[];
}

/** At most one question about each interest, in the order of the run. */
export async function stopsOf(model: Model): Promise<Stop[]> {
  const { run, index } = model;
  const events: EventView[] = [];
  const first = new Map<Interest, Candidate>();
  for (let n = index.first; n < index.first + index.chunks.length; n += 1) {
    const chunk = await model.chunk(n);
    for (let i = 0; i < chunk.length; i += 1) {
      if (!isShown(run.kinds[chunk.kind[i]])) continue;
      const event = eventView(run, chunk, i);
      const before = events.at(-1);
      events.push(event);
      if (!before || events.length <= MIN_STEPS || before.step < chunk.firstStep) continue;
      const picture = stateAt(run, chunk, before.step);
      const interest = interestOf(run, event, (channel) => picture.belts.get(channel)?.senders ?? 0);
      if (!interest || first.has(interest)) continue;
      const alive = [...picture.workers].filter(([, it]) => it.life === 'alive').map(([it]) => it);
      if (interest === 'a wait ends' && alive.length < 2) continue;
      first.set(interest, { interest, event, limit: before.step + 1, alive });
    }
  }
  const chosen = [...first.values()].sort((a, b) => a.event.step - b.event.step);
  return chosen.slice(0, MAX_STOPS).flatMap((it) => stopOf(run, it, events) ?? []);
}

function interestOf(
  run: Run,
  { kind, target, waited }: EventView,
  senders: (channel: number) => number,
): Interest | undefined {
  const channel = target?.type === TargetType.channel ? target.index : NONE;
  if (kind.group === 'waitBegan' && kind.verb === 'send') return 'the belt is full';
  if (kind.group === 'senderDropped' && senders(channel) === 1) return 'the belt is at its end';
  if (kind.group === 'operation' && (waited ?? 0) > 0 && channel !== NONE) return 'a wait ends';
  return run.kinds.length > 0 && kind.group === 'threadEnded' ? 'a wait ends' : undefined;
}

function stopOf(run: Run, candidate: Candidate, events: readonly EventView[]): Stop | undefined {
  const { interest, event, limit, alive } = candidate;
  const asksWho = interest === 'a wait ends' && alive.length >= 2;
  const right = asksWho ? threadName(run, event.thread) : deed(run, event);
  const wrong = asksWho
    ? alive.map((thread) => threadName(run, thread))
    : others(events, event).filter((it) => alive.includes(it.thread)).map((it) => deed(run, it));
  const options = [...new Set([right, ...wrong])].slice(0, MAX_OPTIONS).sort();
  if (options.length < 2) return undefined;
  const question = asksWho ? 'Who goes on first?' : 'What happens next?';
  return { step: event.step, limit, question, options, right: options.indexOf(right) };
}

/** Other steps that could be thought to come now, those that are near first. */
function others(events: readonly EventView[], { step }: EventView): EventView[] {
  const distance = (it: EventView) => Math.abs(it.step - step);
  const isPossible = ({ kind }: EventView) =>
    !['threadStarted', 'channelCreated', 'receiverDropped'].includes(kind.group) && kind.verb !== 'spawn';
  return events
    .filter((it) => it.step !== step && isPossible(it))
    .sort((a, b) => distance(a) - distance(b));
}

/** What a thread does in a step, without when and which message: `anna sends to belt`. */
export function deed(run: Run, { kind, thread, target }: EventView): string {
  const name = threadName(run, thread);
  const label = targetLabel(run, target);
  const belt = target?.type === TargetType.channel ? `the belt “${label}”` : label;
  switch (kind.group) {
    case 'waitBegan':
      if (kind.verb === 'send') {
        const meets = target?.type === TargetType.channel && run.channels[target.index]?.bound === 0;
        return meets ? `${name} waits for a receiver at ${belt}` : `${name} waits for room on ${belt}`;
      }
      if (target?.type === TargetType.channel) return `${name} waits for a message from ${belt}`;
      if (kind.verb === 'join') return `${name} waits for ${label} to end`;
      return kind.verb === 'sleep' ? `${name} sleeps` : `${name} waits for ${label}`;
    case 'senderCloned':
      return `${name} clones a sender of ${belt}`;
    case 'senderDropped':
      return `${name} drops a sender of ${belt}`;
    case 'receiverDropped':
      return `${name} drops the receiver of ${belt}`;
    case 'threadStarted':
      return `${name} starts`;
    case 'threadEnded':
      return `${name} ends`;
    case 'panicked':
      return `${name} panics`;
  }
  if (kind.ending === 'disconnected') return `${name} finds ${belt} at its end`;
  if (kind.send) return `${name} sends a message to ${belt}`;
  if (kind.receive) return `${name} receives a message from ${belt}`;
  if (kind.verb === 'sleep') return `${name} wakes up`;
  if (kind.verb === 'spawn') return `${name} spawns ${label}`;
  if (kind.verb === 'join') return `${name} goes on after the end of ${label}`;
  return [name, 'does', kind.verb, label].filter(Boolean).join(' ');
}

/** What the page says. */

import { counted, count, threadName } from '../app/words';
import type { BeltPicture } from '../belt/state';
import { writersAhead } from '../belt/status';
import { TargetType } from '../data/chunk';
import type { Run } from '../data/run';
import type { Move, OutcomeKind } from './document';
import type { Game, Outcome } from './game';
import { lastMeeting } from './meetings';
import type { Prospect } from './state';

/** An outcome in a word or two, as in `42 orders: 40 end well, 2 deadlocks`. */
export function outcomeName({ kind, title }: Outcome): string {
  switch (kind) {
    case 'hang':
      return title.startsWith('deadlock') ? 'deadlock' : 'hang';
    case 'loss':
      return 'lost message';
    case 'ok':
      return 'ends well';
    default:
      return kind;
  }
}

/** `7 orders: 1 deadlock, 6 end well`. */
export function summary(game: Game): string {
  const { orders } = game.document;
  const parts = game.outcomes.map((outcome) => {
    const number = orders.filter((it) => it.outcome === outcome).length;
    const name = outcomeName(game.document.outcomes[outcome]);
    if (name === 'ends well') return number === 1 ? '1 ends well' : `${count(number)} end well`;
    return counted(number, name);
  });
  const [only] = parts;
  if (parts.length === 1 && only.endsWith('well')) {
    return orders.length === 1 ? '1 order: it ends well' : `${count(orders.length)} orders: all end well`;
  }
  return `${counted(orders.length, 'order')}: ${parts.join(', ')}`;
}

/** How many orders the choices so far have left. */
export function remaining(game: Game): string {
  const { possible } = game.position;
  const { orders } = game.document;
  if (game.reached !== undefined) return 'Click on an end to play that order.';
  if (possible.length === orders.length) return 'Click on an end to play that order.';
  return possible.length === 1 ? 'Only one order is still possible.' : `${count(possible.length)} orders are still possible.`;
}

/** What the class is asked to do, if there is something to find. */
export function challenge(game: Game): string {
  if (game.document.orders.length === 1) return '';
  const kinds = new Set(game.outcomes.map((it) => game.document.outcomes[it].kind));
  const dares: [OutcomeKind, string][] = [
    ['hang', 'Can you make it hang?'],
    ['panic', 'Can you make it panic?'],
    ['failure', 'Can you make it fail?'],
    ['loss', 'Can you make it lose a message?'],
  ];
  if (kinds.size === 1 && kinds.has('hang')) return 'Can you keep it from hanging?';
  const [, dare] = dares.find(([kind]) => kinds.has(kind)) ?? [];
  return dare ?? `Can you find all ${count(game.document.orders.length)} orders?`;
}

/** `at order.rs:12`, or nothing. */
export function placeOf({ place }: Move): string {
  return place ? `${place[0]}:${place[1]}` : '';
}

/** What happened last, or what to do. */
export function sentence(run: Run, moves: readonly Move[]): string {
  const last = moves.at(-1);
  if (!last) return 'Choose who goes next.';
  const name = threadName(run, last.thread);
  const comes = last.effects.find((it) => 'offer' in it || 'take' in it);
  if (!comes) return `${name} ${last.does}.`;
  const meeting = lastMeeting(moves);
  if (!meeting) {
    return 'offer' in comes ? `${name} ${last.does} and waits for the receiver.` : `${name} ${last.intends} and waits for a message.`;
  }
  const { message, channel, sender, receiver } = meeting;
  if (receiver !== last.thread) return `${name} ${last.does}, and ${threadName(run, receiver)} receives it.`;
  return `${name} receives #${message} from ${named(run.channels[channel].label)}, and ${threadName(run, sender)} goes on.`;
}

/** How it has come out. */
export function verdict(game: Game, run: Run, picture: BeltPicture, prospects: readonly Prospect[]): string | undefined {
  if (game.endedEarly) {
    const left = prospects.map((it) => threadName(run, it.thread)).join(' and ');
    return `main has ended, and the program with it, before ${left} had done all. No run shows how that comes out.`;
  }
  const { outcome } = game;
  if (!outcome) return undefined;
  switch (outcome.kind) {
    case 'hang': {
      const name = outcomeName(outcome);
      const waits = waitsOf(run, picture, prospects);
      return `No thread can go on: ${name === 'hang' ? 'the program hangs' : name}. ${waits}`;
    }
    case 'ok':
      return 'The program has ended well.';
    case 'loss':
      return `The program has ended, and a message was lost. ${sentenceOf(outcome.title)}`;
    default:
      return sentenceOf(outcome.title);
  }
}

function sentenceOf(title: string): string {
  return /[.!?…]$/.test(title) ? title : `${title}.`;
}

/** Who waits for what: the threads that are part of a circle first. */
function waitsOf(run: Run, picture: BeltPicture, prospects: readonly Prospect[]): string {
  const ring = circle(run, picture);
  const inRing = (it: Prospect) => ring.has(it.thread);
  const sorted = [...prospects.filter(inRing), ...prospects.filter((it) => !inRing(it))];
  return sorted.map(({ thread, move }) => `${threadName(run, thread)} ${waitText(run, picture, thread, move, true)}.`).join(' ');
}

/** What a thread waits for: `waits for fork, which anna has`. `explains`: also why no message comes. */
export function waitText(run: Run, picture: BeltPicture, thread: number, move: Move, explains = false): string {
  const wait = picture.workers.get(thread)?.wait;
  const { on, verb } = move.wait ?? { on: 'nothing', verb: '' };
  if (!wait || typeof on === 'string') return verb === 'scope' ? 'waits for its threads' : 'waits';
  if ('thread' in on) return `waits until ${threadName(run, on.thread)} ends`;
  if ('channel' in on) {
    const label = named(run.channels[on.channel].label);
    if (verb === 'send' && run.channels[on.channel].bound === 0) return `waits for the receiver of ${label}`;
    if (verb === 'send') return `waits for room in ${label}`;
    const senders = picture.belts.get(on.channel)?.senders ?? 0;
    const still = explains ? `, which still has ${senders === 1 ? 'a sender' : `${senders} senders`}` : '';
    return `waits for a message from ${label}${still}`;
  }
  const label = named(run.primitives[on.primitive].label);
  const writers = writersAhead(run, picture, wait).map((it) => threadName(run, it));
  if (writers.length > 0) return `waits to read ${label} until ${writers.join(' and ')} ${writers.length > 1 ? 'have' : 'has'} written`;
  const holders = (picture.locks.get(on.primitive) ?? []).map((it) => threadName(run, it.thread));
  return holders.length > 0 ? `waits for ${label}, which ${holders.join(' and ')} has` : `waits for ${label}`;
}

/** A name of several words is one only in quotes. */
function named(label: string): string {
  return label.includes(' ') ? `"${label}"` : label;
}

/** The threads that wait for each other in a circle. */
export function circle(run: Run, picture: BeltPicture): Set<number> {
  const waitsFor = (thread: number): number[] => {
    const wait = picture.workers.get(thread)?.wait;
    if (wait?.targetType === TargetType.thread) return [wait.target];
    if (wait?.targetType !== TargetType.primitive) return [];
    const writers = writersAhead(run, picture, wait);
    if (writers.length > 0) return writers;
    return (picture.locks.get(wait.target) ?? []).map((it) => it.thread);
  };
  const ring = new Set<number>();
  for (const start of picture.workers.keys()) {
    const seen = new Set(waitsFor(start));
    for (const thread of seen) for (const next of waitsFor(thread)) seen.add(next);
    if (seen.has(start)) ring.add(start);
  }
  return ring;
}

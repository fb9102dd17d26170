/** One of the two runs that a lesson compares. */

import { hangOf } from '../app/facts';
import { duration, threadName } from '../app/words';
import { isShown } from '../belt/state';
import { type EventView, eventView } from '../data/event';
import type { Model } from '../data/model';
import type { ReportEndpointUse } from '../data/run';
import { type Act, align, firstDifference, type Row } from './align';
import { deed } from './stops';

export interface Side {
  readonly model: Model;
  readonly name: string;
  /** Whether it is the sick one; `undefined` if neither is. */
  readonly health: string | undefined;
  readonly outcome: string;
  /** The steps that are compared. */
  readonly steps: readonly EventView[];
}

export interface Sides {
  readonly left: Side;
  readonly right: Side;
  readonly rows: readonly Row[];
  readonly difference: Difference;
}

export interface Difference {
  /** The first row in which the runs differ. */
  readonly row: number | undefined;
  readonly sentence: string;
}

/** Shorter waits are chance: another run of the same program has others. In nanoseconds. */
const MIN_WAIT = 1_000_000;

export async function sidesOf(written: Model, changed: Model): Promise<Sides> {
  const [health, healthAfter] = healthOf(isSick(written), isSick(changed));
  const side = async (
    model: Model,
    other: Model,
    name: string,
    health: string | undefined,
  ): Promise<Side> => {
    const arranged = arrangedAs(model, other);
    return { model: arranged, name, health, outcome: outcomeOf(model), steps: await stepsOf(model) };
  };
  const left = await side(written, changed, 'As written', health);
  const right = await side(changed, written, 'Changed', healthAfter);
  const acts = [actsOf(left), actsOf(right)] as const;
  const rows = align(...acts);
  return { left, right, rows, difference: differenceOf(...acts, rows) };
}

/**
 * The run with workers and belts at the places that they have in the other run: a worker stands at a belt
 * that it uses in either.
 */
function arrangedAs(model: Model, other: Model): Model {
  if (!model.report || !other.report) return model;
  const others = new Map(other.report.report.channels.map((it) => [it.name, it]));
  const united = (mine: readonly ReportEndpointUse[], theirs: readonly ReportEndpointUse[] = []) => {
    const names = new Set(mine.map((it) => it.thread));
    return [...mine, ...theirs.filter((it) => !names.has(it.thread))];
  };
  const channels = model.report.report.channels.map((channel) => {
    const its = others.get(channel.name);
    return {
      ...channel,
      depth: { ...channel.depth, max: Math.max(channel.depth.max, its?.depth.max ?? 0) },
      senders: united(channel.senders, its?.senders),
      receivers: united(channel.receivers, its?.receivers),
    };
  });
  const report = { ...model.report, report: { ...model.report.report, channels } };
  return Object.create(model, { report: { value: report } }) as Model;
}

function isSick({ report }: Model): boolean {
  return report?.findings.some(({ severity }) => severity !== 'note') ?? false;
}

export function healthOf(before: boolean, after: boolean): [string | undefined, string | undefined] {
  if (before) return ['sick', after ? 'still sick' : 'healed'];
  return after ? ['healthy', 'sick'] : [undefined, undefined];
}

function outcomeOf(model: Model): string {
  const has = (code: string) => model.report?.findings.some((it) => it.code === code) ?? false;
  if (hangOf(model)) return 'never ends';
  const after = `after ${duration(model.index.end)}`;
  if (has('panic')) return `panics ${after}`;
  return has('lost-messages') ? `ends ${after}, and loses messages` : `ends ${after}`;
}

/** The steps that change the picture. */
async function stepsOf({ run, index, chunk }: Model): Promise<EventView[]> {
  const steps: EventView[] = [];
  for (let n = index.first; n < index.first + index.chunks.length; n += 1) {
    const piece = await chunk(n);
    for (let i = 0; i < piece.length; i += 1) {
      if (isShown(run.kinds[piece.kind[i]])) steps.push(eventView(run, piece, i));
    }
  }
  return steps;
}

function actsOf({ model: { run }, steps }: Side): Act[] {
  return steps.map((it, i) => ({
    thread: threadName(run, it.thread),
    deed: deed(run, it),
    isChance: it.kind.group === 'waitBegan' && isShort(it, steps.slice(i + 1)),
  }));
}

/** Whether a wait is over soon. */
function isShort(wait: EventView, later: readonly EventView[]): boolean {
  const next = later.find((it) => it.thread === wait.thread);
  return next !== undefined && next.time + Math.max(next.duration ?? 0, 0) - wait.time < MIN_WAIT;
}

function differenceOf(left: readonly Act[], right: readonly Act[], rows: readonly Row[]): Difference {
  const row = firstDifference(rows);
  if (row === undefined) {
    const isSameOrder = rows.every((it) => it.kind === 'same');
    const but = isSameOrder ? '' : ' Only the times differ, and so the order between threads.';
    return { row, sentence: `Both runs do the same steps.${but}` };
  }
  const { left: l, right: r } = rows[row];
  const { thread } = l === undefined ? right[r ?? 0] : left[l];
  const [written, changed] = nextOf(thread, left, right);
  if (written !== changed) {
    return { row, sentence: `From here on the two runs differ: as written, ${written}; changed, ${changed}.` };
  }
  const only = l === undefined ? 'the changed run' : 'the run as written';
  return { row, sentence: `From here on the two runs differ: only in ${only} ${written} once more.` };
}

/** What a thread does next in both runs, where it does something else for the first time. */
function nextOf(thread: string, left: readonly Act[], right: readonly Act[]): [string, string] {
  const [mine, theirs] = [left, right].map((acts) => acts.filter((it) => it.thread === thread));
  const rows = align(mine, theirs);
  const rest = rows.slice(firstDifference(rows));
  const next = (acts: readonly Act[], column: 'left' | 'right') => {
    const found = rest.find((it) => it[column] !== undefined && it.kind !== 'chance');
    return acts[found?.[column] ?? -1]?.deed ?? `${thread} does nothing more`;
  };
  return [next(mine, 'left'), next(theirs, 'right')];
}

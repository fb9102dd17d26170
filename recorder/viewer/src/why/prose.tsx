/** Sentences of the report, in which threads, channels, locks and places are links. */

import type { Finding, Run } from '../data/run';
import type { Leads } from './leads';

export interface ProseContext {
  run: Run;
  leads: Leads;
  /** By its text: `src/main.rs:42`. */
  places: ReadonlyMap<string, number>;
  openPlace(place: number): void;
}

interface Goal {
  type: 'thread' | 'channel' | 'primitive' | 'place';
  index: number;
}

export interface Piece {
  text: string;
  goal?: Goal;
  isCode?: boolean;
}

const CODE = /`[^`]+`/;
const PLACE = /[\w./+-]+\.rs:\d+/;

/** Divides a sentence at the names of what the finding is about. */
export function pieces(
  text: string,
  run: Run,
  about: Pick<Finding, 'threads' | 'channels' | 'primitives'>,
  places: ReadonlyMap<string, number>,
): Piece[] {
  const goals = new Map<string, Goal>();
  for (const index of about.threads) goals.set(run.threads[index]?.name ?? '', { type: 'thread', index });
  for (const index of about.channels) {
    goals.set(JSON.stringify(run.channels[index]?.label ?? ''), { type: 'channel', index });
  }
  for (const index of about.primitives) {
    goals.set(JSON.stringify(run.primitives[index]?.label ?? ''), { type: 'primitive', index });
  }
  goals.delete('');
  goals.delete('""');
  const names = [...goals.keys()].sort((a, b) => b.length - a.length).map(escaped);
  const patterns = [CODE.source, PLACE.source, ...names.map((name) => `(?<![\\w"/.])${name}(?![\\w/])`)];
  const result: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(new RegExp(patterns.join('|'), 'gu'))) {
    const [found] = match;
    const place = places.get(found);
    const goal = place === undefined ? goals.get(found) : ({ type: 'place', index: place } as const);
    const isCode = CODE.test(found);
    if (!goal && !isCode) continue;
    if (match.index > end) result.push({ text: text.slice(end, match.index) });
    result.push(isCode ? { text: found.slice(1, -1), isCode } : { text: found, goal });
    end = match.index + found.length;
  }
  if (end < text.length) result.push({ text: text.slice(end) });
  return result;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

interface ProseProps {
  text: string;
  finding: Finding;
  context: ProseContext;
}

export function Prose({ text, finding, context }: ProseProps) {
  const { run, leads, places, openPlace } = context;
  const go = ({ type, index }: Goal) => {
    if (type === 'thread') leads.toThread(index);
    else if (type === 'channel') leads.toChannel(index);
    else if (type === 'primitive') leads.toPrimitive(index);
    else openPlace(index);
  };
  return (
    <>
      {pieces(text, run, finding, places).map(({ text, goal, isCode }) => {
        if (isCode) return <code>{text}</code>;
        if (!goal) return text;
        const title =
          goal.type === 'place' ? 'Show the source lines' : 'Show its lane on the timeline';
        return (
          <Name kind={goal.type} title={title} go={() => go(goal)}>
            {text}
          </Name>
        );
      })}
    </>
  );
}

interface NameProps {
  kind: Goal['type'];
  title: string;
  go(): void;
  children: string;
}

/** A link in a sentence. Unlike a button, it wraps with the text around it. */
function Name({ kind, title, go, children }: NameProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    go();
  };
  return (
    <span
      role="link"
      tabIndex={0}
      class={`why-name why-name-${kind}`}
      {...{ title, onKeyDown }}
      onClick={go}
    >
      {children}
    </span>
  );
}

/** The source lines at which workers are. */

import { useRef } from 'preact/hooks';
import { NONE } from '../data/chunk';
import type { Model } from '../data/model';
import { ACTIVITY_VARIABLES, type Run, type SourceLines } from '../data/run';
import { threadName } from '../app/words';
import { Kept } from './kept';
import type { BeltPicture } from './state';
import { stateName } from './status';

/** Lines before and after the current one. */
const AROUND = 4;

/** Source lines of places, fetched when they are first needed. */
export class SourceCache {
  private readonly known = new Map<number, SourceLines | undefined>();

  constructor(
    private readonly model: Model,
    private readonly changed: () => void,
  ) {}

  /** The lines; `undefined` if there are none (yet). */
  of(place: number): SourceLines | undefined {
    if (place === NONE) return undefined;
    if (!this.known.has(place)) {
      this.known.set(place, undefined);
      this.model.sourceOf(place).then(
        (lines) => {
          if (!lines) return;
          this.known.set(place, lines);
          this.changed();
        },
        () => undefined,
      );
    }
    return this.known.get(place);
  }

  /** The line of a place itself, without its indent. */
  lineOf(run: Run, place: number): string | undefined {
    const source = this.of(place);
    return source?.lines[run.places[place].line - source.first]?.trim();
  }
}

interface SourcesProps {
  run: Run;
  picture: BeltPicture;
  threads: readonly number[];
  sources: SourceCache;
  selected: number | undefined;
  onThread(thread: number): void;
}

export function Sources({ run, picture, threads, sources, selected, onThread }: SourcesProps) {
  const focus = selected ?? picture.thread;
  const kept = useRef(new Kept()).current.from(run);
  const seen = threads.filter((it) => (picture.workers.get(it)?.life ?? 'absent') !== 'absent');
  return (
    <aside class="belt-sources" aria-label="Source lines">
      <Excerpt run={run} picture={picture} thread={focus} sources={sources} />
      <ol class="belt-source-list">
        {seen.map((thread) => {
          const worker = picture.workers.get(thread);
          const place = worker?.place ?? NONE;
          const code = sources.lineOf(run, place);
          const state = stateName(run, worker);
          const focused = thread === focus;
          const key = `thread ${thread}`;
          const line = { run, thread, place, code, state, focused, onThread };
          const shows = [threadName(run, thread), place, code, state, focused].join('\n');
          return kept.node(key, shows, () => <Line key={key} {...line} />);
        })}
      </ol>
    </aside>
  );
}

function Excerpt({
  run,
  picture,
  thread,
  sources,
}: {
  run: Run;
  picture: BeltPicture;
  thread: number;
  sources: SourceCache;
}) {
  const place = picture.workers.get(thread)?.place ?? NONE;
  const facts = place === NONE ? undefined : run.places[place];
  const lines = sources.of(place);
  const first = facts ? Math.max(facts.line - AROUND, lines?.first ?? 0) : 0;
  const count = 2 * AROUND + 1;
  const shown = lines ? lines.lines.slice(first - lines.first, first - lines.first + count) : [];
  const indent = commonIndent(shown);
  return (
    <figure class="belt-excerpt">
      <figcaption>
        <b>{threadName(run, thread)}</b>
        <span title={facts?.text}>{facts?.text ?? ''}</span>
      </figcaption>
      <pre>
        {Array.from({ length: count }, (_, i) => {
          const number = first + i;
          const text = lines?.lines[number - lines.first];
          const current = facts !== undefined && lines !== undefined && number === facts.line;
          return (
            <div key={i} class={current ? 'current' : undefined} aria-current={current ? 'true' : undefined}>
              <span class="belt-line-number">{text === undefined ? '' : number}</span>
              <code>{text?.slice(indent) ?? (i === AROUND && facts && !lines ? missing(facts.call) : ' ')}</code>
            </div>
          );
        })}
      </pre>
    </figure>
  );
}

/** Number of spaces that all lines begin with. */
function commonIndent(lines: readonly string[]): number {
  const indents = lines.filter((it) => it.trim() !== '').map((it) => it.search(/\S/));
  return indents.length > 0 ? Math.min(...indents) : 0;
}

function missing(call: string | undefined): string {
  return call ? `${call} (no source kept)` : '(no source kept)';
}

function Line({
  run,
  thread,
  place,
  code,
  state,
  focused,
  onThread,
}: {
  run: Run;
  thread: number;
  place: number;
  code: string | undefined;
  state: string;
  focused: boolean;
  onThread(thread: number): void;
}) {
  const variable = ACTIVITY_VARIABLES[run.activities.indexOf(state)];
  const colour = variable ?? (state === 'panicked' ? '--error' : undefined);
  return (
    <li>
      <button
        type="button"
        class={focused ? 'focused' : undefined}
        data-source-of={thread}
        onClick={() => onThread(thread)}
      >
        <span
          class="belt-dot"
          ref={(element) => {
            element?.style.setProperty('--activity', colour ? `var(${colour})` : 'transparent');
          }}
        />
        <span class="belt-source-thread">{threadName(run, thread)}</span>
        <span class="belt-source-place">{place === NONE ? '' : `line ${run.places[place].line}`}</span>
        <code>{code ?? (variable ? '' : state)}</code>
      </button>
    </li>
  );
}

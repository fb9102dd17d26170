/** The program of a lesson. The lines at which threads are now are marked. */

import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Program } from './document';

export interface Marks {
  /** By line number: the names of the threads that are there. */
  readonly threads: ReadonlyMap<number, readonly string[]>;
  /** The line of the thread whose step it is. */
  readonly current: number | undefined;
}

export const NO_MARKS: Marks = { threads: new Map(), current: undefined };

export function ProgramView({ program, marks }: { program: Program; marks: Marks }) {
  const current = useRef<HTMLLIElement>(null);
  useLayoutEffect(() => current.current?.scrollIntoView({ block: 'nearest' }), [marks.current]);
  return (
    <>
      <h2>{program.file}</h2>
      <ol class="lesson-lines" tabIndex={0} aria-label={`The program ${program.file}`}>
        {program.lines.map((line, i) => {
          const number = program.first + i;
          const names = marks.threads.get(number);
          const isCurrent = marks.current === number;
          return (
            <li
              key={number}
              ref={isCurrent ? current : undefined}
              class={isCurrent ? 'current' : names ? 'marked' : undefined}
              aria-current={isCurrent ? 'step' : undefined}
              data-line={number}
            >
              <span class="lesson-threads">
                {names?.map((name) => (
                  <b key={name}>{name}</b>
                ))}
              </span>
              <span class="lesson-number">{number}</span>
              <CodeLine text={line} />
            </li>
          );
        })}
      </ol>
    </>
  );
}

/** A line of code. Where it is too long for the page it goes on below, with an indent. */
export function CodeLine({ text }: { text: string }) {
  const indent = Math.max(text.search(/\S/), 0);
  return <code style={{ paddingLeft: `${indent + 2}ch`, textIndent: '-2ch' }}>{text.trim() || ' '}</code>;
}

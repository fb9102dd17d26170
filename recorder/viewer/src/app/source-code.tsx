/** Lines of the program's source around a place, with that line marked. */

import { useEffect, useState } from 'preact/hooks';
import type { Model } from '../data/model';
import type { SourceLines } from '../data/run';

/** Lines shown before and after the place, if nothing else is said. */
const AROUND = 6;

interface SourceCodeProps {
  readonly model: Model;
  readonly place: number;
  readonly around?: number;
}

/** Lines without the spaces with which all of them start: panels are narrow. */
function dedented(lines: string[]): string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const common = Math.min(...indents);
  return Number.isFinite(common) ? lines.map((line) => line.slice(common)) : lines;
}

export function SourceCode({ model, place, around = AROUND }: SourceCodeProps) {
  const [lines, setLines] = useState<SourceLines | 'loading' | undefined>('loading');
  useEffect(() => {
    let isCurrent = true;
    model.sourceOf(place).then((found) => isCurrent && setLines(found));
    return () => {
      isCurrent = false;
    };
  }, [place]);
  const { line, text } = model.run.places[place];
  if (lines === 'loading') return <div class="source" aria-busy="true" />;
  if (!lines) return <p class="hint">The lines of {text} were not kept with the recording.</p>;
  const first = Math.max(lines.first, line - around);
  const shown = dedented(lines.lines.slice(first - lines.first, line + around + 1 - lines.first));
  return (
    <pre class="source" aria-label={`Source around ${text}`} tabIndex={0}>
      {shown.map((source, i) => {
        const number = first + i;
        const isMarked = number === line;
        return (
          <code key={number} class={isMarked ? 'marked' : undefined}>
            <span class="number" aria-hidden="true">
              {number}
            </span>
            <span class="text">{source || ' '}</span>
          </code>
        );
      })}
    </pre>
  );
}

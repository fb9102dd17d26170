/** The source lines around a place. */

import { useEffect, useState } from 'preact/hooks';
import type { Model } from '../data/model';
import type { SourceLines } from '../data/run';

/** Number of lines before and after the place. */
const AROUND = 3;

interface ExcerptProps {
  model: Model;
  place: number;
  /** Whether the reader asked for it, and should see why there is nothing. */
  isAsked: boolean;
}

export function Excerpt({ model, place, isAsked }: ExcerptProps) {
  const [source, setSource] = useState<SourceLines>();
  useEffect(() => {
    let isCurrent = true;
    setSource(undefined);
    model.sourceOf(place).then(
      (lines) => isCurrent && setSource(lines),
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [model, place]);
  const where = model.run.places[place];
  if (!where || (!source && !isAsked)) return null;
  return (
    <figure class="why-source">
      <figcaption>
        <code>{where.text}</code>
        {where.call && <span class="why-muted"> {where.call}</span>}
      </figcaption>
      {!source && <p class="why-muted">The page has no source lines of this place.</p>}
      {source && (
        <pre>
          {near(source, where.line).map(({ number, text }) => (
            <span class={number === where.line ? 'why-line why-line-here' : 'why-line'}>
              <span class="why-line-number">{number}</span>
              <code>{text || ' '}</code>
            </span>
          ))}
        </pre>
      )}
    </figure>
  );
}

interface Line {
  number: number;
  text: string;
}

/** The lines around one, without what all of them are indented by. */
export function near({ first, lines }: SourceLines, line: number): Line[] {
  const from = Math.max(0, line - AROUND - first);
  const shown = lines.slice(from, line + AROUND + 1 - first);
  const indents = shown.filter((it) => it.trim()).map((it) => it.length - it.trimStart().length);
  const indent = Math.min(...indents, 80);
  return shown.map((text, i) => ({ number: first + from + i, text: text.slice(indent) }));
}

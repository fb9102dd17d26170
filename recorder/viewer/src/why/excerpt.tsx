/** The source lines around a place. */

import { useEffect, useState } from 'preact/hooks';
import { SourceCode } from '../app/source-code';
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
      {source && <SourceCode model={model} place={place} around={AROUND} />}
    </figure>
  );
}

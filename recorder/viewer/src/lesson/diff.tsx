/** The difference of two programs, with the numbers of their lines. */

import type { DiffLine } from './document';
import { CodeLine } from './program';

interface DiffProps {
  readonly diff: readonly DiffLine[];
  /** The lines at which the two runs are. */
  readonly current?: { readonly before?: number; readonly after?: number };
}

export function Diff({ diff, current }: DiffProps) {
  const indent = Math.min(...diff.filter((it) => it.text.trim()).map((it) => it.text.search(/\S/)));
  return (
    <ol class="lesson-diff" aria-label="The difference of the programs">
      {diff.map((line, i) => {
        const { before, after, text } = line;
        const kind = kindOf(line);
        const isCurrent =
          (before !== null && before === current?.before) || (after !== null && after === current?.after);
        return (
          <li key={i} class={`${kind}${isCurrent ? ' current' : ''}`}>
            <span class="lesson-number">{before ?? ''}</span>
            <span class="lesson-number">{after ?? ''}</span>
            <b aria-label={kind}>{SIGNS[kind]}</b>
            <CodeLine text={kind === 'gap' ? '⋯' : text.slice(indent)} />
          </li>
        );
      })}
    </ol>
  );
}

const SIGNS = { added: '+', removed: '−', kept: '', gap: '' };

function kindOf({ before, after }: DiffLine): keyof typeof SIGNS {
  if (before === null) return after === null ? 'gap' : 'added';
  return after === null ? 'removed' : 'kept';
}

/** Options to choose from. Once one is chosen, it shows which is right. */

import type { ComponentChildren } from 'preact';
import { letter } from './document';

interface ChoiceProps {
  readonly options: readonly ComponentChildren[];
  readonly chosen: number | undefined;
  /** Given only once the answer may be shown. */
  readonly right?: number;
  onChoose(option: number): void;
}

export function Choice({ options, chosen, right, onChoose }: ChoiceProps) {
  return (
    <ol class="lesson-options">
      {options.map((option, i) => {
        const mark = right === i ? ' right' : right !== undefined && chosen === i ? ' wrong' : '';
        return (
          <li key={i}>
            <button
              type="button"
              class={`lesson-option${chosen === i ? ' chosen' : ''}${mark}`}
              aria-pressed={chosen === i}
              disabled={right !== undefined}
              onClick={() => onChoose(i)}
            >
              <b>{letter(i)}</b>
              <span>{option}</span>
              {mark ? <span class="lesson-mark">{mark === ' right' ? '✓ right' : '✗'}</span> : null}
            </button>
          </li>
        );
      })}
    </ol>
  );
}

/** `You guessed A. It is B.` */
export function verdict(chosen: number | undefined, right: number): string {
  if (chosen === undefined) return `It is ${letter(right)}.`;
  if (chosen === right) return `You guessed ${letter(chosen)}, and that is right.`;
  return `You guessed ${letter(chosen)}. It is ${letter(right)}.`;
}

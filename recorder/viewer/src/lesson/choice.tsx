/** Options to choose from, and what a choice was worth. */

import type { ComponentChildren } from 'preact';
import { letter } from './document';

interface ChoiceProps {
  readonly options: readonly ComponentChildren[];
  readonly chosen: number | undefined;
  onChoose(option: number): void;
}

export function Choice({ options, chosen, onChoose }: ChoiceProps) {
  return (
    <ol class="lesson-options">
      {options.map((option, i) => (
        <li key={i}>
          <button
            type="button"
            class={`lesson-option${chosen === i ? ' chosen' : ''}`}
            aria-pressed={chosen === i}
            onClick={() => onChoose(i)}
          >
            <b>{letter(i)}</b>
            <span>{option}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** `You guessed A. It is B.` */
export function verdict(chosen: number | undefined, right: number): string {
  if (chosen === undefined) return `It is ${letter(right)}.`;
  if (chosen === right) return `You guessed ${letter(chosen)}, and that is right.`;
  return `You guessed ${letter(chosen)}. It is ${letter(right)}.`;
}

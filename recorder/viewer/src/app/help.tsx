/** The list of keys, and what the colours mean for readers of the page. */

import { useEffect, useRef } from 'preact/hooks';
import type { Keys, Lesson } from './app';

const KEYS: readonly Keys[] = [
  [
    'Everywhere',
    [
      ['1 2 3 4', 'Timeline, Why, One message, The belt'],
      ['/', 'search threads, channels, values and places'],
      ['P', 'projector: large text'],
      ['T', 'light, dark, or as the system'],
      ['B', 'black and white'],
      ['Esc', 'close, clear the selection'],
      ['?', 'this list'],
    ],
  ],
  [
    'Timeline',
    [
      ['W S', 'zoom in and out; also the wheel, or + and −'],
      ['A D', 'move; also drag, or Shift with the wheel'],
      ['0', 'the whole run'],
      ['F', 'frame the selection'],
      ['← →', 'earlier and later step of the thread'],
      ['↑ ↓', 'thread above and below'],
      ['[ ]', 'to the cause, to the consequence'],
      ['Enter', 'to the details of the step; Esc leads back'],
    ],
  ],
  [
    'The belt',
    [
      ['Space', 'play and pause'],
      ['← →', 'one step back and forward'],
      ['Shift ←', 'the same, of one worker; also Shift →'],
      ['Home End', 'first and last step'],
    ],
  ],
  [
    'Why and One message',
    [
      ['J K', 'next and previous finding'],
      ['← →', 'previous and next message'],
    ],
  ],
];

export function Help({ lesson, close }: { lesson: Lesson | undefined; close(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="dialog help"
      aria-labelledby="help-title"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <header>
        <h2 id="help-title">Keys</h2>
        <button type="button" class="plain" aria-label="Close" onClick={close}>
          ×
        </button>
      </header>
      <div class="columns">
        {(lesson ? [lesson.keys, ...KEYS] : KEYS).map(([heading, keys]) => (
          <section key={heading}>
            <h3>{heading}</h3>
            <dl>
              {keys.map(([names, what]) => (
                <div key={names}>
                  <dt>
                    {names.split(' ').map((name) => (
                      <kbd key={name}>{name}</kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}

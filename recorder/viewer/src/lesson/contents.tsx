/** The index of the course. */

import { render } from 'preact';
import type { Look } from '../app/look';
import type { IndexDocument } from './document';
import { progressOf } from './progress';
import { Inlines } from './prose';

export function showContents(root: HTMLElement, { course, further }: IndexDocument, look: Look): void {
  document.title = 'Threads and channels: the course';
  document.documentElement.dataset.page = 'course';
  const draw = () => render(<Contents {...{ course, further, look }} />, root);
  look.onChange(draw);
  // The reader comes back from a lesson.
  addEventListener('pageshow', draw);
  addEventListener('keydown', ({ key, ctrlKey, altKey, metaKey }) => {
    if (ctrlKey || altKey || metaKey) return;
    if (key === 'p') look.set({ projector: !look.state.projector });
    if (key === 'b') look.set({ blackWhite: !look.state.blackWhite });
    if (key === 't') look.set({ theme: look.dark ? 'light' : 'dark' });
  });
  draw();
}

function Contents({ course, further, look }: IndexDocument & { look: Look }) {
  const { projector, blackWhite } = look.state;
  const toggle = (change: Parameters<Look['set']>[0]) => () => look.set(change);
  const done = course.filter(({ name }) => progressOf(name).done).length;
  return (
    <main class="course">
      <header>
        <h1>Threads and channels</h1>
        <span class="tools">
          <button type="button" onClick={toggle({ theme: look.dark ? 'light' : 'dark' })}>
            {look.dark ? 'Light' : 'Dark'}
          </button>
          <button type="button" aria-pressed={projector} onClick={toggle({ projector: !projector })}>
            Projector
          </button>
          <button type="button" aria-pressed={blackWhite} onClick={toggle({ blackWhite: !blackWhite })}>
            B/W
          </button>
        </span>
      </header>
      <p>
        Each lesson has one idea and a short program. You guess what it does, and then watch a recorded
        run of it. {done > 0 ? `${done} of ${course.length} lessons are done.` : ''}
      </p>
      <ol>
        {course.map(({ number, name, title, idea, file, minutes }) => {
          const { done, guesses } = progressOf(name);
          const state = done ? '✓ done' : Object.keys(guesses).length > 0 ? 'begun' : '';
          return (
            <li key={name}>
              <a href={file}>
                <b>{number}</b>
                <span>
                  <strong>{title}</strong>
                  <Inlines of={idea} />
                </span>
                <span class="course-state">
                  {minutes === null ? '' : `${minutes} min`}
                  <em>{state}</em>
                </span>
              </a>
            </li>
          );
        })}
      </ol>
      {further.length > 0 ? (
        <p>{`Further lessons, in the repository: ${further.join(', ')}.`}</p>
      ) : null}
    </main>
  );
}

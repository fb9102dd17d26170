/** A lesson on paper: program, guesses and questions with room to write; answers on the last page. */

import { render } from 'preact';
import { letter, type LessonDocument } from './document';
import { Inlines, Prose } from './prose';

/** The page has the answers only while it is printed. */
export function printLesson(root: HTMLElement, lesson: LessonDocument): void {
  const sheet = document.createElement('div');
  sheet.className = 'lesson-paper';
  root.append(sheet);
  addEventListener('beforeprint', () => render(<Paper lesson={lesson} />, sheet));
  addEventListener('afterprint', () => render(null, sheet));
}

function Paper({ lesson }: { lesson: LessonDocument }) {
  const { program, guesses, changes, questions } = lesson;
  return (
    <>
      <h1>{`${lesson.number}. ${lesson.title}`}</h1>
      <p>
        <Inlines of={lesson.idea} />
      </p>
      <pre>{program.lines.map((line, i) => `${String(program.first + i).padStart(3)}  ${line}\n`)}</pre>
      <h2>Your guess</h2>
      {guesses.map(({ question, options }, i) => (
        <section key={i}>
          <Prose of={question} />
          <ul class="lesson-boxes">
            {options.map((it, n) => (
              <li key={n}>
                {`☐ ${letter(n)}. `}
                <Inlines of={it} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      <h2>Changes and questions</h2>
      {[...changes.map((it) => it.text), ...questions.map((it) => it.question)].map((it, i) => (
        <section key={i} class="lesson-room">
          <b>{`${i + 1}.`}</b>
          <Prose of={it} />
        </section>
      ))}
      <div class="lesson-solutions">
        <h2>{`Answers to lesson ${lesson.number}`}</h2>
        {guesses.map(({ right, answer }, i) => (
          <section key={i}>
            <p>
              <b>{`Guess ${i + 1}: ${letter(right)}`}</b>
            </p>
            <Prose of={answer} />
          </section>
        ))}
        {[...changes.map((it) => it.happens), ...questions.map((it) => it.answer)].map((it, i) => (
          <section key={i}>
            <b>{`${i + 1}.`}</b>
            <Prose of={it} />
          </section>
        ))}
      </div>
    </>
  );
}

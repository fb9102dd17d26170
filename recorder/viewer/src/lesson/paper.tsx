/** A lesson on paper: program, guesses and questions with room to write; answers on the last page. */

import { render } from 'preact';
import type { ComponentChildren } from 'preact';
import { Stage } from '../belt/stage';
import type { Run } from '../data/run';
import { Diff } from './diff';
import { type Inline, letter, type LessonDocument } from './document';
import { type KeyFrame, sizeOf } from './frames';
import { Inlines, Prose } from './prose';
import type { Session } from './session';
import type { Stop } from './stops';

interface PaperProps {
  readonly lesson: LessonDocument;
  readonly run: Run;
  readonly stops: readonly Stop[];
  /** The belts before the steps that answer the questions of the run. */
  readonly frames: readonly KeyFrame[];
}

/** The page has the answers only while it is printed. */
export function printLesson(root: HTMLElement, session: Session): void {
  const sheet = document.createElement('div');
  sheet.className = 'lesson-paper';
  // The first picture of the page has the marks that the others use: it must be one that is printed.
  root.prepend(sheet);
  addEventListener('beforeprint', () => {
    const { document: lesson, whole, stops, frames } = session;
    render(<Paper {...{ lesson, run: whole.run, stops, frames }} />, sheet);
  });
  addEventListener('afterprint', () => render(null, sheet));
}

function Paper(props: PaperProps) {
  const { lesson } = props;
  const { program, guesses, questions } = lesson;
  return (
    <>
      <h1>{`${lesson.number}. ${lesson.title}`}</h1>
      <p>
        <Inlines of={lesson.idea} />
      </p>
      <pre>{program.lines.map((line, i) => `${String(program.first + i).padStart(3)}  ${line}\n`)}</pre>
      <h2>Your guess</h2>
      {guesses.map(({ question, options }, i) => (
        <Room key={i} label={`${i + 1}.`} lines={1}>
          <Prose of={question} />
          <Boxes options={options.map(inlines)} />
        </Room>
      ))}
      <TheRun {...props} />
      <Changes lesson={lesson} />
      <h2>Questions</h2>
      {questions.map(({ question }, i) => (
        <Room key={i} label={`${i + 1}.`} lines={4}>
          <Prose of={question} />
        </Room>
      ))}
      <Solutions {...props} />
    </>
  );
}

function TheRun({ run, stops, frames }: PaperProps) {
  if (frames.length === 0) return null;
  return (
    <>
      <h2>The run</h2>
      {frames.map((frame, i) => (
        <Room key={i} label={`${i + 1}.`} lines={1}>
          <Frame {...{ run, frame }} />
          <p>
            <b>{stops[i].question}</b>
          </p>
          <Boxes options={stops[i].options} />
        </Room>
      ))}
    </>
  );
}

function Frame({ run, frame }: { run: Run; frame: KeyFrame }) {
  const { layout, picture, stuck, valueOf } = frame;
  const { width, height } = sizeOf(layout);
  return (
    <figure class="lesson-frame belt">
      <figcaption>{frame.sentence}</figcaption>
      <div style={{ width: `${width}px`, height: `${height}px` }}>
        <Stage
          {...{ run, layout, picture, stuck, valueOf }}
          selectedThread={undefined}
          selectedMessage={undefined}
          motion={0}
          onThread={() => {}}
          onMessage={() => {}}
        />
      </div>
    </figure>
  );
}

function Changes({ lesson: { changes } }: { lesson: LessonDocument }) {
  return (
    <>
      <h2>{changes.length > 1 ? 'Changes' : 'A change'}</h2>
      {changes.map(({ text, options, diff }, i) => (
        <Room key={i} label={`${i + 1}.`} lines={2}>
          <Prose of={text} />
          <Diff diff={diff} />
          <Boxes options={options.map(inlines)} />
        </Room>
      ))}
    </>
  );
}

/** A question with lines to write on. */
function Room({ label, lines, children }: { label: string; lines: number; children: ComponentChildren }) {
  return (
    <section class="lesson-room">
      <b>{label}</b>
      <div>
        {children}
        {Array.from({ length: lines }, (_, i) => (
          <hr key={i} />
        ))}
      </div>
    </section>
  );
}

function Boxes({ options }: { options: readonly ComponentChildren[] }) {
  return (
    <ul class="lesson-boxes">
      {options.map((it, i) => (
        <li key={i}>
          {`☐ ${letter(i)}. `}
          {it}
        </li>
      ))}
    </ul>
  );
}

function inlines(of: readonly Inline[]) {
  return <Inlines of={of} />;
}

function Solutions({ lesson, stops }: PaperProps) {
  const { number, guesses, changes, questions } = lesson;
  return (
    <div class="lesson-solutions">
      <h2>{`Answers to lesson ${number}`}</h2>
      <div>
        <Solved heading="Your guess" of={guesses.map((it) => [letter(it.right), <Prose of={it.answer} />])} />
        <Solved
          heading="The run"
          of={stops.map((it) => [letter(it.right), <p>{`${it.options[it.right]}.`}</p>])}
        />
        <Solved heading="Changes" of={changes.map((it) => [letter(it.right), <Prose of={it.happens} />])} />
        <Solved heading="Questions" of={questions.map((it) => ['', <Prose of={it.answer} />])} />
      </div>
    </div>
  );
}

function Solved({ heading, of }: { heading: string; of: readonly [letter: string, answer: ComponentChildren][] }) {
  if (of.length === 0) return null;
  return (
    <>
      <h3>{heading}</h3>
      {of.map(([letter, answer], i) => (
        <section key={i}>
          <b>{`${i + 1}. ${letter}`}</b>
          {answer}
        </section>
      ))}
    </>
  );
}

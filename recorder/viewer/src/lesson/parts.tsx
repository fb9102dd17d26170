/** The parts of a lesson, one at a time. */

import { useState } from 'preact/hooks';
import { Choice, verdict } from './choice';
import { Diff } from './diff';
import type { Block, LessonDocument } from './document';
import { type Progress, SHOWN } from './progress';
import { Inlines, Prose } from './prose';
import type { Stop } from './stops';

export const PARTS = ['guess', 'run', 'why', 'change', 'questions', 'mistakes'] as const;
export type Part = (typeof PARTS)[number];

export const PART_NAMES: Record<Part, string> = {
  guess: 'Your guess',
  run: 'The run',
  why: 'Why',
  change: 'A change',
  questions: 'Questions',
  mistakes: 'What beginners get wrong',
};

/** Shorter, for the bar. */
export const PART_LABELS: Record<Part, string> = { ...PART_NAMES, change: 'Changes', mistakes: 'Mistakes' };

export interface PartProps {
  readonly lesson: LessonDocument;
  readonly progress: Progress;
  guess(number: number, option: number): void;
}

/** The idea, and what is asked before anything is shown. One guess at a time. */
export function GuessPart({ lesson, progress, guess }: PartProps) {
  const { guesses } = lesson;
  const open = guesses.findIndex((_, i) => progress.guesses[i] === undefined);
  const shown = open < 0 ? guesses : guesses.slice(0, open + 1);
  return (
    <>
      <p class="lesson-idea">
        <Inlines of={lesson.idea} />
      </p>
      {shown.map(({ question, options }, i) => (
        <section key={i} class="lesson-guess">
          <h2>{guesses.length > 1 ? `Your guess, ${i + 1} of ${guesses.length}` : 'Your guess'}</h2>
          <Prose of={question} />
          <Choice
            options={options.map((it) => (
              <Inlines key="option" of={it} />
            ))}
            chosen={progress.guesses[i]}
            onChoose={(option) => guess(i, option)}
          />
        </section>
      ))}
      <p class="lesson-hint">
        {open < 0
          ? 'Now watch the run: it shows who is right.'
          : 'Choose first. The run and the answer are shown after that.'}
      </p>
    </>
  );
}

interface AnswersProps extends Omit<PartProps, 'guess'> {
  readonly withQuestions: boolean;
}

/** What the guesses were worth: the run has shown it. */
export function Answers({ lesson, progress, withQuestions }: AnswersProps) {
  return (
    <>
      {lesson.guesses.map(({ question, options, right, answer }, i) => (
        <section key={i} class="lesson-answer">
          {withQuestions ? <Prose of={question} /> : null}
          <p class="lesson-verdict">
            <b>{verdict(progress.guesses[i], right)}</b> <Inlines of={options[right]} />
          </p>
          <Prose of={answer} />
        </section>
      ))}
    </>
  );
}

interface AskedProps {
  readonly stop: Stop;
  onChoose(option: number): void;
}

/** A question before a step. */
export function Asked({ stop, onChoose }: AskedProps) {
  return (
    <section class="lesson-asked" aria-label="A question">
      <h2>{stop.question}</h2>
      <Choice options={stop.options} chosen={undefined} onChoose={onChoose} />
    </section>
  );
}

export function WhyPart({ lesson, progress }: Omit<PartProps, 'guess'>) {
  return (
    <>
      <Answers {...{ lesson, progress }} withQuestions />
      <h2>Why</h2>
      <Prose of={lesson.why} />
      <details>
        <summary>Run it yourself</summary>
        <Prose of={lesson.run} />
      </details>
    </>
  );
}

export interface ChangeProps {
  readonly lesson: LessonDocument;
  readonly progress: Progress;
  /** Index of the change that is shown. */
  readonly at: number;
  go(change: number): void;
  /** Chooses an option, or `SHOWN`. */
  choose(option: number): void;
}

/** A change. Its difference, and what happens, are in the page only after a guess. */
export function ChangePart({ lesson, progress, at, go, choose }: ChangeProps) {
  const { text, options, right, happens, diff, run } = lesson.changes[at];
  const chosen = progress.changes[at];
  return (
    <>
      <div class="lesson-what">
        <ChangeLinks {...{ lesson, at, go }} />
        <div>
          <Prose of={text} />
        </div>
      </div>
      <section key={at} class="lesson-change">
        {chosen === undefined ? (
          <>
            <Choice
              options={options.map((it) => (
                <Inlines key="option" of={it} />
              ))}
              chosen={undefined}
              onChoose={choose}
            />
            <button type="button" class="lesson-show" onClick={() => choose(SHOWN)}>
              Show what happens
            </button>
          </>
        ) : (
          <>
            <p class="lesson-verdict">
              <b>{verdict(chosen === SHOWN ? undefined : chosen, right)}</b>
            </p>
            <Prose of={happens} />
            {run ? null : <Diff diff={diff} />}
          </>
        )}
      </section>
    </>
  );
}

function ChangeLinks({ lesson: { changes }, at, go }: Pick<ChangeProps, 'lesson' | 'at' | 'go'>) {
  if (changes.length === 1) return null;
  return (
    <p class="lesson-changes">
      {changes.map((_, i) => (
        <button key={i} type="button" aria-current={i === at ? 'step' : undefined} onClick={() => go(i)}>
          {`Change ${i + 1}`}
        </button>
      ))}
    </p>
  );
}

export function QuestionsPart({ lesson }: { lesson: LessonDocument }) {
  return (
    <>
      {lesson.questions.map(({ question, answer }, i) => (
        <section key={i} class="lesson-question">
          <Prose of={question} />
          <Folded label="Answer" of={answer} />
        </section>
      ))}
    </>
  );
}

export function MistakesPart({ lesson }: { lesson: LessonDocument }) {
  return <Prose of={lesson.mistakes} />;
}

/** An answer is in the page only once it is asked for. */
function Folded({ label, of }: { label: string; of: readonly Block[] }) {
  const [open, setOpen] = useState(false);
  return open ? (
    <div class="lesson-folded">
      <Prose of={of} />
    </div>
  ) : (
    <button type="button" class="lesson-show" onClick={() => setOpen(true)}>
      {label}
    </button>
  );
}

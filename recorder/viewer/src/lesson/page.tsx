/** The bar above a lesson, and its text. */

import type { LessonDocument } from './document';
import {
  Answers,
  Asked,
  ChangePart,
  GuessPart,
  MistakesPart,
  type Part,
  PART_LABELS,
  PART_NAMES,
  PARTS,
  QuestionsPart,
  WhyPart,
} from './parts';
import type { Progress } from './progress';
import type { Stop } from './stops';

interface BarProps {
  readonly lesson: LessonDocument;
  readonly part: Part;
  readonly skipped: boolean;
  isOpen(part: Part): boolean;
  go(part: Part): void;
  skip(): void;
  again(): void;
}

export function LessonBar({ lesson, part, skipped, isOpen, go, skip, again }: BarProps) {
  const { before, after } = neighbours(lesson);
  return (
    <>
      <span class="lesson-links">
        {lesson.course.length > 0 ? <a href="index.html">All lessons</a> : null}
        {before ? (
          <a href={before.file} title={`Lesson ${before.number}: ${before.title}`}>{`← ${before.number}`}</a>
        ) : null}
        {after ? <a href={after.file} title={`Lesson ${after.number}: ${after.title}`}>{`${after.number} →`}</a> : null}
      </span>
      <ol class="lesson-parts">
        {PARTS.map((it) => (
          <li key={it}>
            <button
              type="button"
              aria-current={it === part ? 'step' : undefined}
              disabled={!isOpen(it)}
              onClick={() => go(it)}
            >
              {PART_LABELS[it]}
            </button>
          </li>
        ))}
      </ol>
      <span class="lesson-tools">
        {skipped ? (
          <span>Everything is shown.</span>
        ) : (
          <button type="button" onClick={skip} title="Shows the whole run and all answers, without questions">
            Skip (for teachers)
          </button>
        )}
        <button type="button" onClick={again} title="Forgets the answers to this lesson">
          Start again
        </button>
      </span>
    </>
  );
}

export function neighbours({ course, name }: LessonDocument) {
  const at = course.findIndex((it) => it.name === name);
  return { before: course[at - 1], after: at < 0 ? undefined : course[at + 1] };
}

interface TextProps {
  readonly lesson: LessonDocument;
  readonly part: Part;
  readonly progress: Progress;
  readonly asked: Stop | undefined;
  readonly verdict: string | undefined;
  readonly isSeen: boolean;
  /** Index of the change that is shown. */
  readonly change: number;
  readonly next: { label: string; go(): void } | undefined;
  guess(number: number, option: number): void;
  answer(stop: Stop, option: number): void;
  goToChange(change: number): void;
  chooseChange(option: number): void;
}

export function LessonText(props: TextProps) {
  const { lesson, part, next } = props;
  const { after } = neighbours(lesson);
  return (
    <>
      {part === 'questions' || part === 'mistakes' ? <h2>{PART_NAMES[part]}</h2> : null}
      <div class="lesson-content">
        <Content {...props} />
      </div>
      {next ? (
        <button type="button" class="lesson-next" onClick={next.go}>
          {`${next.label} →`}
        </button>
      ) : null}
      {part === 'mistakes' && after ? (
        <a class="lesson-next" href={after.file}>{`Lesson ${after.number}: ${after.title} →`}</a>
      ) : null}
    </>
  );
}

function Content(props: TextProps) {
  const { lesson, progress } = props;
  switch (props.part) {
    case 'guess':
      return <GuessPart {...{ lesson, progress }} guess={props.guess} />;
    case 'run':
      return <RunPart {...props} />;
    case 'why':
      return <WhyPart {...{ lesson, progress }} />;
    case 'change':
      return (
        <ChangePart
          {...{ lesson, progress }}
          at={props.change}
          go={props.goToChange}
          choose={props.chooseChange}
        />
      );
    case 'questions':
      return <QuestionsPart lesson={lesson} />;
    case 'mistakes':
      return <MistakesPart lesson={lesson} />;
  }
}

function RunPart({ lesson, progress, asked, verdict, isSeen, answer }: TextProps) {
  if (asked || verdict) {
    return (
      <>
        {verdict ? <p class="lesson-verdict">{verdict}</p> : null}
        {asked ? <Asked stop={asked} onChoose={(option) => answer(asked, option)} /> : null}
      </>
    );
  }
  if (isSeen) return <Answers {...{ lesson, progress }} withQuestions={false} />;
  return (
    <p class="lesson-hint">
      Go through the run with <kbd>→</kbd> and <kbd>←</kbd>, or play it with the space bar. It stops
      where there is something to guess.
    </p>
  );
}

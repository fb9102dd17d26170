/** The tab with a lesson: its text, its program, and its run as belt and timeline. */

import { render } from 'preact';
import type { App, Mount, View } from '../app/app';
import { sentence, threadName } from '../app/words';
import { mount as mountBelt } from '../belt';
import { stateAt } from '../belt/state';
import { NONE } from '../data/chunk';
import { mount as mountTimeline } from '../timeline';
import { Changes } from './changes';
import { letter } from './document';
import { LessonBar, LessonText } from './page';
import { type Part, PART_NAMES, PARTS } from './parts';
import { printLesson } from './paper';
import { type Marks, NO_MARKS, ProgramView } from './program';
import { SHOWN } from './progress';
import type { Session } from './session';
import type { Stop } from './stops';

export class LessonTab implements View {
  private readonly bar: HTMLElement;
  private readonly text: HTMLElement;
  private readonly program: HTMLElement;
  private readonly changes: Changes;
  private readonly panes: { root: HTMLElement; mount: Mount; app: App; view: View | undefined }[];
  private part: Part = 'guess';
  /** What the last answer to a question of the run was worth. */
  private verdict: string | undefined;
  private visible = false;
  private marks = NO_MARKS;

  constructor(
    private readonly root: HTMLElement,
    private readonly app: App,
    private readonly session: Session,
  ) {
    const add = (name: string, tag = 'div') => {
      const element = document.createElement(tag);
      element.className = name;
      root.append(element);
      return element;
    };
    root.toggleAttribute('data-belts', session.whole.run.channels.length > 0);
    this.bar = add('lesson-bar', 'nav');
    this.bar.setAttribute('aria-label', 'Lesson');
    this.text = add('lesson-text', 'article');
    this.text.tabIndex = -1;
    this.program = add('lesson-program', 'section');
    const { link, announce } = app;
    // The belt can go on to the next question. The timeline grows with it.
    const ofBelt: App = { ...app, announce: (text) => announce(this.announcement(text)) };
    const ofTimeline: App = { ...ofBelt, model: session.played };
    this.panes = [
      { root: add('lesson-belt', 'section'), mount: mountBelt, app: ofBelt, view: undefined },
      {
        root: add('timeline lesson-timeline', 'section'),
        mount: mountTimeline,
        app: ofTimeline,
        view: undefined,
      },
    ];
    this.changes = new Changes(add('lesson-compare', 'section'), app, session);
    link.onChange((state, before) => {
      if (state.step !== before.step) this.moved();
    });
    printLesson(root, session);
    const { step } = link.state;
    if (step !== undefined && session.has('run')) this.part = 'run';
    announce(session.title);
  }

  show(): void {
    this.visible = true;
    this.draw();
    this.showPanes();
  }

  hide(): void {
    this.visible = false;
    for (const { view } of this.panes) view?.hide();
    void this.changes.show(false);
  }

  focus(): void {
    this.text.focus();
  }

  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.altKey || event.metaKey) return false;
    const option = event.key.length === 1 ? event.key.toUpperCase().charCodeAt(0) - 65 : -1;
    if (option >= 0 && this.choose(option)) return true;
    if (event.target instanceof HTMLElement && event.target.closest('.lesson-timeline')) {
      return this.panes[1].view?.key(event) ?? false;
    }
    if (this.part === 'change') return this.changes.key(event);
    if (this.part === 'run') return this.panes[0].view?.key(event) ?? false;
    // From a guess the same key leads on, through the run.
    if (this.part !== 'guess' || event.key !== 'ArrowRight' || !this.session.has('run')) return false;
    this.go('run');
    return true;
  }

  private get step(): number {
    return this.app.link.state.step ?? 0;
  }

  /** The question that is asked now. */
  private get asked(): Stop | undefined {
    return this.part === 'run' ? this.session.askedAt(this.step) : undefined;
  }

  /** Answers the question that is open. Returns whether it has this option. */
  private choose(option: number): boolean {
    const { session, asked } = this;
    if (this.part === 'guess') {
      const open = session.openGuess;
      if (open < 0 || option >= session.document.guesses[open].options.length) return false;
      void this.guess(open, option);
      return true;
    }
    if (this.part === 'change') {
      const { changes } = this;
      if (!changes.isAsked || option >= changes.current.options.length) return false;
      this.chooseChange(option);
      return true;
    }
    if (!asked || option >= asked.options.length) return false;
    void this.answer(asked, option);
    return true;
  }

  private async guess(number: number, option: number): Promise<void> {
    const { session, app } = this;
    // Once the run is shown, a guess is none.
    if (session.hasGuessed) return;
    await session.guess(number, option);
    app.announce(`You guess ${letter(option)}.`);
    this.draw();
    this.text.querySelector('.lesson-guess:last-of-type')?.scrollIntoView({ block: 'nearest' });
  }

  private chooseChange(option: number): void {
    const { session, changes, app } = this;
    session.change(changes.at, option);
    app.announce(option === SHOWN ? '' : `You guess ${letter(option)}.`);
    this.draw();
    this.text.scrollTop = 0;
    this.text.focus();
    this.showPanes();
  }

  private goToChange(change: number): void {
    this.changes.at = change;
    this.go('change');
  }

  private async answer(stop: Stop, option: number): Promise<void> {
    const { session, app } = this;
    await session.answer(stop, option);
    const { run } = session.curtain;
    const played = sentence(run, await session.curtain.event(stop.step));
    const is = stop.options[stop.right];
    const verdict =
      option === stop.right
        ? `Right: ${is}.`
        : `You said ${letter(option)}. It is ${letter(stop.right)}: ${is}.`;
    app.link.set({ step: stop.step });
    this.verdict = `${verdict} ${played}`;
    this.draw();
    app.announce(this.announcement(played));
    this.text.focus();
  }

  /** The reader is at another step. */
  private moved(): void {
    const { session } = this;
    if (!session.isStop(this.app.link.state.step)) this.verdict = undefined;
    session.reach(this.step);
    if (!this.visible) return;
    this.draw();
  }

  /** What is read out at a step: also the question after it, or what an answer was worth. */
  private announcement(text: string): string {
    const { asked, verdict } = this;
    const question = asked ? ` ${asked.question} ${asked.options.join(', or ')}?` : '';
    return `${verdict ?? text}${question}`;
  }

  private go(part: Part): void {
    const { session } = this;
    if (!session.has(part)) return;
    this.part = part;
    if (part === 'mistakes') session.finish();
    this.draw();
    this.text.scrollTop = 0;
    this.text.focus();
    this.showPanes();
  }

  /** Shows everything, without answers. */
  private async skip(): Promise<void> {
    await this.session.skip();
    this.go(this.part === 'guess' ? 'run' : this.part);
  }

  private async again(): Promise<void> {
    this.app.link.set({ step: undefined, message: undefined, from: undefined, to: undefined });
    await this.session.forget();
    this.verdict = undefined;
    this.changes.at = 0;
    this.go('guess');
  }

  private showPanes(): void {
    const isRun = this.part === 'run';
    if (isRun) this.session.reach(this.step);
    for (const pane of this.panes) {
      pane.root.hidden = !isRun;
      if (!this.visible || !isRun) {
        pane.view?.hide();
        continue;
      }
      pane.view ??= pane.mount(pane.root, pane.app);
      pane.view.show();
    }
    void this.changes.show(this.visible && this.part === 'change');
  }

  private draw(): void {
    const { session, part } = this;
    const { document: lesson, progress, skipped } = session;
    this.root.dataset.part = part;
    this.root.toggleAttribute('data-compares', part === 'change' && this.changes.compares);
    render(
      <LessonBar
        {...{ lesson, part, skipped }}
        isOpen={(it) => session.has(it)}
        go={(it) => this.go(it)}
        skip={() => void this.skip()}
        again={() => void this.again()}
      />,
      this.bar,
    );
    render(
      <LessonText
        {...{ lesson, part, progress }}
        asked={this.asked}
        verdict={this.verdict}
        isSeen={session.has('why')}
        change={this.changes.at}
        guess={(number, option) => void this.guess(number, option)}
        answer={(stop, option) => void this.answer(stop, option)}
        goToChange={(change) => this.goToChange(change)}
        chooseChange={(option) => this.chooseChange(option)}
        next={this.nextPart}
      />,
      this.text,
    );
    this.drawProgram();
    void this.mark();
  }

  /** What leads on, once that can be shown: to the next change, or to the next part. */
  private get nextPart(): { label: string; go(): void } | undefined {
    const { changes, session, part } = this;
    if (part === 'change') {
      if (changes.isAsked) return undefined;
      const change = changes.at + 1;
      if (change < session.document.changes.length) {
        return { label: `Change ${change + 1}`, go: () => this.goToChange(change) };
      }
    }
    const next = PARTS[PARTS.indexOf(part) + 1];
    return next && session.has(next) ? { label: PART_NAMES[next], go: () => this.go(next) } : undefined;
  }

  private drawProgram(): void {
    const { program } = this.session.document;
    const marks = this.part === 'run' ? this.marks : NO_MARKS;
    render(<ProgramView program={program} marks={marks} />, this.program);
  }

  /** Marks the lines at which the threads are. */
  private async mark(): Promise<void> {
    const { step } = this;
    const { curtain } = this.session;
    if (this.part !== 'run' || step >= curtain.index.steps) return;
    const chunk = await curtain.chunk(curtain.chunkOf(step));
    if (this.step !== step) return;
    this.marks = this.marksAt(stateAt(curtain.run, chunk, step));
    this.drawProgram();
  }

  private marksAt({ thread, workers }: ReturnType<typeof stateAt>): Marks {
    const { run } = this.session.curtain;
    const { file } = this.session.document.program;
    const lineOf = (place: number) => {
      const facts = place === NONE ? undefined : run.places[place];
      return facts?.file.split('/').at(-1) === file ? facts.line : undefined;
    };
    const threads = new Map<number, string[]>();
    for (const [it, { life, place }] of workers) {
      const line = lineOf(place);
      if (line === undefined || life !== 'alive') continue;
      threads.set(line, [...(threads.get(line) ?? []), threadName(run, it)]);
    }
    return { threads, current: lineOf(workers.get(thread)?.place ?? NONE) };
  }
}

/** The belt tab: what is shown, and what keys and buttons do. */

import { render } from 'preact';
import type { App, View } from '../app/app';
import type { LinkState } from '../app/link';
import { count, duration, sentence, threadName } from '../app/words';
import type { Chunk } from '../data/chunk';
import { eventView } from '../data/event';
import type { Run } from '../data/run';
import { messageOf } from '../data/source';
import { Controls, type ControlsProps } from './controls';
import { Frame, Rest, type SourcesAt } from './frame';
import type { Layout } from './boxes';
import { layout, layoutInside } from './layout';
import { type Plan, plan } from './plan';
import { Player } from './player';
import { SourceCache, Sources } from './sources';
import { Stage } from './stage';
import { type BegunBefore, type BeltPicture, endOf, stateAt } from './state';
import { Steps } from './steps';
import { stuckAt } from './stuck';
import { Uses } from './uses';
import { Values } from './values';

/** Chunks that are read for the uses of channels while there is no report. */
const MAX_READ_FOR_USES = 8;

/** Sizes of the source lines beside and below the picture, as in belt.css, in rem. */
const SOURCES_WIDTH = 25;
const SOURCES_HEIGHT = 16;
/** Narrower pages have no room for them. */
const NARROW = 60;
/** In pixels, about. */
const SCROLLBAR = 16;

/** What is drawn. */
interface Shown {
  chunk: Chunk;
  picture: BeltPicture;
  sentence: string;
  motion: number;
}

export class BeltTab implements View {
  private readonly steps: Steps;
  private readonly player: Player;
  private readonly uses = new Uses();
  private readonly sources: SourceCache;
  private readonly values: Values;
  private readonly begun = new Map<number, BegunBefore>();
  private readonly actions: ControlsProps['on'];
  private visible = false;
  private step = -1;
  /** Whether the latest step is shown: it is followed while the run grows. */
  private follows = false;
  private request = 0;
  private shown: Shown | undefined;
  /** Why the step that was asked for is not shown. */
  private trouble: string | undefined;
  private planned: { plan: Plan; of: string } | undefined;
  private arranged: { layout: Layout; sources: SourcesAt; key: string } | undefined;
  private thread: number | undefined;
  private frame: number | undefined;

  constructor(
    private readonly root: HTMLElement,
    private readonly app: App,
  ) {
    const { model, link, look } = app;
    root.classList.add('belt');
    const redraw = () => this.redraw();
    this.steps = new Steps(model);
    this.sources = new SourceCache(model, redraw);
    this.values = new Values(model, redraw);
    this.player = new Player({
      next: (step) => this.steps.next(step, 1),
      timeOf: async (step) => {
        const chunk = await this.steps.chunkAt(step);
        return endOf(chunk, step - chunk.firstStep);
      },
      length: () => model.index.end,
      show: (step, motion) => this.go(step, motion),
      changed: redraw,
    });
    this.actions = {
      play: () => this.play(),
      next: () => void this.move(1),
      previous: () => void this.move(-1),
      home: () => this.jump(this.steps.first()),
      end: () => this.jump(this.steps.count - 1),
      scrub: (step) => this.jump(step),
      pace: (pace) => this.player.setPace(pace),
      speed: (speed) => this.player.setSpeed(speed),
      journey: () => app.go('message'),
      nextOfWorker: (direction) => void this.move(direction, this.thread),
    };
    link.onChange((state) => {
      if (!this.visible) return;
      if (state.step !== undefined && state.step !== this.step) this.jump(state.step);
      else redraw();
    });
    model.onChange(() => {
      if (this.visible) this.refresh();
    });
    look.onChange(redraw);
    new ResizeObserver(redraw).observe(root);
  }

  show(): void {
    this.visible = true;
    const { step } = this.app.link.state;
    // A step is selected when the reader moves, not by a look at the tab.
    const isSelected = step !== undefined;
    void this.go(step ?? (this.step >= 0 ? this.step : this.steps.first()), 0, isSelected);
  }

  hide(): void {
    this.visible = false;
    this.player.stop();
  }

  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.altKey || event.metaKey) return false;
    const onButton = event.target instanceof HTMLButtonElement;
    switch (event.key) {
      case ' ':
        if (onButton) return false;
        this.play();
        return true;
      case 'ArrowRight':
      case 'ArrowLeft':
        void this.move(event.key === 'ArrowRight' ? 1 : -1, event.shiftKey ? this.worker : undefined);
        return true;
      case 'Home':
        this.jump(this.steps.first());
        return true;
      case 'End':
        this.jump(this.steps.count - 1);
        return true;
      case 'Escape':
        if (this.thread === undefined) return false;
        this.selectThread(this.thread);
        return true;
      default:
        return false;
    }
  }

  /** The selected worker, or that of the step. */
  private get worker(): number | undefined {
    return this.thread ?? this.shown?.picture.thread;
  }

  private play(): void {
    if (this.player.playing) {
      this.player.stop();
      return;
    }
    const atEnd = this.step >= this.steps.count - 1;
    const from = atEnd ? this.steps.first() : this.step;
    if (atEnd) void this.go(from, 0);
    void this.player.start(from);
  }

  private async move(direction: 1 | -1, thread?: number): Promise<void> {
    this.player.stop();
    const step = await this.steps.next(this.step, direction, thread);
    if (step === undefined) return;
    await this.go(step, this.player.motion);
    this.root.querySelector('.worker.acts')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  private jump(step: number): void {
    this.player.stop();
    const isNear = Math.abs(step - this.step) <= 3;
    void this.go(step, isNear ? this.player.motion : 0);
  }

  /** Shows the state after a step. */
  private async go(
    wanted: number,
    motion: number,
    selects = true,
    announces = true,
  ): Promise<void> {
    const { model, link } = this.app;
    if (this.steps.count === 0) {
      this.redraw();
      return;
    }
    const first = this.steps.first();
    const step = Math.min(Math.max(wanted, first), this.steps.count - 1);
    this.request += 1;
    const request = this.request;
    let chunk: Chunk;
    try {
      chunk = await this.steps.chunkAt(step);
      this.trouble = undefined;
    } catch (error) {
      if (request !== this.request) return;
      this.trouble = `Step ${count(step + 1)} cannot be shown. ${messageOf(error)}`;
      this.app.announce(this.trouble);
      this.draw();
      return;
    }
    const begun = await this.begunBefore(chunk);
    await this.readUses(chunk);
    if (request !== this.request) return;
    const picture = stateAt(model.run, chunk, step, begun);
    const event = eventView(model.run, chunk, step - chunk.firstStep);
    this.values.take(chunk);
    const text = sentence(model.run, event);
    this.shown = { chunk, picture, sentence: text, motion: this.app.look.reducedMotion ? 0 : motion };
    const isNew = this.step !== step;
    this.step = step;
    // A lesson goes on when its reader does.
    const isLast = step === this.steps.count - 1;
    this.follows = isLast && !this.player.playing && !this.app.lesson;
    if (isNew && selects && link.state.step !== step) link.set({ step });
    // Faster, nobody can listen.
    const isFast = this.player.playing && this.player.speed > 1;
    if (isNew && announces && !isFast) this.app.announce(text);
    this.draw();
  }

  /** The run has grown. A picture of its end follows. */
  private refresh(): void {
    if (this.step < 0) this.show();
    else if (this.follows) {
      const isSelected = this.app.link.state.step === this.step;
      void this.go(this.steps.count - 1, 0, isSelected, false);
    } else this.redraw();
  }

  /** Threads that have done something before a chunk. */
  private async begunBefore(chunk: Chunk): Promise<BegunBefore> {
    const { model } = this.app;
    if (chunk.firstStep === this.steps.first()) return undefined;
    const known = this.begun.get(chunk.number);
    if (known) return known;
    const begun = new Set<number>();
    try {
      const { threads } = await model.window(0, chunk.begin, 64, 'belt');
      for (const thread of threads.keys()) begun.add(thread);
      const { kinds } = model.run;
      for (let i = 0; i < chunk.length; i += 1) {
        if (kinds[chunk.kind[i]].group === 'threadStarted') begun.delete(chunk.thread[i]);
      }
      this.begun.set(chunk.number, begun);
    } catch {
      // A later request has replaced this one.
      return undefined;
    }
    return begun;
  }

  private async readUses(chunk: Chunk): Promise<void> {
    const { model } = this.app;
    let isNew = false;
    if (model.report) {
      isNew = this.uses.addReport(model.report);
    } else if (!this.planned) {
      // There is none while the program runs.
      const number = Math.min(model.index.chunks.length, MAX_READ_FOR_USES);
      for (let n = 0; n < number; n += 1) {
        const other = await model.chunk(model.index.first + n);
        isNew = this.uses.addChunk(model.run, other) || isNew;
      }
    }
    isNew = this.uses.addChunk(model.run, chunk) || isNew;
    const of = [model.run.threads.length, model.index.report].join();
    if (this.planned && !isNew && this.planned.of === of) return;
    const planned = plan(model.run, this.uses.of(model.run), model.report);
    this.planned = { plan: planned, of };
    this.arranged = undefined;
  }

  private selectThread(thread: number): void {
    this.thread = this.thread === thread ? undefined : thread;
    this.redraw();
  }

  private selectMessage(channel: number, number: number): void {
    const { message } = this.app.link.state;
    const same = message?.channel === channel && message.number === number;
    this.app.link.set({ message: same ? undefined : { channel, number } });
    this.redraw();
  }

  private redraw(): void {
    if (!this.visible || this.frame !== undefined) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = undefined;
      if (!this.visible) return;
      if (this.shown) this.shown.motion = 0;
      this.draw();
    });
  }

  /** The picture beside or above the source lines, where it becomes larger. */
  private arrange(planned: Plan): { layout: Layout; sources: SourcesAt } {
    const middle = this.root.querySelector('.belt-middle');
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = middle?.clientWidth ?? this.root.clientWidth;
    const height = middle?.clientHeight ?? this.root.clientHeight;
    const key = [width, height, rem].join();
    if (this.arranged?.key !== key) {
      const into = (w: number, h: number) =>
        layout(planned, Math.max(w, 200) - SCROLLBAR, Math.max(h, 200), rem);
      // A lesson shows the whole program itself, and nobody in a class can scroll.
      if (this.app.lesson) {
        const inside = layoutInside(planned, Math.max(width, 100), Math.max(height, 100), rem);
        this.arranged = { layout: inside, sources: 'nowhere', key };
        return this.arranged;
      }
      if (width < NARROW * rem) {
        this.arranged = { layout: into(width, height), sources: 'nowhere', key };
        return this.arranged;
      }
      const beside = into(width - SOURCES_WIDTH * rem, height);
      const above = into(width, height - SOURCES_HEIGHT * rem);
      const isLarger = above.rank < beside.rank;
      this.arranged = isLarger
        ? { layout: above, sources: 'below', key }
        : { layout: beside, sources: 'beside', key };
    }
    return this.arranged;
  }

  private draw(): void {
    const { app, shown, planned, player } = this;
    const { run, index } = app.model;
    if (!shown || !planned) {
      const { trouble } = this;
      const text = trouble ?? (this.steps.count === 0 ? 'Nothing is recorded yet.' : '');
      render(<p class="belt-empty">{text}</p>, this.root);
      return;
    }
    const { picture } = shown;
    // The frame must be there before the picture can be arranged in it.
    if (!this.root.querySelector('.belt-stage')) {
      render(<Frame />, this.root);
    }
    const { layout: arranged, sources } = this.arrange(planned.plan);
    this.root.dataset.step = String(picture.step);
    render(
      <Frame
        sentence={this.trouble ?? shown.sentence}
        sources={sources}
        note={player.skipping === undefined ? undefined : `⋯ ${duration(player.skipping)} pass`}
        stage={
          <Stage
            run={run}
            layout={arranged}
            picture={picture}
            stuck={stuckAt(run, app.model.report, picture)}
            valueOf={(channel, number) => this.values.of(channel, number)}
            selectedThread={this.thread}
            selectedMessage={app.link.state.message}
            motion={shown.motion}
            onThread={(thread) => this.selectThread(thread)}
            onMessage={(channel, number) => this.selectMessage(channel, number)}
          />
        }
        rest={<Rest plan={planned.plan} run={run} />}
        side={
          <Sources
            run={run}
            picture={picture}
            threads={arranged.workers.map((it) => it.thread)}
            sources={this.sources}
            selected={this.thread}
            onThread={(thread) => this.selectThread(thread)}
          />
        }
        controls={
          <Controls
            step={picture.step}
            steps={index.steps}
            first={this.steps.first()}
            time={picture.time}
            playing={player.playing}
            pace={player.pace}
            speed={player.speed}
            rate={player.rate}
            worker={this.thread === undefined ? undefined : threadName(run, this.thread)}
            message={messageName(run, app.link.state.message)}
            on={this.actions}
          />
        }
      />,
      this.root,
    );
  }
}

/** The name of the selected message: `jobs#17`. */
function messageName(run: Run, message: LinkState['message']): string | undefined {
  return message && `${run.channels[message.channel]?.label ?? ''}#${count(message.number)}`;
}

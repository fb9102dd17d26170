/** The page with all orders of a program: the reader chooses who goes next, or plays an order. */

import { render } from 'preact';
import type { Look } from '../app/look';
import { counted } from '../app/words';
import { threadName } from '../app/words';
import type { Layout } from '../belt/boxes';
import { layoutInside } from '../belt/layout';
import { type Plan, plan } from '../belt/plan';
import { Stage } from '../belt/stage';
import type { BeltPicture } from '../belt/state';
import { messageKey } from '../belt/loads';
import { endKey, type Stuck } from '../belt/stuck';
import { TargetType } from '../data/chunk';
import type { Run } from '../data/run';
import { type Marks, ProgramView } from '../lesson/program';
import type { Move, OrdersDocument } from './document';
import { Game } from './game';
import { pictureOf, type Prospect, runOf, usesOf, valuesOf } from './state';
import { Threads } from './threads';
import { Tree } from './tree-view';
import { challenge, circle, placeOf, remaining, sentence, summary, verdict } from './words';

/** How long a move of an order that is played is shown. */
const MOVE_MS = 1100;
const MOTION_MS = 500;

export class OrdersPage {
  readonly game: Game;
  private readonly run: Run;
  private readonly plan: Plan;
  private arranged: { layout: Layout; key: string } | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private frame: number | undefined;
  private motion = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly look: Look,
    private readonly document: OrdersDocument,
  ) {
    this.game = new Game(document);
    this.run = runOf(document);
    this.plan = plan(this.run, usesOf(document));
    addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (this.key(event)) event.preventDefault();
    });
    look.onChange(() => this.redraw());
    this.draw();
    // The panes have their sizes now.
    this.draw();
    new ResizeObserver(() => this.redraw()).observe(root);
  }

  private key(event: KeyboardEvent): boolean {
    const { key } = event;
    if (/^[1-9]$/.test(key)) return this.choose(Number(key) - 1);
    switch (key) {
      case 'u':
      case 'Backspace':
      case 'ArrowLeft':
        this.undo();
        return true;
      case 'ArrowRight':
        this.next();
        return true;
      case ' ':
        if (event.target instanceof HTMLButtonElement) return false;
        this.play();
        return true;
      case 'r':
      case 'Home':
        this.restart();
        return true;
      case 't':
        this.look.set({ theme: this.look.dark ? 'light' : 'dark' });
        return true;
      case 'b':
        this.look.set({ blackWhite: !this.look.state.blackWhite });
        return true;
      default:
        return false;
    }
  }

  private choose(thread: number): boolean {
    this.stop();
    return this.advance(thread);
  }

  private advance(thread: number): boolean {
    if (!this.game.choose(thread)) return false;
    this.motion = this.look.reducedMotion ? 0 : MOTION_MS;
    this.draw();
    return true;
  }

  private next(): void {
    const next = this.game.next();
    if (next !== undefined) this.choose(next);
  }

  private undo(): void {
    this.stop();
    if (!this.game.undo()) return;
    this.motion = this.look.reducedMotion ? 0 : MOTION_MS;
    this.draw();
  }

  private restart(): void {
    this.stop();
    this.game.restart();
    this.motion = 0;
    this.draw();
  }

  /** Plays an order from its start. */
  private load(order: number): void {
    this.stop();
    this.game.load(order);
    this.motion = 0;
    this.draw();
    this.play();
  }

  /** Plays the order on, or pauses. */
  private play(): void {
    if (this.timer !== undefined) {
      this.stop();
      this.draw();
      return;
    }
    const step = () => {
      this.timer = undefined;
      const [next] = this.game.planned;
      if (next === undefined) {
        this.draw();
        return;
      }
      this.timer = setTimeout(step, MOVE_MS);
      this.advance(next);
    };
    if (this.game.planned.length === 0) return;
    this.timer = setTimeout(step, MOVE_MS / 2);
    this.draw();
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private redraw(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.motion = 0;
      this.draw();
    });
  }

  private size(selector: string): { width: number; height: number } {
    const pane = this.root.querySelector(selector);
    return { width: pane?.clientWidth ?? 0, height: pane?.clientHeight ?? 0 };
  }

  private arrange(rem: number): Layout {
    const { width, height } = this.size('.belt-stage');
    const key = [width, height, rem].join();
    if (this.arranged?.key !== key) {
      const layout = arranged(this.plan, Math.max(width, 100), Math.max(height, 100), rem);
      this.arranged = { layout, key };
    }
    return this.arranged.layout;
  }

  private draw(): void {
    const { game, run, document: of } = this;
    const moves = game.moves;
    const prospects = game.prospects();
    const picture = pictureOf(of, run, moves, game.endedEarly ? undefined : prospects);
    const isOver = game.reached !== undefined || game.endedEarly;
    const stuck = stuckOf(run, picture, isOver && game.outcome?.kind === 'hang', prospects);
    const values = valuesOf(of, moves);
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    const tree = this.size('.orders-all-scroll');
    const said = sentence(run, moves);
    const ends = verdict(game, run, picture, prospects);
    const marks = marksOf(of, run, moves, prospects);
    const kind = game.endedEarly ? 'early' : (game.outcome?.kind ?? 'open');
    const { found, outcomes } = game;
    render(
      <>
        <header class="orders-header">
          <h1>{of.program}</h1>
          <p class="orders-challenge">
            <b>{challenge(game)}</b>
            {outcomes.length > 1 ? (
              <span class="orders-found">{` Found ${found.size} of ${counted(outcomes.length, 'outcome')}.`}</span>
            ) : null}
            {of.orders.length > 1 ? ` Seen ${game.seen.size} of ${counted(of.orders.length, 'order')}.` : null}
          </p>
          <span class="orders-tools">
            <button type="button" onClick={() => this.look.set({ theme: this.look.dark ? 'light' : 'dark' })}>
              {this.look.dark ? 'Light' : 'Dark'} <kbd>T</kbd>
            </button>
          </span>
        </header>
        <section class={`orders-now ${kind}`} aria-live="polite">
          <p class="orders-sentence">
            {said}
            {moves.length > 0 ? <small>{placeOf(moves[moves.length - 1])}</small> : null}
          </p>
          <p class="orders-verdict">{ends ?? (moves.length > 0 ? 'Choose who goes next.' : 'Keys 1 to 9 choose, too.')}</p>
        </section>
        <section class="orders-left">
          <Threads
            {...{ run, picture, prospects }}
            stuck={stuck.threads}
            next={game.planned[0]}
            onChoose={(thread) => this.choose(thread)}
          />
          <div class="orders-controls" role="toolbar" aria-label="Moves">
            <button type="button" class="orders-undo" disabled={moves.length === 0} onClick={() => this.undo()}>
              Undo <kbd>U</kbd>
            </button>
            <button type="button" class="orders-restart" disabled={moves.length === 0} onClick={() => this.restart()}>
              Restart <kbd>R</kbd>
            </button>
            <button type="button" class="orders-next" disabled={game.next() === undefined} onClick={() => this.next()}>
              Next <kbd>→</kbd>
            </button>
            <button type="button" class="orders-play" disabled={game.planned.length === 0} onClick={() => this.play()}>
              {this.timer === undefined ? 'Play' : 'Pause'} <kbd>Space</kbd>
            </button>
          </div>
        </section>
        <section class="orders-program">{this.programOf(moves, prospects, marks)}</section>
        <section class="belt orders-belt">
          <div class="belt-stage">
            {this.root.querySelector('.belt-stage') ? (
              <Stage
                run={run}
                layout={this.arrange(rem)}
                picture={picture}
                stuck={stuck}
                valueOf={(channel, number) => values.get(messageKey(channel, number))}
                selectedThread={undefined}
                selectedMessage={undefined}
                motion={this.motion}
                onThread={(thread) => this.choose(thread)}
                onMessage={() => {}}
              />
            ) : null}
          </div>
        </section>
        <section class="orders-all">
          <h2>{summary(game)}</h2>
          <p>{remaining(game)}</p>
          <div class="orders-all-scroll">
            {tree.width > 0 ? (
              <Tree
                {...{ game, run }}
                width={(tree.width - 14) / rem}
                height={tree.height / rem}
                onPlay={(order) => this.load(order)}
              />
            ) : null}
          </div>
        </section>
      </>,
      this.root,
    );
    this.root.dataset.moves = String(moves.length);
  }

  /** The file in which most goes on now. */
  private programOf(moves: readonly Move[], prospects: readonly Prospect[], marks: Map<string, Marks>) {
    const { files } = this.document;
    const used = [moves.at(-1), ...prospects.map((it) => it.move)].flatMap((it) => it?.place?.[0] ?? []);
    const program = files.find(({ file }) => file === used[0]) ?? files[0];
    if (!program) return <p class="orders-no-source">The source is not in this page.</p>;
    const none: Marks = { threads: new Map(), current: undefined };
    return <ProgramView program={program} marks={marks.get(program.file) ?? none} />;
  }
}

/** Sizes of text to try, in that of the page. */
const SCALES = [1.3, 1.15, 1, 0.9, 0.8, 0.7, 0.6];

/** The picture with the largest text; rather smaller than in several rows of workers or of locks. */
function arranged(plan: Plan, width: number, height: number, rem: number): Layout {
  const tries = SCALES.map((scale) => {
    const layout = layoutInside(plan, width, height, rem * scale);
    const shrink = Math.min(width / layout.width, height / layout.height, 1);
    const alone = layout.workers.filter((it) => plan.bystanders.includes(it.thread));
    const rows = [alone, layout.locks].map((boxes) => Math.max(new Set(boxes.map((it) => it.y)).size - 1, 0));
    return { layout, score: (layout.unit * shrink) / (1 + 0.4 * (rows[0] + rows[1])) };
  });
  const { layout } = tries.reduce((best, it) => (it.score > best.score + 0.01 ? it : best));
  // Room for the lines from workers to locks.
  const shrink = Math.min(width / layout.width, height / layout.height, 1);
  const spare = Math.min((height / shrink - layout.height) * 0.8, layout.unit * 5);
  const locks = layout.locks.map((box) => ({ ...box, y: box.y + spare }));
  return locks.length > 0 ? { ...layout, locks, height: layout.height + spare } : layout;
}

/** Who waits for ever. */
function stuckOf(run: Run, picture: BeltPicture, hangs: boolean, prospects: readonly Prospect[]): Stuck {
  const threads = new Set(hangs ? prospects.map((it) => it.thread) : circle(run, picture));
  const ends = new Set<string>();
  for (const thread of threads) {
    const wait = picture.workers.get(thread)?.wait;
    if (wait?.targetType === TargetType.channel) ends.add(endKey(wait.target, thread));
  }
  return { threads, ends, holders: new Map() };
}

/** By file: the lines at which threads are about to go on, and that of the last move. */
function marksOf(
  document: OrdersDocument,
  run: Run,
  moves: readonly Move[],
  prospects: readonly Prospect[],
): Map<string, Marks> {
  const last = moves.at(-1)?.place;
  const started = new Set(moves.flatMap((it) => it.effects.flatMap((effect) => ('spawn' in effect ? [effect.spawn.thread] : []))));
  const marks = new Map<string, Marks>();
  for (const { file } of document.files) {
    const threads = new Map<number, string[]>();
    for (const { thread, move } of prospects) {
      if (move.place?.[0] !== file || (thread !== 0 && !started.has(thread))) continue;
      const line = move.place[1];
      threads.set(line, [...(threads.get(line) ?? []), threadName(run, thread)]);
    }
    marks.set(file, { threads, current: last?.[0] === file ? last[1] : undefined });
  }
  return marks;
}

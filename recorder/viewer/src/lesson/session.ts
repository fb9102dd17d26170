/** A lesson that is taken: what has been answered, and how much of the run may be shown. */

import type { Keys, Lesson, Mount } from '../app/app';
import { isShown } from '../belt/state';
import type { Model } from '../data/model';
import { Curtain } from './curtain';
import type { LessonDocument } from './document';
import { framesOf, type KeyFrame } from './frames';
import type { Part } from './parts';
import { keep, NOTHING, type Progress, progressOf } from './progress';
import { type Stop, stopsOf } from './stops';

export class Session implements Lesson {
  /** The run, as far as it may be shown. */
  readonly curtain: Curtain;
  /** The run, as far as it has been played. */
  readonly played: Curtain;
  private playedSteps = 0;
  /** The belts before the steps that answer the questions, for paper. */
  frames: readonly KeyFrame[] = [];
  progress: Progress;
  /** Whether everything is shown, without answers. The browser does not keep this. */
  skipped = false;

  private constructor(
    readonly document: LessonDocument,
    readonly whole: Model,
    readonly stops: readonly Stop[],
    /** The last step that changes the picture. */
    readonly lastStep: number,
    readonly mount: Mount,
  ) {
    this.curtain = new Curtain(whole);
    this.played = new Curtain(whole);
    this.progress = progressOf(document.name);
  }

  static async open(document: LessonDocument, whole: Model, mount: Mount): Promise<Session> {
    let lastStep = 0;
    for (let step = 0; step < whole.index.steps; step += 1) {
      if (isShown((await whole.event(step)).kind)) lastStep = step;
    }
    const session = new Session(document, whole, await stopsOf(whole), lastStep, mount);
    await session.played.show(0);
    await session.raise();
    void framesOf(whole, session.stops.map((it) => it.limit - 1)).then((frames) => {
      session.frames = frames;
    });
    return session;
  }

  get title(): string {
    return `${this.document.number}. ${this.document.title}`;
  }

  readonly keys: Keys = [
    'The lesson',
    [
      ['A B C D', 'choose an answer'],
      ['→', 'after the last guess: to the run'],
      ['← →', 'one step of the run, or of both runs side by side'],
      ['Home End', 'to the first and to the last step that is shown'],
      ['Space', 'play and pause'],
      ['L', 'from another tab back to the lesson'],
    ],
  ];

  /** Whether the whole run may be shown. */
  get isOpen(): boolean {
    return this.curtain.isOpen;
  }

  /** Index of the first guess that is not made, or −1. */
  get openGuess(): number {
    return this.document.guesses.findIndex((_, i) => this.progress.guesses[i] === undefined);
  }

  get hasGuessed(): boolean {
    return this.skipped || this.openGuess < 0;
  }

  /** The next question of the run that is not answered. */
  get nextStop(): Stop | undefined {
    if (this.skipped) return undefined;
    return this.stops.find(({ step }) => this.progress.stops[step] === undefined);
  }

  /** The question that is asked at this step. */
  askedAt(step: number): Stop | undefined {
    const stop = this.nextStop;
    return stop && step >= stop.limit - 1 ? stop : undefined;
  }

  isStop(step: number | undefined): boolean {
    return this.stops.some((it) => it.step === step);
  }

  /** Whether a part can be shown already. */
  has(part: Part): boolean {
    if (part === 'guess') return true;
    return this.hasGuessed && (part === 'run' || this.skipped || this.progress.seen);
  }

  async guess(number: number, option: number): Promise<void> {
    this.set({ guesses: { ...this.progress.guesses, [number]: option } });
    await this.raise();
  }

  async answer({ step }: Stop, option: number): Promise<void> {
    this.set({ stops: { ...this.progress.stops, [step]: option } });
    await this.raise();
  }

  change(number: number, option: number): void {
    this.set({ changes: { ...this.progress.changes, [number]: option } });
  }

  /** The reader has come to a step. */
  reach(step: number): void {
    if (this.hasGuessed) void this.play(step + 1);
    if (this.isOpen && step >= this.lastStep && !this.progress.seen) this.set({ seen: true });
  }

  finish(): void {
    this.set({ done: true });
  }

  async skip(): Promise<void> {
    this.skipped = true;
    await this.raise();
    await this.play(this.whole.index.steps);
  }

  async forget(): Promise<void> {
    this.skipped = false;
    this.progress = NOTHING;
    keep(this.document.name, NOTHING);
    this.playedSteps = 0;
    await this.played.show(0);
    await this.raise();
  }

  /** What has been played stays in view. */
  private async play(steps: number): Promise<void> {
    const isWhole = this.isOpen && steps > this.lastStep;
    const wanted = isWhole ? this.whole.index.steps : Math.min(steps, this.curtain.index.steps);
    if (wanted <= this.playedSteps) return;
    this.playedSteps = wanted;
    await this.played.show(wanted);
  }

  private set(change: Partial<Progress>): void {
    this.progress = { ...this.progress, ...change };
    if (!this.skipped) keep(this.document.name, this.progress);
  }

  /** Raises the curtain as far as the answers allow. */
  private async raise(): Promise<void> {
    const steps = this.hasGuessed ? (this.nextStop?.limit ?? this.whole.index.steps) : 0;
    await this.curtain.show(steps);
  }
}

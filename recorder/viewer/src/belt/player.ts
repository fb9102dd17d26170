/** Plays a run: by steps, or by time. */

export type Pace = 'steps' | 'time';

export interface Playback {
  /** The next step, or `undefined` at the end. */
  next(step: number): Promise<number | undefined>;
  timeOf(step: number): Promise<number>;
  /** Length of the run in nanoseconds. */
  length(): number;
  /** Shows a step; parcels move for `motion` milliseconds. */
  show(step: number, motion: number): Promise<void>;
  /** Whether it plays, its speed, or a pause that it shortens has changed. */
  changed(): void;
}

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 64] as const;

/** At speed 1: how long a step is shown, and how long a whole run takes by time. */
const STEP_MS = 1000;
const RUN_MS = 20_000;
/** Pauses of a run by time are not longer than this. */
const MAX_PAUSE_MS = 1500;
/** Steps that follow each other faster are skipped. */
const FRAME_MS = 30;
const MAX_MOTION_MS = 600;

export class Player {
  playing = false;
  pace: Pace = 'steps';
  speed = 1;
  /** The time of the run that is left out now, in nanoseconds. */
  skipping: number | undefined;
  private run = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wake: (() => void) | undefined;

  constructor(private readonly playback: Playback) {}

  /** Nanoseconds of the run in a millisecond of the player. */
  get rate(): number {
    return Math.max(this.playback.length() / RUN_MS, 1) * this.speed;
  }

  /** How long parcels move after a step that is shown for itself. */
  get motion(): number {
    return Math.min(MAX_MOTION_MS, (STEP_MS * 0.6) / this.speed);
  }

  setPace(pace: Pace): void {
    this.pace = pace;
    this.hurry();
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    this.hurry();
  }

  stop(): void {
    if (!this.playing) return;
    this.playing = false;
    this.skipping = undefined;
    this.hurry();
  }

  /** Plays from a step on. */
  async start(from: number): Promise<void> {
    if (this.playing) return;
    this.playing = true;
    this.run += 1;
    const run = this.run;
    this.playback.changed();
    let step = from;
    let due = performance.now();
    while (this.playing && run === this.run) {
      const next = await this.playback.next(step);
      if (next === undefined) break;
      const { delay, skipped } = await this.delay(step, next);
      if (skipped !== this.skipping) {
        this.skipping = skipped;
        this.playback.changed();
      }
      due = Math.max(due + delay, performance.now() - 200);
      step = next;
      const ahead = due - performance.now();
      if (ahead < 0 && delay < FRAME_MS) continue;
      await this.sleep(Math.max(ahead, delay < FRAME_MS ? FRAME_MS / 2 : 0));
      if (!this.playing || run !== this.run) return;
      await this.playback.show(step, Math.min(MAX_MOTION_MS, delay * 0.65));
    }
    if (run !== this.run) return;
    if (this.playing) await this.playback.show(step, 0);
    this.playing = false;
    this.skipping = undefined;
    this.playback.changed();
  }

  private async delay(step: number, next: number): Promise<{ delay: number; skipped?: number }> {
    if (this.pace === 'steps') return { delay: STEP_MS / this.speed };
    const [before, after] = await Promise.all([
      this.playback.timeOf(step),
      this.playback.timeOf(next),
    ]);
    const length = Math.max(after - before, 0);
    const delay = length / this.rate;
    if (delay <= MAX_PAUSE_MS) return { delay };
    return { delay: MAX_PAUSE_MS, skipped: length };
  }

  private sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      this.timer = setTimeout(resolve, milliseconds);
    });
  }

  /** Ends the pause between two steps. */
  private hurry(): void {
    clearTimeout(this.timer);
    this.wake?.();
    this.playback.changed();
  }
}

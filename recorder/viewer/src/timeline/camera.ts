/** Shortest visible span, in ns. */
const MIN_SPAN = 40;
/** Free space beside the run when all of it is visible, as a share of the run. */
const MARGIN = 0.02;
/** Time constant of the motion towards a target, in ms. */
const GLIDE = 45;

/**
 * The visible range of time, in ns. Moves either jump, as a drag does, or glide to a target.
 */
export class Camera {
  from = 0;
  to = 1;
  /** End of the run, in ns. */
  end = 1;
  /** Whether the right edge follows the end of a run that grows. */
  follows = true;
  private targetFrom = 0;
  private targetTo = 1;

  constructor(private readonly glides: () => boolean) {}

  get span(): number {
    return this.to - this.from;
  }

  /** Where the camera will rest. */
  get target(): { from: number; to: number } {
    return { from: this.targetFrom, to: this.targetTo };
  }

  get moving(): boolean {
    return this.from !== this.targetFrom || this.to !== this.targetTo;
  }

  whole(): { from: number; to: number } {
    const margin = Math.max(this.end * MARGIN, 1);
    return { from: -margin, to: this.end + margin };
  }

  /** Sets the end of the run, and follows it if it was in view. */
  grow(end: number): void {
    if (end === this.end) return;
    const whole = this.whole();
    const wasWhole = this.targetFrom <= whole.from && this.targetTo >= whole.to;
    const growth = end - this.end;
    const before = this.end;
    this.end = Math.max(end, 1);
    if (growth < 0 && !wasWhole) this.jump(this.targetFrom, this.targetTo);
    if (!this.follows || (growth < 0 && !wasWhole)) return;
    if (wasWhole || before <= 1) {
      const { from, to } = this.whole();
      this.jump(from, to);
    } else {
      this.jump(this.targetFrom + growth, this.targetTo + growth);
    }
  }

  jump(from: number, to: number): void {
    this.aim(from, to);
    this.from = this.targetFrom;
    this.to = this.targetTo;
  }

  glide(from: number, to: number): void {
    this.aim(from, to);
    if (!this.glides()) this.jump(from, to);
  }

  /** Scales the span by `factor` around the time `at`, which keeps its place. */
  zoom(factor: number, at: number): void {
    const { from, to } = this.target;
    const whole = this.whole();
    const longest = whole.to - whole.from;
    const span = Math.min(Math.max((to - from) * factor, MIN_SPAN), longest);
    // The place of `at` in the target can differ from its place in a picture that still glides.
    const share = (at - this.from) / this.span;
    this.glide(at - share * span, at + (1 - share) * span);
  }

  /** Moves by a share of the visible span. */
  pan(share: number): void {
    const { from, to } = this.target;
    const shift = share * (to - from);
    this.glide(from + shift, to + shift);
  }

  /** Moves to show `time`, if it is not in the middle nine tenths of the target. */
  reveal(time: number): void {
    const { from, to } = this.target;
    const span = to - from;
    if (time >= from + span * 0.05 && time <= to - span * 0.05) return;
    this.glide(time - span / 2, time + span / 2);
  }

  /** Advances a glide by `elapsed` ms. */
  step(elapsed: number): void {
    if (!this.moving) return;
    const share = 1 - Math.exp(-elapsed / GLIDE);
    this.from += (this.targetFrom - this.from) * share;
    this.to += (this.targetTo - this.to) * share;
    const rest = Math.abs(this.targetFrom - this.from) + Math.abs(this.targetTo - this.to);
    if (rest < (this.targetTo - this.targetFrom) / 4000) {
      this.from = this.targetFrom;
      this.to = this.targetTo;
    }
  }

  private aim(from: number, to: number): void {
    const whole = this.whole();
    const longest = whole.to - whole.from;
    const span = Math.min(Math.max(to - from, MIN_SPAN), longest);
    let start = from + (to - from - span) / 2;
    start = Math.min(Math.max(start, whole.from), whole.to - span);
    this.targetFrom = start;
    this.targetTo = start + span;
    this.follows = this.targetTo >= this.end;
  }
}

/** The windows that the timeline is drawn from, and when to request new ones. */

import { Cancelled, type Model } from '../data/model';
import type { Window } from '../data/window';
import { type Detail, detailOf } from './detail';

/** Shortest time between two requests while the view moves, in ms. */
const MOVING_INTERVAL = 60;
/** A request that took long is followed by a pause of this many times as long while the view moves. */
const PAUSE = 2;
/** Shortest time between two requests for the whole of a run that grows, in ms. */
const OVERVIEW_INTERVAL = 500;
/** A window contains this share of the span more on each side, for moves. */
export const OVERSCAN = 0.35;

/** An empty end of the run is not shown if less than this part of the run is used. */
const MIN_USED = 0.9;

interface View {
  readonly from: number;
  readonly to: number;
  /** Width in px. */
  readonly width: number;
}

export class Answers {
  overview: Window | undefined;
  window: Window | undefined;
  detail: Detail | undefined;
  /** Greatest depth of each channel so far. */
  readonly greatest = new Map<number, number>();
  /** Locks that are held at some time. */
  locks: number[] = [];
  /** Counts the answers, so that a picture can be compared with them. */
  version = 0;
  private requested:
    { from: number; to: number; width: number; revision: number; until: number; at: number } | undefined;
  private lastBin = 0;
  private waiting = false;
  private pausesUntil = 0;
  private requestedOverview = { width: 0, revision: -1, at: -Infinity };
  private overviewWaits = false;

  constructor(
    private readonly model: Model,
    private readonly changed: () => void,
  ) {}

  /**
   * The end of the time that is worth showing. Recording can go on after the program has ended, and
   * nothing happens in that time.
   */
  get end(): number {
    const { index } = this.model;
    const { overview } = this;
    if (!overview || !index.done) return index.end;
    const last = overview.from + (this.lastBin + 1) * overview.binNs;
    return last < index.end * MIN_USED ? last : index.end;
  }

  /** Why nothing is in view although something happens there. */
  get problem(): string | undefined {
    const { window } = this;
    const isEmpty = window && window.threads.size === 0 && window.eventCount > 0;
    return isEmpty ? this.model.trouble : undefined;
  }

  /** Requests the whole run if it has grown or if the width has changed. */
  requestOverview(width: number, now: number): void {
    const { index } = this.model;
    const before = this.requestedOverview;
    if (this.overviewWaits || (before.width === width && before.revision === index.revision))
      return;
    if (before.width === width && now - before.at < OVERVIEW_INTERVAL && !index.done) return;
    this.requestedOverview = { width, revision: index.revision, at: now };
    this.overviewWaits = true;
    const whole = this.model.window(0, Math.max(index.end, 1), width, 'timeline overview');
    whole
      .then((window) => this.takeOverview(window))
      .catch((error) => {
        ignoreCancelled(error);
        this.requestedOverview.revision = -1;
      })
      .finally(() => {
        this.overviewWaits = false;
      });
  }

  /** Whether a request is due; it can be too early for it while the view moves. */
  isDue(view: View): boolean {
    const { requested } = this;
    if (!requested || requested.width !== view.width) return true;
    // What was requested may have grown since.
    const reached = Math.min(requested.to, requested.until);
    if (requested.revision !== this.model.index.revision && view.to >= reached) return true;
    const { end } = this.model.index;
    if (Math.max(view.from, 0) < requested.from || Math.min(view.to, end) > requested.to)
      return true;
    return (
      levelOf(view.to - view.from, view.width) !==
      levelOf(requested.to - requested.from, requested.width * (1 + 2 * OVERSCAN))
    );
  }

  /** Requests what a view needs. Returns whether it has been requested. */
  request(view: View, now: number, moving: boolean): boolean {
    if (!this.isDue(view)) return true;
    if (moving && (this.waiting || now < this.pausesUntil)) return false;
    const more = (view.to - view.from) * OVERSCAN;
    const from = view.from - more;
    const to = view.to + more;
    const { end, revision, until } = this.model.index;
    this.requested = { from, to, width: view.width, revision, until, at: now };
    this.waiting = true;
    const requested = this.requested;
    const [first, last] = [Math.min(Math.max(from, 0), end), Math.max(Math.min(to, end), 1)];
    const pixels = Math.max(Math.round((view.width * (last - first)) / (view.to - view.from)), 1);
    this.model
      .window(first, Math.max(last, first + 1), pixels, 'timeline', (coarse) => this.take(coarse))
      .then((window) => this.take(window))
      .catch((error) => {
        ignoreCancelled(error);
        // The next frame, when something changes, tries again.
        if (this.requested === requested && !(error instanceof Cancelled)) this.requested = undefined;
      })
      .finally(() => {
        if (this.requested !== requested && this.requested) return;
        this.waiting = false;
        const answered = performance.now();
        this.pausesUntil = Math.max(
          now + MOVING_INTERVAL,
          answered + PAUSE * (answered - now - MOVING_INTERVAL),
        );
      });
    return true;
  }

  private take(window: Window): void {
    this.window = window;
    this.detail = detailOf(this.model.run, window);
    this.addDepths(window);
    this.version++;
    this.changed();
  }

  private takeOverview(window: Window): void {
    this.overview = window;
    this.lastBin = this.findLastBin(window);
    this.addDepths(window);
    const locks = [...window.locks.keys()];
    if (locks.length !== this.locks.length) this.locks = locks.sort((a, b) => a - b);
    this.version++;
    this.changed();
  }

  /** The last bin of the overview in which a thread lives; the last of all if none is known. */
  private findLastBin({ threads, bins }: Window): number {
    if (threads.size === 0) return bins - 1;
    let last = 0;
    for (const { ns } of threads.values()) {
      for (const values of ns) {
        if (!values) continue;
        for (let bin = bins - 1; bin > last; bin--) if (values[bin] > 0) last = bin;
      }
    }
    return last;
  }

  private addDepths({ channels }: Window): void {
    for (const [channel, bins] of channels) {
      let most = Math.max(this.greatest.get(channel) ?? 0, bins.depthBefore);
      for (const max of bins.max) if (max > most) most = max;
      this.greatest.set(channel, most);
    }
  }
}

function levelOf(span: number, pixels: number): number {
  return Math.floor(Math.log2(Math.max(span / pixels, 1)));
}

function ignoreCancelled(error: unknown): void {
  if (!(error instanceof Cancelled)) console.error(error);
}

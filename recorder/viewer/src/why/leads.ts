/** What the links of the tab lead to: lanes, times and steps on the timeline. */

import type { App } from '../app/app';
import type { Finding } from '../data/run';
import type { Segment } from './path';

/** Part of a range that is shown before and after it. */
const AROUND = 0.08;
/** The shortest range that is shown, as a part of the run. */
const SHORTEST = 1 / 500;

export interface Range {
  from: number;
  to: number;
}

export class Leads {
  constructor(private readonly app: App) {}

  /** Shows lanes: `t3` is a thread, `c0` a channel, `p2` a primitive. */
  toLanes(...lanes: string[]): void {
    this.app.link.set({ tab: 'timeline', lanes, path: undefined }, true);
  }

  toThread(thread: number): void {
    this.toLanes(`t${thread}`);
  }

  toChannel(channel: number): void {
    this.toLanes(`c${channel}`);
  }

  toPrimitive(primitive: number): void {
    this.toLanes(`p${primitive}`);
  }

  /** Shows the time of a finding, its threads, channels and locks. */
  toFinding(finding: Finding, number: number): void {
    const lanes = [
      ...finding.threads.map((it) => `t${it}`),
      ...finding.channels.map((it) => `c${it}`),
      ...finding.primitives.map((it) => `p${it}`),
    ];
    const range = this.widened(extent(finding));
    const shown = { ...range, lanes, finding: number, path: undefined };
    this.app.link.set({ tab: 'timeline', ...shown }, true);
  }

  /** Shows what a thread does at a time, and selects the step. */
  async toTime(thread: number, time: number, around?: Range): Promise<void> {
    const lanes = [`t${thread}`];
    const range = this.widened(around ?? { from: time, to: time });
    this.app.link.set({ tab: 'timeline', ...range, lanes, path: undefined }, true);
    const step = await this.app.model.find(thread, time);
    if (step !== undefined) this.app.select(step);
  }

  /** Shows a piece of the critical path. */
  toSegment(segment: Segment): void {
    const range = this.widened(segment);
    this.app.link.set({ tab: 'timeline', ...range, lanes: [`t${segment.thread}`], path: true }, true);
  }

  /** Draws the critical path through the timeline of the whole run. */
  toPath(): void {
    const { duration, completeFrom } = this.app.model.run;
    this.app.link.set({ tab: 'timeline', from: completeFrom, to: duration, path: true }, true);
  }

  private widened({ from, to }: Range): Range {
    const { index, run } = this.app.model;
    const end = Math.max(index.end, run.duration);
    const around = Math.max((to - from) * AROUND, (end * SHORTEST - (to - from)) / 2, 500);
    return { from: Math.max(0, from - around), to: Math.min(end, to + around) };
  }
}

/** The times of a finding and of the events that show it. */
export function extent(finding: Finding): Range {
  const times = finding.evidence.map((it) => it.time);
  return {
    from: Math.min(finding.from, ...times),
    to: Math.max(finding.to, ...times),
  };
}

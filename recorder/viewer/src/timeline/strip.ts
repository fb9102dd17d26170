/** The whole run in one row: the states of all threads as shares. Drawn again when it changes. */

import type { Run } from '../data/run';
import type { ThreadBins, Window } from '../data/window';
import type { Answers } from './answers';
import type { Palette } from './palette';
import { paintShares } from './shares';

export class Strip {
  private readonly canvas = document.createElement('canvas');
  private drawn = '';

  draw(
    ctx: CanvasRenderingContext2D,
    palette: Palette,
    row: { top: number; height: number },
    width: number,
    answers: Answers,
    whole: { from: number; to: number },
    run: Run,
    look: number,
  ): void {
    const { overview } = answers;
    ctx.fillStyle = palette.panel;
    ctx.fillRect(0, row.top, width, row.height);
    if (!overview) return;
    const key = `${whole.from} ${whole.to} ${answers.version} ${look} ${width} ${row.height}`;
    if (key !== this.drawn) {
      this.drawn = key;
      this.paint(palette, row.height, width, overview, whole, run);
    }
    ctx.drawImage(this.canvas, 0, row.top, width, row.height);
  }

  private paint(
    palette: Palette,
    height: number,
    width: number,
    overview: Window,
    whole: { from: number; to: number },
    run: Run,
  ): void {
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const on = this.canvas.getContext('2d', { alpha: false });
    if (!on) return;
    on.setTransform(ratio, 0, 0, ratio, 0, 0);
    on.fillStyle = palette.panel;
    on.fillRect(0, 0, width, height);
    const threads = run.threadOrder.flatMap((thread) => overview.threads.get(thread) ?? []);
    const scene = { ctx: on, palette, ...whole, width };
    paintShares(scene, overview, threads, 1, height - 2, 0, width, mostAlive(overview, threads));
  }
}

/** The greatest number of threads that live at a time. */
function mostAlive(window: Window, threads: readonly ThreadBins[]): number {
  const sums = new Float64Array(window.bins);
  for (const { ns } of threads) {
    for (const values of ns) {
      if (!values) continue;
      for (let bin = 0; bin < sums.length; bin++) sums[bin] += values[bin];
    }
  }
  return Math.max(sums.reduce((most, ns) => Math.max(most, ns), 0) / window.binNs, 1);
}

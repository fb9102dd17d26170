/** The whole run in one row: the states of all threads as shares. Drawn again when it changes. */

import type { Run } from '../data/run';
import type { Answers } from './answers';
import type { Palette } from './palette';
import { paintShares } from './threads';

export class Strip {
  private readonly canvas = document.createElement('canvas');
  private drawn = '';

  draw(
    ctx: CanvasRenderingContext2D,
    palette: Palette,
    row: { top: number; height: number },
    width: number,
    answers: Answers,
    run: Run,
    look: number,
  ): void {
    const { overview } = answers;
    ctx.fillStyle = palette.panel;
    ctx.fillRect(0, row.top, width, row.height);
    if (!overview) return;
    const key = `${overview.from} ${overview.to} ${answers.version} ${look} ${width} ${row.height}`;
    if (key !== this.drawn) {
      this.drawn = key;
      this.paint(palette, row.height, width, answers, run);
    }
    ctx.drawImage(this.canvas, 0, row.top, width, row.height);
  }

  private paint(palette: Palette, height: number, width: number, answers: Answers, run: Run): void {
    const { overview } = answers;
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const on = this.canvas.getContext('2d', { alpha: false });
    if (!on || !overview) return;
    on.setTransform(ratio, 0, 0, ratio, 0, 0);
    on.fillStyle = palette.panel;
    on.fillRect(0, 0, width, height);
    const threads = run.threadOrder.flatMap((thread) => overview.threads.get(thread) ?? []);
    const scene = { ctx: on, palette, from: 0, to: Math.max(answers.end, 1), width };
    paintShares(scene, overview, threads, 1, height - 2, 0, width);
  }
}

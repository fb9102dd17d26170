/** The lanes as a picture, painted in small pieces so that frames stay short. */

import { type Bundle, bundles, paintArrows, paintCounts } from './arrows';
import { paintChannel } from './channels';
import { type Lane } from './lanes';
import { paintLock } from './locks';
import { paintPath } from './path';
import { labelCount } from './head';
import { type Scene, xOf } from './scene';
import { ticks } from './ticks';
import { paintGroup, paintMarkNames, paintMarks, paintStateNames, paintStates } from './threads';

/**
 * Paints a scene. Each `yield` is a place where the next frame may come first. Returns the arrows.
 */
export function* paint(scene: Scene): Generator<void, Bundle[]> {
  const { ctx, palette } = scene;
  const visible = scene.lanes.all.filter(
    (lane) => lane.top + lane.height > scene.top && lane.top < scene.bottom,
  );
  ctx.fillStyle = palette.ground;
  ctx.fillRect(0, scene.top, scene.width, scene.bottom - scene.top);
  for (const lane of visible) paintGround(scene, lane);
  paintGrid(scene);
  const threads = visible.filter((lane) => lane.kind === 'thread');
  for (const lane of visible) {
    if (lane.kind === 'thread') paintStates(scene, lane);
    else if (lane.kind === 'channel') paintChannel(scene, lane);
    else if (lane.kind === 'lock') paintLock(scene, lane);
    else if (lane.collapsed && lane.members.length) paintGroup(scene, lane);
    yield;
  }
  const all = bundles(scene);
  yield;
  paintArrows(scene, all);
  yield;
  if (scene.path) paintPath(scene, scene.path);
  for (const lane of threads) {
    paintMarks(scene, lane);
    yield;
  }
  for (const lane of threads) {
    paintStateNames(scene, lane);
    paintMarkNames(scene, lane);
    yield;
  }
  paintCounts(scene, all);
  return all;
}

function paintGround({ ctx, palette, width }: Scene, lane: Lane): void {
  if (lane.kind === 'heading') {
    ctx.fillStyle = palette.panel;
    ctx.fillRect(0, lane.top, width, lane.height);
    return;
  }
  ctx.fillStyle = palette.line;
  ctx.globalAlpha = 0.6;
  ctx.fillRect(0, lane.top + lane.height - 1, width, 1);
  ctx.globalAlpha = 1;
}

/** Lines at the times that have a label on the axis. */
function paintGrid(scene: Scene): void {
  const { ctx, palette } = scene;
  const count = labelCount(palette, scene.width);
  ctx.strokeStyle = palette.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const { time } of ticks(scene.from, scene.to, count).major) {
    const x = Math.round(xOf(scene, time)) + 0.5;
    ctx.moveTo(x, scene.top);
    ctx.lineTo(x, scene.bottom);
  }
  ctx.stroke();
}

/** A painted range of time and of lanes. */
interface Sheet {
  readonly canvas: HTMLCanvasElement;
  readonly ctx: CanvasRenderingContext2D;
  from: number;
  to: number;
  top: number;
  /** In px of the page. */
  width: number;
  height: number;
  /** Identifies everything else that the picture depends on. */
  content: string;
  bundles: readonly Bundle[];
}

/** Two sheets: one is shown while the other one is painted. */
export class Picture {
  private front = newSheet();
  private back = newSheet();
  private work: Generator<void, Bundle[]> | undefined;
  private empty = true;

  get painting(): boolean {
    return this.work !== undefined;
  }

  /** Starts to paint. `scene` has everything but the context. */
  start(scene: Omit<Scene, 'ctx'>, ratio: number, content: string): void {
    const { back } = this;
    const height = scene.bottom - scene.top;
    const pixels = [
      Math.max(Math.round(scene.width * ratio), 1),
      Math.max(Math.round(height * ratio), 1),
    ];
    if (back.canvas.width !== pixels[0] || back.canvas.height !== pixels[1]) {
      [back.canvas.width, back.canvas.height] = pixels;
    }
    back.from = scene.from;
    back.to = scene.to;
    back.top = scene.top;
    back.width = scene.width;
    back.height = height;
    back.content = content;
    back.ctx.setTransform(ratio, 0, 0, ratio, 0, -scene.top * ratio);
    this.work = paint({ ...scene, ctx: back.ctx });
  }

  /** Goes on for about `budget` ms. Returns whether a new picture is ready. */
  advance(budget: number): boolean {
    if (!this.work) return false;
    const start = performance.now();
    let step = this.work.next();
    while (!step.done && performance.now() - start < budget) step = this.work.next();
    if (!step.done) return false;
    this.back.bundles = step.value;
    this.work = undefined;
    this.empty = false;
    [this.front, this.back] = [this.back, this.front];
    return true;
  }

  /** Shows the picture where its times and lanes are now. */
  show(ctx: CanvasRenderingContext2D, from: number, to: number, width: number, top: number): void {
    const { front } = this;
    if (this.empty || front.canvas.width === 0) return;
    const scale = width / (to - from);
    const x = (front.from - from) * scale;
    const wide = (front.to - front.from) * scale;
    const still = Math.abs(wide - front.width) < 0.01;
    // Without a change of scale the pixels stay sharp.
    const left = still ? Math.round(x * devicePixelRatio) / devicePixelRatio : x;
    // Only the visible part is copied; while the scale changes speed is more than beauty.
    ctx.imageSmoothingEnabled = still;
    const ratio = front.canvas.width / front.width;
    const shown = still ? front.width : wide;
    const source = front.width / shown;
    const first = Math.max(-left, 0);
    const last = Math.min(width - left, shown);
    if (last <= first) return;
    ctx.drawImage(
      front.canvas,
      first * source * ratio,
      0,
      (last - first) * source * ratio,
      front.canvas.height,
      left + first,
      front.top - top,
      last - first,
      front.height,
    );
    ctx.imageSmoothingEnabled = true;
  }

  /** The arrows, with `x` in px of a view. */
  bundlesIn(from: number, to: number, width: number): Bundle[] {
    const { front } = this;
    const scale = ((front.to - front.from) / front.width) * (width / (to - from));
    const shift = ((front.from - from) * width) / (to - from);
    return front.bundles.map((one) => ({
      ...one,
      x1: shift + one.x1 * scale,
      x2: shift + one.x2 * scale,
    }));
  }

  /** Whether the picture can be shown without a change of scale and without gaps. */
  covers(from: number, to: number, width: number, top: number, content: string): boolean {
    const { front } = this;
    if (this.empty || front.content !== content || front.top !== top) return false;
    const scale = ((front.to - front.from) / front.width) * (width / (to - from));
    return from >= front.from && to <= front.to && Math.abs(scale - 1) < 1e-6;
  }
}

function newSheet(): Sheet {
  const canvas = document.createElement('canvas');
  const ctx = canvas.getContext('2d', { alpha: false });
  if (!ctx) throw new Error('the browser has no 2D canvas');
  return { canvas, ctx, from: 0, to: 1, top: 0, width: 1, height: 1, content: '', bundles: [] };
}

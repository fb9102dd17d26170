/** Prints all lanes as one picture that fits the page, in light colours. */

import { drawAxis, drawFlags } from './head';
import { arrangeLanes } from './lanes';
import { drawFindings, drawScales } from './overlay';
import { type Palette, readPalette } from './palette';
import { paint } from './picture';
import type { Scene } from './scene';
import { textWidth } from './texts';
import type { Timeline } from './timeline';

/** Size of the picture in px; it is scaled to the page. */
const WIDTH = 1050;
const HEIGHT = 700;
const NAMES = 170;
const MAX_HEIGHT = 4_000;
/** Pixels for each px, so that text is sharp on paper. */
const RATIO = 2;

export function printTimeline(timeline: Timeline, root: HTMLElement): void {
  const { dataset } = document.documentElement;
  let sheet: HTMLCanvasElement | undefined;
  let theme: string | undefined;
  addEventListener('beforeprint', () => {
    if (sheet || !root.isConnected || root.hidden) return;
    theme = dataset.theme;
    dataset.theme = 'light';
    // No frame comes before the page is printed.
    timeline.restyle();
    timeline.onFrame();
    sheet = paintSheet(timeline, root);
    sheet.className = 'sheet';
    root.append(sheet);
  });
  addEventListener('afterprint', () => {
    if (!sheet) return;
    sheet.remove();
    sheet = undefined;
    dataset.theme = theme;
    timeline.restyle();
  });
}

function paintSheet(timeline: Timeline, root: HTMLElement): HTMLCanvasElement {
  const { app, answers, camera, collapsed, head } = timeline;
  const { run, report, index } = app.model;
  const canvas = document.createElement('canvas');
  const ctx = canvas.getContext('2d', { alpha: false });
  if (!ctx) return canvas;
  const palette = readPalette(root, ctx);
  const lanes = arrangeLanes(run, answers.locks, collapsed, HEIGHT - head.height, palette.em);
  const top = head.axis.top;
  const height = Math.min(head.height - top + lanes.height, MAX_HEIGHT);
  canvas.width = WIDTH * RATIO;
  canvas.height = height * RATIO;
  const width = WIDTH - NAMES;
  const scene: Scene = {
    ...timeline.view(camera.from, camera.to, width, 0),
    ctx,
    palette,
    lanes,
    top: 0,
    bottom: lanes.height,
  };
  ctx.setTransform(RATIO, 0, 0, RATIO, 0, 0);
  ctx.fillStyle = palette.ground;
  ctx.fillRect(0, 0, WIDTH, height);
  ctx.setTransform(RATIO, 0, 0, RATIO, NAMES * RATIO, (head.height - top) * RATIO);
  for (const _ of paint(scene));
  drawFindings(scene, report?.findings ?? [], undefined);
  drawScales(scene);
  paintNames(scene, palette);
  ctx.setTransform(RATIO, 0, 0, RATIO, NAMES * RATIO, -top * RATIO);
  drawAxis(ctx, palette, head.axis, camera, width);
  drawFlags(ctx, palette, head.flags, report?.findings ?? [], camera, width, undefined);
  ctx.setTransform(RATIO, 0, 0, RATIO, 0, 0);
  ctx.font = palette.boldFont;
  ctx.fillStyle = palette.text;
  ctx.fillText(
    `${run.name}, ${index.done ? '' : 'unfinished, '}time`,
    6,
    palette.small * 1.2,
    NAMES - 12,
  );
  return canvas;
}

function paintNames({ ctx, lanes }: Scene, palette: Palette): void {
  for (const lane of lanes.all) {
    const isHeading = lane.kind === 'heading';
    ctx.font = isHeading ? palette.smallFont : palette.boldFont;
    ctx.fillStyle = isHeading ? palette.muted : palette.text;
    const middle = lane.top + lane.height / 2 + palette.small * 0.35;
    const below = !isHeading && lane.detail && lane.height > 2.7 * palette.em;
    drawShortened(ctx, lane.title, below ? middle - palette.small * 0.6 : middle);
    if (!below) continue;
    ctx.font = palette.smallFont;
    ctx.fillStyle = palette.muted;
    drawShortened(ctx, lane.detail, middle + palette.small * 0.65);
  }
}

function drawShortened(ctx: CanvasRenderingContext2D, text: string, baseline: number): void {
  let shown = text;
  while (shown.length > 1 && textWidth(ctx, shown) > NAMES - 14) shown = `${shown.slice(0, -2)}…`;
  ctx.fillText(shown, 6 - NAMES, baseline);
}

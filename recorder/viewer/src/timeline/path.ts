/** The critical path over the lanes of the threads. */

import type { Segment } from '../why/path';
import { laneOf } from './arrows';
import { threadParts } from './lanes';
import { type Scene, xOf } from './scene';

const WIDTH = 3;

/** Draws a line along the lane of each piece, and a step where the thread changes. */
export function paintPath(scene: Scene, path: readonly Segment[]): void {
  const { ctx, palette, lanes } = scene;
  ctx.beginPath();
  let before: { x: number; y: number } | undefined;
  for (const segment of path) {
    const lane = laneOf(lanes, segment.thread);
    if (!lane) continue;
    const { barTop, barHeight } = threadParts(lane, palette.em);
    // Low in the bar, where it hides neither names nor marks.
    const y = Math.round(barTop + barHeight - WIDTH - 1) + 0.5;
    const left = clamp(xOf(scene, segment.from), scene.width);
    const right = clamp(xOf(scene, segment.to), scene.width);
    if (before) ctx.lineTo(left, y);
    else ctx.moveTo(left, y);
    ctx.lineTo(right, y);
    before = { x: right, y };
  }
  ctx.lineJoin = 'round';
  ctx.strokeStyle = palette.ground;
  ctx.lineWidth = WIDTH + 3;
  ctx.stroke();
  ctx.strokeStyle = palette.accent;
  ctx.lineWidth = WIDTH;
  ctx.stroke();
  ctx.lineJoin = 'miter';
}

/** Lines far outside of the picture would be drawn slowly. */
function clamp(x: number, width: number): number {
  return Math.min(Math.max(x, -20), width + 20);
}

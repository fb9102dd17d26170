/** The lanes of locks: when they are held, and by whom. */

import { threadName } from '../app/words';
import { TargetType } from '../data/chunk';
import { type Lane, lockBar } from './lanes';
import { Columns } from './columns';
import { type Part, type Scene, clipped, parts, perNs, xOf } from './scene';
import { fitting, textOn } from './texts';
import { inView } from './threads';

export function paintLock(scene: Scene, lane: Lane): void {
  const { ctx, palette } = scene;
  const { top, height } = lockBar(lane, palette.em);
  const left = Math.max(xOf(scene, 0), 0);
  const right = Math.min(xOf(scene, scene.known), scene.width);
  ctx.fillStyle = palette.line;
  ctx.fillRect(left, top + height, right - left, 1);
  for (const part of parts(scene)) {
    const holds = part.window === scene.window ? scene.detail?.locks.get(lane.index) : undefined;
    clipped(scene, part.left, part.right, () => {
      if (holds && holds.length * 3 <= part.right - part.left) {
        paintHolds(scene, lane, top, height);
        paintWaiting(scene, lane, top + height + 2, lane.top + lane.height - top - height - 3);
        return;
      }
      const held = part.window.locks.get(lane.index)?.held;
      if (!held) return;
      paintHeld(scene, part, held, top, height);
    });
  }
}

/** The share of the time in which a lock is held, in each column of pixels. */
function paintHeld(
  scene: Scene,
  part: Part,
  held: Float64Array,
  top: number,
  height: number,
): void {
  const { window } = part;
  const left = Math.max(part.left, xOf(scene, window.from));
  const right = Math.min(part.right, xOf(scene, window.to));
  if (right <= left) return;
  const columns = new Columns(scene.ctx, left, right, top, top + height);
  const binsOfColumn = (columns.x(1) - columns.x(0)) / (perNs(scene) * window.binNs);
  const origin = (scene.from + columns.left / perNs(scene) - window.from) / window.binNs;
  for (let column = 0; column < columns.width; column++) {
    const first = Math.max(Math.floor(origin + column * binsOfColumn), 0);
    const last = Math.min(
      Math.max(Math.ceil(origin + (column + 1) * binsOfColumn), first + 1),
      window.bins,
    );
    let ns = 0;
    for (let bin = first; bin < last; bin++) ns += held[bin];
    if (ns === 0) continue;
    // Readers share a lock, so that the sum can be more than the time.
    const share = Math.min(ns / ((last - first) * window.binNs), 1);
    columns.fill(
      column,
      0,
      Math.max(Math.round(share * columns.height), 1),
      scene.palette.heldTile,
    );
  }
  columns.draw();
}

/** Lines below the holds: the threads that wait for the lock meanwhile. */
function paintWaiting(scene: Scene, lane: Lane, top: number, room: number): void {
  const { ctx, palette, detail } = scene;
  if (!detail) return;
  const height = Math.max(Math.min(room / 3, palette.em * 0.3), 2);
  const ends: number[] = [];
  for (const { bars } of detail.threads.values()) {
    for (const { begin, end, activity, wait } of bars) {
      if (wait?.target !== lane.index || wait.targetType !== TargetType.primitive) continue;
      let row = ends.findIndex((before) => before <= begin);
      if (row < 0) row = ends.length;
      ends[row] = end;
      const y = top + row * (height + 1);
      if (y + height > top + room) continue;
      const left = xOf(scene, begin);
      ctx.fillStyle = palette.activities[activity];
      ctx.fillRect(left, y, Math.max(xOf(scene, end) - left, 1), height);
    }
  }
}

function paintHolds(scene: Scene, lane: Lane, top: number, height: number): void {
  const { ctx, palette } = scene;
  ctx.font = palette.smallFont;
  for (const hold of scene.detail?.locks.get(lane.index) ?? []) {
    const left = Math.max(xOf(scene, hold.begin), 0);
    const right = Math.min(xOf(scene, hold.end), scene.width);
    if (right < 0 || left > scene.width) continue;
    ctx.fillStyle = palette.muted;
    ctx.globalAlpha = hold.shared ? 0.3 : 0.55;
    ctx.fillRect(left, top, Math.max(right - left - 0.5, 1), height);
    ctx.globalAlpha = 1;
    const name = threadName(scene.run, hold.thread);
    const inside = inView(scene, left, right);
    const text = fitting(
      ctx,
      [`${hold.shared ? 'read by' : 'held by'} ${name}`, name],
      inside[1] - inside[0] - 8,
    );
    if (text)
      textOn(
        ctx,
        text,
        inside[0] + 4,
        top + height / 2 + palette.small * 0.35,
        palette.small,
        palette.text,
        palette.ground,
      );
  }
}

/** Arrows between the lanes of threads, bundled where they are dense. */

import type { Arrow } from './detail';
import { type Lane, type Lanes, threadParts } from './lanes';
import { markRadius } from './threads';
import { type Scene, xOf } from './scene';
import { textOn, textWidth } from './texts';

/** Arrows whose ends are in the same cells of this many px are one bundle. */
const CELL = 6;
const MAX_CELLS = 2_000;
/** With at most this number of arrows in the picture each is drawn on its own. */
const MAX_SINGLE = 1_500;

/** More arrows than this are thinner and paler. */
const MANY = 300;

/** The widest arrows stand for at least this number. */
const MIN_GREATEST = 64;

/** A line between the lanes of two threads. */
export interface Line {
  readonly from: Lane;
  readonly to: Lane;
  readonly x1: number;
  readonly x2: number;
}

export interface Bundle extends Line {
  readonly count: number;
  /** Whether it stands for messages. */
  readonly message: boolean;
}

/** The lane at which an arrow of a thread ends: its own or, if that is hidden, its group's. */
export function laneOf(lanes: Lanes, thread: number): Lane | undefined {
  return (
    lanes.thread(thread) ??
    lanes.all.find((lane) => lane.collapsed && lane.members.includes(thread))
  );
}

/** The arrows in the picture. */
export function bundles(scene: Scene): Bundle[] {
  const { detail, window, overview } = scene;
  const found = new Collector(scene);
  if (window && detail) {
    const single = detail.arrows.length <= MAX_SINGLE;
    for (const arrow of detail.arrows) found.add(arrow, single ? 0 : CELL);
  }
  const source = window ?? overview;
  if (!source) return found.all();
  const { arrows, bins, binNs, from } = source;
  const time = (bin: number) => from + (bin + 0.5) * binNs;
  for (let n = 0; n < arrows.length; n++) {
    // The single events have all arrows but those that end after the window.
    if (detail && arrows.end[n] < bins) continue;
    found.add(
      {
        from: arrows.from[n],
        to: arrows.to[n],
        fromTime: time(arrows.start[n]),
        time: time(arrows.end[n]),
        channel: 0,
      },
      CELL,
      arrows.count[n],
    );
  }
  return found.all();
}

class Collector {
  private readonly bundles = new Map<number, Bundle & { count: number }>();
  private readonly lanes = new Map<number, Lane | undefined>();

  constructor(private readonly scene: Scene) {}

  add(arrow: Omit<Arrow, 'step'>, cell: number, count = 1): void {
    const { scene } = this;
    if (arrow.time < scene.from || arrow.fromTime > scene.to) return;
    const from = this.lane(arrow.from);
    const to = this.lane(arrow.to);
    if (!from || !to || !crosses(from, to, scene)) return;
    // Arrows inside of a hidden group would only cover its sums.
    if (from === to && from.kind === 'heading') return;
    let x1 = xOf(scene, arrow.fromTime);
    let x2 = xOf(scene, arrow.time);
    const message = arrow.channel >= 0;
    let key = this.bundles.size;
    if (cell) {
      const [left, right] = [Math.floor(x1 / cell), Math.floor(x2 / cell)];
      x1 = (left + 0.5) * cell;
      x2 = Math.max((right + 0.5) * cell, x1);
      // Far outside of the picture all are alike.
      const [a, b] = [Math.max(left, -MAX_CELLS), Math.min(right, MAX_CELLS)];
      const place = (a + MAX_CELLS) * 2 * MAX_CELLS + b + MAX_CELLS;
      const lanes = from.row * this.scene.lanes.all.length + to.row;
      key = (lanes * 2 + (message ? 1 : 0)) * 4 * MAX_CELLS ** 2 + place;
    }
    const before = this.bundles.get(key);
    if (before) before.count += count;
    else this.bundles.set(key, { from, to, x1, x2, count, message });
  }

  all(): Bundle[] {
    return [...this.bundles.values()];
  }

  private lane(thread: number): Lane | undefined {
    if (!this.lanes.has(thread)) this.lanes.set(thread, laneOf(this.scene.lanes, thread));
    return this.lanes.get(thread);
  }
}

function crosses(from: Lane, to: Lane, scene: Scene): boolean {
  const top = Math.min(from.top, to.top);
  const bottom = Math.max(from.top + from.height, to.top + to.height);
  return bottom > scene.top && top < scene.bottom;
}

/** Draws all arrows: those that are not messages first and lighter. */
export function paintArrows(scene: Scene, all: readonly Bundle[]): void {
  const messages = all.filter((bundle) => bundle.message);
  paintKind(
    scene,
    all.filter((bundle) => !bundle.message),
    scene.palette.muted,
    0.55,
  );
  paintKind(scene, messages, scene.palette.arrow, messages.length > MANY ? 0.6 : 0.85);
}

/** Bundles of similar size are one path: a stroke for each would take too long. */
function paintKind(scene: Scene, all: readonly Bundle[], colour: string, alpha: number): void {
  const { ctx, palette } = scene;
  const sizes = new Map<number, Bundle[]>();
  // Widths compare the bundles of one picture. Only a few arrows in one are hardly wider.
  const most = all.reduce((count, bundle) => Math.max(count, bundle.count), MIN_GREATEST);
  for (const bundle of all) {
    const size = Math.round((4 * Math.log2(bundle.count)) / Math.log2(most));
    const group = sizes.get(size);
    if (group) group.push(bundle);
    else sizes.set(size, [bundle]);
  }
  const few = all.length <= MANY;
  for (const [size, group] of [...sizes].sort(([a], [b]) => a - b)) {
    const width = few ? 1.25 + size * 0.5 : 1 + size * 0.3;
    // An edge in the colour of the ground separates the arrows from the bars that they cross.
    ctx.globalAlpha = 0.6;
    ctx.strokeStyle = palette.ground;
    ctx.lineWidth = width + (few ? 2 : 1.5);
    strokeLines(scene, group);
    ctx.globalAlpha = Math.min(alpha + size * 0.08, 1);
    ctx.strokeStyle = ctx.fillStyle = colour;
    ctx.lineWidth = width;
    strokeLines(scene, group);
    ctx.beginPath();
    for (const bundle of group) addHead(scene, bundle, width);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

function strokeLines(scene: Scene, group: readonly Bundle[]): void {
  const { ctx } = scene;
  ctx.beginPath();
  for (const bundle of group) addLine(scene, bundle);
  ctx.stroke();
}

interface Ends {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  /** Direction at the head. */
  dx: number;
  dy: number;
}

/** Where an arrow starts and ends: at the middle of the bars, or at the edge of the mark there. */
export function endsOf(em: number, from: Lane, to: Lane, x1: number, x2: number): Ends {
  const a = threadParts(from, em);
  const b = threadParts(to, em);
  let dx = x2 - x1;
  let dy = b.middle - a.middle;
  if (from === to) {
    // A message to the thread itself: an arc above the bar, which ends from above.
    dx = 0;
    dy = 1;
  }
  const length = Math.hypot(dx, dy) || 1;
  const back = Math.min(markRadius(b.barHeight) + 1, length / 2);
  return {
    x1,
    y1: a.middle,
    x2: x2 - (dx / length) * back,
    y2: b.middle - (dy / length) * back,
    dx: dx / length,
    dy: dy / length,
  };
}

export function addLine(scene: Pick<Scene, 'ctx' | 'palette'>, bundle: Line): void {
  const { ctx, palette } = scene;
  const { x1, y1, x2, y2 } = endsOf(palette.em, bundle.from, bundle.to, bundle.x1, bundle.x2);
  ctx.moveTo(x1, y1);
  if (bundle.from !== bundle.to) {
    ctx.lineTo(x2, y2);
    return;
  }
  const { barTop } = threadParts(bundle.from, palette.em);
  const peak = barTop - palette.em * 0.6;
  ctx.bezierCurveTo(x1, peak, x2, peak, x2, y2);
}

export function addHead(scene: Pick<Scene, 'ctx' | 'palette'>, bundle: Line, width: number): void {
  const { ctx, palette } = scene;
  const { x2, y2, dx, dy } = endsOf(palette.em, bundle.from, bundle.to, bundle.x1, bundle.x2);
  // In low lanes a large head would hide the bars.
  const room = Math.min(threadParts(bundle.to, palette.em).barHeight / 24, 1);
  const length = (5 + width * 1.8) * room;
  const half = (2 + width * 1.1) * room;
  ctx.moveTo(x2 + dx, y2 + dy);
  ctx.lineTo(x2 - dx * length - dy * half, y2 - dy * length + dx * half);
  ctx.lineTo(x2 - dx * length + dy * half, y2 - dy * length - dx * half);
}

/** Writes the number of arrows beside the greatest bundles, where it does not cover another one. */
export function paintCounts(scene: Scene, all: readonly Bundle[]): void {
  const { ctx, palette } = scene;
  ctx.font = palette.smallFont;
  const taken: { left: number; right: number; y: number }[] = [];
  const greatest = all
    .filter((b) => b.count > 1 && b.from !== b.to)
    .sort((a, b) => b.count - a.count);
  for (const bundle of greatest.slice(0, 200)) {
    const { y1, y2 } = endsOf(palette.em, bundle.from, bundle.to, bundle.x1, bundle.x2);
    const gap = Math.abs(bundle.from.top - bundle.to.top);
    if (gap < palette.small * 3) continue;
    const text = `×${bundle.count.toLocaleString('en-US')}`;
    const left = (bundle.x1 + bundle.x2) / 2 + 4;
    const right = left + textWidth(ctx, text);
    // In the space between two lanes, where no bar is.
    const { barTop, barHeight, names } = threadParts(bundle.from, palette.em);
    const below = y2 > y1;
    if (!below && names !== undefined) continue;
    const y = below ? barTop + barHeight + palette.small * 1.1 : barTop - palette.small * 0.4;
    if (left < 0 || right > scene.width) continue;
    if (y + 4 > bundle.from.top + bundle.from.height || y - palette.small < bundle.from.top)
      continue;
    const covers = taken.some(
      (other) =>
        Math.abs(other.y - y) < palette.small * 1.3 &&
        left < other.right + 40 &&
        right > other.left - 40,
    );
    if (covers) continue;
    taken.push({ left, right, y });
    textOn(ctx, text, left, y, palette.small, palette.muted, palette.ground);
  }
}

/** Distance in px from a point to an arrow of the picture. */
export function distanceTo(scene: Scene, arrow: Arrow, x: number, y: number): number {
  const from = laneOf(scene.lanes, arrow.from);
  const to = laneOf(scene.lanes, arrow.to);
  if (!from || !to) return Infinity;
  const [x1, x2] = [xOf(scene, arrow.fromTime), xOf(scene, arrow.time)];
  return distanceToLine(scene.palette.em, { from, to, x1, x2 }, x, y);
}

export function distanceToLine(em: number, line: Line, x: number, y: number): number {
  if (line.from === line.to) return Infinity;
  const { x1, y1, x2, y2 } = endsOf(em, line.from, line.to, line.x1, line.x2);
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const along = length ? ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length : 0;
  const at = Math.min(Math.max(along, 0), 1);
  return Math.hypot(x - x1 - at * (x2 - x1), y - y1 - at * (y2 - y1));
}

/** The lanes of threads: their states, and what they did. */

import { eventName, targetLabel } from '../app/words';
import { eventView } from '../data/event';
import { Activity, type Run } from '../data/run';
import { type Mark, type StateBar, firstFrom } from './detail';
import { type Lane, threadParts } from './lanes';
import { RANK, type Shape, drawMark, shapeOf } from './marks';
import { paintShares } from './shares';
import { type Scene, clipped, parts, perNs, xOf } from './scene';
import { fitting, shortened, textOn, textWidth } from './texts';

/** Marks closer than this many px share one name. */
const CLUSTER = 7;
/** Marks closer than this many px are one, the most important of them. */
const MIN_DISTANCE = 2;
/** Bars are drawn one by one if they are at least this wide on average, in px. */
const MIN_MEAN_BAR = 2.5;
const MAX_VALUE_CHARACTERS = 28;

/** Draws the states of a thread. */
export function paintStates(scene: Scene, lane: Lane): void {
  const { barTop, barHeight } = threadParts(lane, scene.palette.em);
  const bars = scene.detail?.threads.get(lane.index)?.bars;
  for (const part of parts(scene)) {
    const single = part.window === scene.window && bars !== undefined;
    clipped(scene, part.left, part.right, () => {
      if (single && bars.length * MIN_MEAN_BAR <= Math.max(part.right - part.left, 60)) {
        paintBars(scene, bars, barTop, barHeight);
      } else {
        const bins = part.window.threads.get(lane.index);
        if (bins) paintShares(scene, part.window, [bins], barTop, barHeight, part.left, part.right);
      }
    });
  }
}

/** Draws the sum of the states of a collapsed group. */
export function paintGroup(scene: Scene, lane: Lane): void {
  const { barTop, barHeight } = threadParts(lane, scene.palette.em);
  for (const part of parts(scene)) {
    const bins = lane.members.flatMap((thread) => part.window.threads.get(thread) ?? []);
    clipped(scene, part.left, part.right, () =>
      paintShares(scene, part.window, bins, barTop, barHeight, part.left, part.right),
    );
  }
}

function paintBars(scene: Scene, bars: readonly StateBar[], top: number, height: number): void {
  const { ctx, palette } = scene;
  ctx.font = palette.smallFont;
  for (const bar of bars) {
    if (bar.end < scene.from || bar.begin > scene.to) continue;
    const left = Math.max(xOf(scene, bar.begin), -4);
    const right = Math.min(xOf(scene, bar.end), scene.width + 4);
    ctx.fillStyle = palette.activities[bar.activity];
    ctx.fillRect(left, top, right - left, height);
    if (palette.blackWhite && right - left > 3) {
      ctx.strokeStyle = palette.text;
      ctx.lineWidth = 1;
      ctx.strokeRect(left + 0.5, top + 0.5, right - left - 1, height - 1);
    } else if (right - left > 6) {
      // A slightly darker end keeps neighbours of one colour apart.
      ctx.fillStyle = 'rgb(0 0 0 / 0.22)';
      ctx.fillRect(right - 1, top, 1, height);
    }
    if (scene.over && bar.end >= scene.known && bar.activity !== Activity.running) {
      paintOpenEnd(scene, right, top, height, bar.activity);
    }
  }
}

/** A wait that never ended fades out after the end of the run. */
function paintOpenEnd(
  scene: Scene,
  x: number,
  top: number,
  height: number,
  activity: number,
): void {
  const { ctx, palette } = scene;
  ctx.fillStyle = palette.activities[activity];
  const step = palette.em * 0.4;
  for (let n = 0; n < 5; n++) {
    ctx.globalAlpha = 0.7 - n * 0.14;
    ctx.fillRect(x + n * step + 2, top, step - 2, height);
  }
  ctx.globalAlpha = 1;
}

/** Draws the names of the states in their bars. Done after the arrows, so that they are readable. */
export function paintStateNames(scene: Scene, lane: Lane): void {
  const thread = scene.detail?.threads.get(lane.index);
  const { ctx, palette } = scene;
  if (!thread) return;
  if (thread.bars.length * MIN_MEAN_BAR > Math.max(scene.width, 60)) return;
  const { barTop, barHeight } = threadParts(lane, palette.em);
  if (barHeight < palette.small * 1.15) return;
  ctx.font = palette.smallFont;
  const marked = markRadius(barHeight) + 5;
  const baseline = Math.round(barTop + barHeight / 2 + palette.small * 0.35);
  for (const bar of thread.bars) {
    const [begin, end] = inView(scene, xOf(scene, bar.begin), xOf(scene, bar.end));
    let left = begin + marked;
    let right = end - marked;
    if (right - left < palette.small * 1.5) continue;
    if (bar.activity === Activity.running) {
      // Operations are inside running bars: the name goes into the widest gap between them.
      [left, right] = widestGap(scene, thread.marks, left, right, marked);
    }
    const text = fitting(ctx, stateNames(scene.run, bar), right - left);
    if (!text) continue;
    const x = Math.round(
      bar.activity === Activity.running ? (left + right - textWidth(ctx, text)) / 2 : left + 2,
    );
    const patch = palette.blackWhite ? '#ffffff' : palette.activities[bar.activity];
    textOn(ctx, text, x, baseline, palette.small, palette.onActivity, patch);
  }
}

function widestGap(
  scene: Scene,
  marks: readonly Mark[],
  left: number,
  right: number,
  margin: number,
): [number, number] {
  let best: [number, number] = [left, left];
  let before = left;
  const start = firstFrom(marks, scene.from + left / perNs(scene));
  for (let n = start; n <= marks.length; n++) {
    const x = n < marks.length ? Math.min(xOf(scene, marks[n].time) - margin, right) : right;
    if (x - before > best[1] - best[0]) best = [before, x];
    if (x >= right) break;
    before = x + 2 * margin;
  }
  return best;
}

/** Where a name can be: in the visible part of a bar, or anywhere in a bar out of view. */
export function inView(scene: Scene, left: number, right: number): [number, number] {
  if (right <= scene.viewLeft || left >= scene.viewRight) return [left, right];
  return [Math.max(left, scene.viewLeft), Math.min(right, scene.viewRight)];
}

/** Names of a state, the longest first. */
export function stateNames(run: Run, bar: Pick<StateBar, 'activity' | 'wait'>): string[] {
  const { activity, wait } = bar;
  const target =
    wait && wait.target >= 0 ? targetLabel(run, { type: wait.targetType, index: wait.target }) : '';
  switch (activity) {
    case Activity.running:
      return ['runs'];
    case Activity.send:
      if (!target) return ['waits to send', 'waits'];
      return run.channels[wait?.target ?? -1]?.bound === 0
        ? [`waits for a receiver of ${target}`, `waits at ${target}`, 'waits']
        : [`waits for room in ${target}`, `${target} is full`, 'full'];
    case Activity.recv:
      return target ? [`waits for ${target}`, target, 'waits'] : ['waits to receive', 'waits'];
    case Activity.lock:
      return target
        ? [`waits for lock ${target}`, `lock ${target}`, 'lock']
        : ['waits for a lock', 'lock'];
    case Activity.join:
      return target
        ? [`waits for the end of ${target}`, `join ${target}`, 'join']
        : ['waits in join', 'join'];
    case Activity.park:
      return ['parked'];
    case Activity.asleep:
      return ['sleeps'];
    case Activity.elsewhere:
      return ['blocked elsewhere', 'elsewhere'];
    case Activity.paused:
      return ['not recorded'];
    default: {
      const name = run.activities[activity] ?? 'waiting';
      return target ? [`waits for ${target}`, target, 'waits'] : [name, 'waits'];
    }
  }
}

/** Draws the marks of a thread's operations, and spans as lines below the bar. */
export function paintMarks(scene: Scene, lane: Lane): void {
  const thread = scene.detail?.threads.get(lane.index);
  if (!thread) return;
  const { ctx, palette } = scene;
  const { middle, barTop, barHeight } = threadParts(lane, palette.em);
  paintSpans(scene, lane, barTop, barHeight);
  const r = markRadius(barHeight);
  const drawn: { x: number; shape: Shape }[] = [];
  for (let n = firstFrom(thread.marks, scene.from); n < thread.marks.length; n++) {
    const mark = thread.marks[n];
    if (mark.time > scene.to) break;
    const x = xOf(scene, mark.time);
    const shape = shapeOf(mark.kind);
    const before = drawn.at(-1);
    if (!before || x - before.x >= MIN_DISTANCE) drawn.push({ x, shape });
    else if (RANK[shape] > RANK[before.shape]) drawn[drawn.length - 1] = { x, shape };
  }
  // The important ones are on top.
  drawn.sort((a, b) => RANK[a.shape] - RANK[b.shape]);
  for (const { x, shape } of drawn) drawMark(ctx, palette, shape, x, middle, r);
}

export function markRadius(barHeight: number): number {
  return Math.min(Math.max(barHeight * 0.17, 3), 8);
}

function paintSpans(scene: Scene, lane: Lane, barTop: number, barHeight: number): void {
  const spans = scene.detail?.threads.get(lane.index)?.spans ?? [];
  if (spans.length === 0 || lane.height < 3 * scene.palette.em) return;
  const { ctx, palette } = scene;
  const height = Math.round(palette.small * 1.15);
  ctx.font = palette.smallFont;
  const rows: number[] = [];
  for (const span of spans) {
    const left = Math.max(xOf(scene, span.begin), 0);
    const right = Math.min(xOf(scene, span.end), scene.width);
    if (right - left < 1) continue;
    let row = rows.findIndex((end) => end <= span.begin);
    if (row < 0) row = rows.length;
    rows[row] = span.end;
    const top = barTop + barHeight + 2 + row * (height + 1);
    if (top + height > lane.top + lane.height) continue;
    ctx.fillStyle = palette.accentSoft;
    ctx.fillRect(left, top, right - left, height);
    ctx.fillStyle = palette.accent;
    ctx.fillRect(left, top, 1.5, height);
    const name = eventName(scene.run, eventView(scene.run, span.mark.chunk, span.mark.i));
    const [from, to] = inView(scene, left, right);
    if (textWidth(ctx, name) > to - from - 8) continue;
    ctx.fillStyle = palette.text;
    ctx.fillText(name, from + 5, top + palette.small * 0.92);
  }
}

/** Draws the names of operations above the bar where there is room until the next one. */
export function paintMarkNames(scene: Scene, lane: Lane): void {
  const marks = scene.detail?.threads.get(lane.index)?.marks;
  const { ctx, palette } = scene;
  const { names: baseline, barHeight } = threadParts(lane, palette.em);
  if (!marks || baseline === undefined) return;
  ctx.font = palette.smallFont;
  const r = markRadius(barHeight);
  const start = firstFrom(marks, scene.from);
  let n = start;
  let free = 0;
  while (n < marks.length && marks[n].time <= scene.to) {
    const x = xOf(scene, marks[n].time);
    let best = marks[n];
    let next = n + 1;
    let alike = 1;
    for (; next < marks.length && xOf(scene, marks[next].time) - x < CLUSTER; next++) {
      const other = marks[next];
      if (RANK[shapeOf(other.kind)] > RANK[shapeOf(best.kind)]) [best, alike] = [other, 1];
      else if (isAlike(best, other)) alike++;
    }
    const panic = shapeOf(best.kind) === 'panic';
    ctx.font = panic ? palette.boldFont : palette.smallFont;
    // A panic is named at the cost of what follows it.
    const least = panic ? textWidth(ctx, 'panic') + 12 : 0;
    while (next < marks.length && xOf(scene, marks[next].time) - x < least) next++;
    const end = next < marks.length ? xOf(scene, marks[next].time) : Infinity;
    n = next;
    if (end - x < palette.small) continue;
    // The last name before the edge moves to the left, if there is room.
    const edge = x <= scene.viewRight ? Math.min(end, scene.viewRight + r) : end;
    const room = edge === end ? end - x - 10 : edge - r - 2 - Math.max(free, scene.viewLeft);
    const text = fitting(ctx, markNames(scene.run, best, alike), room);
    if (!text) continue;
    const left = Math.min(x - r, edge - r - textWidth(ctx, text) - 2);
    free = left + textWidth(ctx, text) + 12;
    textOn(
      ctx,
      text,
      left,
      baseline,
      palette.small,
      panic ? palette.error : palette.text,
      palette.ground,
    );
  }
}

function isAlike(a: Mark, b: Mark): boolean {
  return (
    a.kind === b.kind &&
    a.chunk.target[a.i] === b.chunk.target[b.i] &&
    a.chunk.targetType[a.i] === b.chunk.targetType[b.i]
  );
}

/** Names of an operation, or of `alike` of them in one place; the longest first. */
function markNames(run: Run, mark: Mark, alike: number): string[] {
  const event = eventView(run, mark.chunk, mark.i);
  const name = eventName(run, event);
  if (alike > 1) return [`${name} ×${alike}`, `${mark.kind.verb} ×${alike}`];
  if (event.message === undefined) {
    const text =
      event.text && mark.kind.group === 'panicked' ? `panic: ${shortened(event.text, 60)}` : '';
    const { verb, note } = mark.kind;
    return [text, name, note ? `${verb} (${note})` : '', verb];
  }
  const value = event.text ? shortened(event.text, MAX_VALUE_CHARACTERS) : `#${event.message}`;
  const short = [`${mark.kind.verb} ${value}`, value, `#${event.message}`];
  return [`${name} ${value}`, name, ...short];
}

/** The lanes of channels: the depth of the queue against its bound, and the messages in it. */

import { Activity } from '../data/run';
import type { ChannelBins, Window } from '../data/window';
import { Columns } from './columns';
import type { Detail } from './detail';
import { type Lane, channelArea } from './lanes';
import { type Parcel, type Queue, queueOf } from './queue';
import { type Scene, clipped, parts, perNs, xOf } from './scene';
import { fitting, shortened, textOn, textWidth } from './texts';
import { inView } from './threads';

/** A bound is on the scale if the queue gets at least this part of it deep. */
const MIN_SHARE_OF_BOUND = 0.2;
/** Messages are drawn one by one if each is at least this many px high. */
const MIN_PARCEL_HEIGHT = 5;
const MIN_PARCEL_WIDTH = 1;

const queues = new WeakMap<Detail, Map<number, Queue>>();

/** The queue of a channel in the window of `scene`; worked out once. */
export function queueIn(
  scene: Pick<Scene, 'detail' | 'window' | 'run'>,
  channel: number,
): Queue | undefined {
  const { detail, window } = scene;
  if (!detail || !window?.events) return undefined;
  let known = queues.get(detail);
  if (!known) {
    known = new Map();
    queues.set(detail, known);
  }
  let queue = known.get(channel);
  if (!queue) {
    queue = queueOf(channel, detail.channels.get(channel) ?? [], window.events, scene.run.kinds);
    known.set(channel, queue);
  }
  return queue;
}

/** The depth at the top of a channel's lane. */
export function scaleOf(scene: Pick<Scene, 'run' | 'greatest'>, channel: number): number {
  const bound = scene.run.channels[channel]?.bound ?? null;
  const greatest = Math.max(scene.greatest.get(channel) ?? 0, 1);
  if (bound !== null && bound > 0 && greatest >= bound * MIN_SHARE_OF_BOUND)
    return Math.max(bound, greatest);
  return greatest;
}

export function paintChannel(scene: Scene, lane: Lane): void {
  const { ctx, palette, run } = scene;
  const area = channelArea(lane, palette.em, scaleOf(scene, lane.index));
  const scale = scaleOf(scene, lane.index);
  const bound = run.channels[lane.index]?.bound ?? null;
  const left = Math.max(xOf(scene, 0), 0);
  const right = Math.min(xOf(scene, scene.known), scene.width);
  if (bound === 0) {
    paintRendezvous(scene, lane);
    return;
  }
  ctx.fillStyle = palette.line;
  ctx.fillRect(left, area.bottom, right - left, 1);
  const unit = (area.bottom - area.top) / scale;
  for (const part of parts(scene)) {
    const queue = part.window === scene.window ? queueIn(scene, lane.index) : undefined;
    clipped(scene, part.left, part.right, () => {
      if (queue && queue.times.length <= 2 * (part.right - part.left)) {
        paintQueue(scene, queue, area.bottom, unit, scale, bound);
      } else {
        const bins = part.window.channels.get(lane.index);
        if (bins)
          paintDepth(
            scene,
            part.window,
            bins,
            area.top,
            area.bottom,
            scale,
            bound,
            part.left,
            part.right,
          );
      }
    });
  }
  if (bound !== null && bound <= scale) {
    const y = Math.round(area.bottom - bound * unit) + 0.5;
    ctx.strokeStyle = palette.bound;
    ctx.lineWidth = 1;
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(right, y);
    ctx.stroke();
    ctx.setLineDash([]);
  }
}

/** The depth as steps, with each message as a bar in its place if there is room. */
function paintQueue(
  scene: Scene,
  queue: Queue,
  bottom: number,
  unit: number,
  places: number,
  bound: number | null,
): void {
  const { ctx, palette } = scene;
  const { times, depths } = queue;
  const ends = (n: number) => (n + 1 < times.length ? times[n + 1] : scene.known);
  const single = queue.parcels.length > 0 && unit >= MIN_PARCEL_HEIGHT;
  // Under the single messages only a tint; but a message that stays shortly is not drawn there.
  const tint = new Path2D();
  const solid = new Path2D();
  for (let n = 0; n < times.length; n++) {
    if (depths[n] === 0) continue;
    const x = xOf(scene, times[n]);
    const width = xOf(scene, ends(n)) - x;
    const path = single && width > 2 ? tint : solid;
    path.rect(x, bottom - depths[n] * unit, Math.max(width, 1), depths[n] * unit);
  }
  ctx.fillStyle = palette.depth;
  ctx.globalAlpha = 0.25;
  ctx.fill(tint);
  ctx.globalAlpha = single ? 1 : 0.65;
  ctx.fill(solid);
  ctx.globalAlpha = 1;
  if (single) {
    for (const parcel of queue.parcels) paintParcel(scene, parcel, bottom, unit, places);
  }
  if (bound === null) return;
  for (let n = 0; n < times.length; n++) {
    if (depths[n] < bound) continue;
    paintFull(scene, xOf(scene, times[n]), xOf(scene, ends(n)), bottom - bound * unit);
  }
}

/** Marks a time in which the queue is full, in the colour of a blocked send. */
function paintFull(scene: Scene, left: number, right: number, y: number): void {
  const { ctx, palette } = scene;
  ctx.fillStyle = palette.activities[Activity.send];
  ctx.fillRect(left, y - 3, Math.max(right - left, 1), 3);
  const [from, to] = inView(scene, left, right);
  ctx.font = palette.smallFont;
  if (textWidth(ctx, 'full') <= to - from - 4) {
    ctx.fillStyle = palette.text;
    ctx.fillText('full', from + 2, y - 5);
  }
}

function paintParcel(
  scene: Scene,
  parcel: Parcel,
  bottom: number,
  unit: number,
  places: number,
): void {
  const { ctx, palette } = scene;
  const begin = xOf(scene, parcel.times[0]);
  const end = xOf(scene, Math.min(parcel.end, scene.known));
  if (end < 0 || begin > scene.width || end - begin < MIN_PARCEL_WIDTH) return;
  // Neighbours differ in tone, and a thin edge separates those of one place.
  ctx.fillStyle = palette.depth;
  const alpha = parcel.number % 2 ? 1 : 0.75;
  let widest = { left: 0, right: 0, y: 0 };
  for (let n = 0; n < parcel.times.length; n++) {
    const left = xOf(scene, parcel.times[n]);
    const right = n + 1 < parcel.times.length ? xOf(scene, parcel.times[n + 1]) : end;
    // A send can come just before the receive that makes room for it.
    if (parcel.places[n] >= places) continue;
    const y = bottom - (parcel.places[n] + 1) * unit;
    ctx.globalAlpha = alpha;
    ctx.fillRect(left, y + 0.5, Math.max(right - left - 0.75, 0.5), unit - 1);
    const [from, to] = inView(scene, left, right);
    const seen = { left: from, right: to, y };
    if (seen.right - seen.left > widest.right - widest.left) widest = seen;
  }
  ctx.globalAlpha = 1;
  if (parcel.lost) paintLoss(scene, parcel, end, bottom, unit);
  if (unit < palette.small * 0.95) return;
  ctx.font = palette.smallFont;
  const names = parcel.value
    ? [`${shortened(parcel.value, 28)}`, `#${parcel.number}`]
    : [`#${parcel.number}`];
  const text = fitting(ctx, names, widest.right - widest.left - 8);
  if (!text) return;
  const baseline = widest.y + unit / 2 + palette.small * 0.35;
  if (palette.blackWhite) {
    textOn(ctx, text, widest.left + 4, baseline, palette.small, palette.text, palette.ground);
  } else {
    ctx.fillStyle = palette.onActivity;
    ctx.fillText(text, widest.left + 4, baseline);
  }
}

/** A cross where a message was lost with the last receiver. */
function paintLoss(scene: Scene, parcel: Parcel, x: number, bottom: number, unit: number): void {
  const { ctx, palette } = scene;
  const y = bottom - ((parcel.places.at(-1) ?? 0) + 0.5) * unit;
  const r = Math.min(unit * 0.4, palette.em * 0.45);
  for (const [colour, width] of [
    [palette.ground, 5],
    [palette.error, 2.5],
  ] as const) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.beginPath();
    ctx.moveTo(x - r, y - r);
    ctx.lineTo(x + r, y + r);
    ctx.moveTo(x + r, y - r);
    ctx.lineTo(x - r, y + r);
    ctx.stroke();
  }
}

/** The least and the greatest depth of each bin. */
function paintDepth(
  scene: Scene,
  window: Window,
  bins: ChannelBins,
  top: number,
  bottom: number,
  scale: number,
  bound: number | null,
  left: number,
  right: number,
): void {
  const { ctx, palette } = scene;
  const start = Math.max(left, xOf(scene, window.from));
  const end = Math.min(right, xOf(scene, window.to), xOf(scene, scene.known));
  if (end <= start) return;
  const columns = new Columns(ctx, start, end, top, bottom);
  const rows = columns.height / scale;
  const fullRows = Math.max(Math.round((3 * columns.height) / (bottom - top)), 1);
  const binsOfColumn = (columns.x(1) - columns.x(0)) / (perNs(scene) * window.binNs);
  const origin = (scene.from + columns.left / perNs(scene) - window.from) / window.binNs;
  let bin = Math.min(Math.max(Math.floor(origin), 0), window.bins);
  let depth = lastDepth(bins, bin);
  for (let column = 0; column < columns.width; column++) {
    let min = depth;
    let max = depth;
    const next = Math.min(Math.ceil(origin + (column + 1) * binsOfColumn), window.bins);
    for (; bin < next; bin++) {
      if (Number.isNaN(bins.min[bin])) continue;
      min = Math.min(min, bins.min[bin]);
      max = Math.max(max, bins.max[bin]);
      depth = bins.last[bin];
    }
    const low = Math.round(min * rows);
    const high = Math.max(Math.round(max * rows), max > 0 ? 1 : 0);
    columns.fill(column, 0, low, palette.depthTile);
    columns.fill(column, low, high, palette.paleDepthTile);
    if (bound !== null && max >= bound) {
      const edge = Math.round(bound * rows);
      columns.fill(column, edge - fullRows, edge, palette.activityTiles[Activity.send]);
    }
  }
  columns.draw();
}

function lastDepth(bins: ChannelBins, before: number): number {
  for (let i = before - 1; i >= 0; i--) {
    if (!Number.isNaN(bins.last[i])) return bins.last[i];
  }
  return bins.depthBefore;
}

/**
 * A rendezvous has no queue. Above the line are the senders that wait, below it the receivers; the
 * two meet where a message is handed over.
 */
function paintRendezvous(scene: Scene, lane: Lane): void {
  const { ctx, palette } = scene;
  const area = channelArea(lane, palette.em, scaleOf(scene, lane.index));
  const middle = Math.round((area.top + area.bottom) / 2);
  ctx.fillStyle = palette.lineStrong;
  const left = Math.max(xOf(scene, 0), 0);
  ctx.fillRect(left, middle, Math.min(xOf(scene, scene.known), scene.width) - left, 1);
  const { detail } = scene;
  if (!detail) {
    paintRate(scene, lane, middle, area.bottom - middle);
    return;
  }
  const r = Math.min(Math.max((area.bottom - area.top) * 0.15, 3), palette.em);
  for (const thread of detail.threads.values()) {
    for (const bar of thread.bars) {
      if (bar.wait?.target !== lane.index || bar.wait.targetType !== 0) continue;
      const x = xOf(scene, bar.begin);
      const width = Math.max(xOf(scene, bar.end) - x, 1);
      ctx.fillStyle = palette.activities[bar.activity];
      if (bar.activity === Activity.send) ctx.fillRect(x, middle - r * 1.6, width, r);
      if (bar.activity === Activity.recv) ctx.fillRect(x, middle + r * 0.6, width, r);
    }
  }
  ctx.font = palette.smallFont;
  const handed = (detail.channels.get(lane.index) ?? []).filter((mark) => mark.kind.send);
  handed.forEach((mark, n) => {
    const x = xOf(scene, mark.time);
    if (x < -r || x > scene.width + r) return;
    paintHands(scene, x, middle, r);
    const next = n + 1 < handed.length ? xOf(scene, handed[n + 1].time) : Infinity;
    const { chunk, i } = mark;
    const value = chunk.text[i] < 0 ? '' : shortened(chunk.texts[chunk.text[i]], 28);
    const text = fitting(ctx, [value, `#${chunk.message[i]}`], next - x - 6);
    if (text)
      textOn(ctx, text, x - r, middle - r * 2.2, palette.small, palette.text, palette.ground);
  });
}

/** Two half circles that meet: the hands of a sender and a receiver. */
function paintHands(scene: Scene, x: number, y: number, r: number): void {
  const { ctx, palette } = scene;
  const { blackWhite } = palette;
  // Patterns would not be seen in this size.
  ctx.fillStyle = blackWhite ? palette.text : palette.activities[Activity.send];
  ctx.strokeStyle = blackWhite ? palette.text : palette.ground;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.arc(x, y, r, Math.PI, 2 * Math.PI);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = blackWhite ? palette.ground : palette.activities[Activity.recv];
  ctx.beginPath();
  ctx.arc(x, y, r, 0, Math.PI);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
}

/** Messages of a rendezvous in each bin, around the middle line. */
function paintRate(scene: Scene, lane: Lane, middle: number, half: number): void {
  const { ctx, palette } = scene;
  for (const part of parts(scene)) {
    const bins = part.window.channels.get(lane.index);
    if (!bins) continue;
    const width = perNs(scene) * part.window.binNs;
    const origin = xOf(scene, part.window.from);
    let most = 1;
    for (const sent of bins.sent) most = Math.max(most, sent);
    clipped(scene, part.left, part.right, () => {
      ctx.fillStyle = palette.depth;
      ctx.beginPath();
      for (let i = 0; i < part.window.bins; i++) {
        if (!bins.sent[i]) continue;
        const height = half * (0.2 + 0.8 * (bins.sent[i] / most));
        ctx.rect(origin + i * width, middle - height, Math.max(width, 1), 2 * height);
      }
      ctx.fill();
    });
  }
}

/** What is drawn over the picture in each frame: selection, pointer, findings, the unknown part. */

import { count } from '../app/words';
import { TargetType } from '../data/chunk';
import { type EventView, eventView } from '../data/event';
import type { Finding } from '../data/run';
import { type Bundle, addHead, addLine, laneOf } from './arrows';
import { queueIn, scaleOf } from './channels';
import { severityColour } from './head';
import { type Hit, arrowsOf, bundleOf } from './hits';
import { type Lane, channelArea, threadParts } from './lanes';
import { drawMark, shapeOf } from './marks';
import { type Scene, xOf } from './scene';
import type { Parcel } from './queue';
import { markRadius } from './threads';
import { textOn } from './texts';

/** Shorter findings are drawn this wide, in px. */
const MIN_FINDING = 8;

/** Draws a line over the lanes of the threads of each finding, for its time. */
export function drawFindings(
  scene: Scene,
  findings: readonly Finding[],
  selected: number | undefined,
): void {
  const { ctx, palette, lanes } = scene;
  findings.forEach((finding, index) => {
    const begin = xOf(scene, finding.from);
    const end = xOf(scene, finding.to);
    if (end < 0 || begin > scene.width) return;
    const isShort = end - begin < MIN_FINDING;
    const left = Math.max(isShort ? begin - MIN_FINDING / 2 : begin, 0);
    const right = Math.min(isShort ? begin + MIN_FINDING / 2 : end, scene.width);
    ctx.fillStyle = severityColour(palette, finding);
    const marked = [
      ...finding.threads.map((thread) => lanes.thread(thread)),
      ...finding.channels.map((channel) => lanes.channel(channel)),
    ];
    for (const lane of marked) {
      if (!lane) continue;
      ctx.globalAlpha = index === selected ? 1 : 0.75;
      ctx.fillRect(left, lane.top + lane.height - 4, right - left, index === selected ? 4 : 2.5);
      if (isShort) ctx.fillRect(begin - 0.75, lane.top, 1.5, lane.height);
      if (index !== selected) continue;
      ctx.globalAlpha = 0.1;
      ctx.fillRect(left, lane.top, right - left, lane.height);
    }
  });
  ctx.globalAlpha = 1;
}

/** Hatches the part of the run that is not known yet. `text` says why. */
export function drawPending(scene: Scene, end: number, text: string): void {
  const { ctx, palette } = scene;
  const left = Math.max(xOf(scene, scene.known), 0);
  const right = Math.min(xOf(scene, end), scene.width);
  if (right - left < 1) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, scene.top, right - left, scene.bottom - scene.top);
  ctx.clip();
  ctx.fillStyle = palette.panel;
  ctx.fillRect(left, scene.top, right - left, scene.bottom - scene.top);
  ctx.strokeStyle = palette.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  const height = scene.bottom - scene.top;
  for (let x = left - height; x < right; x += 14) {
    ctx.moveTo(x, scene.bottom);
    ctx.lineTo(x + height, scene.top);
  }
  ctx.stroke();
  ctx.restore();
  if (right - left < palette.em * 8) return;
  ctx.font = palette.font;
  textOn(
    ctx,
    text,
    left + 10,
    scene.top + palette.em * 2,
    palette.em,
    palette.muted,
    palette.panel,
  );
}

/** Writes the greatest depth and zero at the left of the lanes of channels. */
export function drawScales(scene: Scene): void {
  const { ctx, palette, run } = scene;
  ctx.font = palette.smallFont;
  for (const lane of scene.lanes.all) {
    if (lane.kind !== 'channel' || lane.top > scene.bottom || lane.top + lane.height < scene.top)
      continue;
    if (run.channels[lane.index]?.bound === 0) continue;
    const area = channelArea(lane, palette.em, scaleOf(scene, lane.index));
    const baseline = Math.max(area.top - 2, lane.top + palette.small);
    textOn(
      ctx,
      count(scaleOf(scene, lane.index)),
      4,
      baseline,
      palette.small,
      palette.muted,
      palette.ground,
    );
  }
}

/** Draws the selected or hovered event strongly, with its arrows. */
export function drawEvent(scene: Scene, event: EventView, strong: boolean): void {
  const { ctx, palette, lanes } = scene;
  const lane = laneOf(lanes, event.thread);
  if (!lane) return;
  const x = xOf(scene, event.time);
  const { middle, barTop, barHeight } = threadParts(lane, palette.em);
  if (strong) {
    ctx.strokeStyle = palette.selectedLine;
    ctx.lineWidth = 1;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(Math.round(x) + 0.5, scene.top);
    ctx.lineTo(Math.round(x) + 0.5, scene.bottom);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  const { group } = event.kind;
  if (group === 'wait' || group === 'waitBegan' || event.duration) {
    const end =
      event.duration === undefined ? endOfState(scene, event) : event.time + event.duration;
    ctx.strokeStyle = strong ? palette.selectedLine : palette.text;
    ctx.lineWidth = strong ? 3 : 1.5;
    const left = Math.max(x, -6);
    ctx.strokeRect(
      left,
      barTop,
      Math.max(Math.min(xOf(scene, end), scene.width + 6) - left, 2),
      barHeight,
    );
  }
  const arrows = arrowsOf(scene, event.thread, event.time);
  drawArrows(
    scene,
    arrows.flatMap((arrow) => bundleOf(scene, arrow, (thread) => laneOf(lanes, thread)) ?? []),
  );
  if (strong) outlineMessage(scene, event);
  if (group === 'wait' || group === 'waitBegan') return;
  const r = markRadius(barHeight) * (strong ? 1.25 : 1.1);
  if (strong) {
    ctx.fillStyle = palette.selectedLine;
    ctx.beginPath();
    ctx.arc(x, middle, r + 5, 0, 2 * Math.PI);
    ctx.fill();
    ctx.fillStyle = palette.ground;
    ctx.beginPath();
    ctx.arc(x, middle, r + 2, 0, 2 * Math.PI);
    ctx.fill();
  }
  drawMark(ctx, palette, shapeOf(event.kind), x, middle, r);
}

/** When the thread's state at an event ends: the process can end while the thread waits. */
function endOfState({ detail, known }: Scene, { thread, time }: EventView): number {
  const bars = detail?.threads.get(thread)?.bars;
  return bars?.find(({ begin, end }) => begin <= time && time < end)?.end ?? known;
}

/** Outlines the message of a send or a receive while it is in its queue. */
function outlineMessage(scene: Scene, { kind, target, message }: EventView): void {
  if (message === undefined || target?.type !== TargetType.channel) return;
  if (!kind.send && !kind.receive) return;
  const lane = scene.lanes.channel(target.index);
  const parcel = queueIn(scene, target.index)?.parcels.find(({ number }) => number === message);
  if (lane && parcel) outlineParcel(scene, lane, parcel, scene.palette.selectedLine, 3);
}

/** Draws arrows on top and in a strong colour. */
export function drawArrows(scene: Scene, arrows: readonly Bundle[]): void {
  const { ctx, palette } = scene;
  for (const [colour, width] of [
    [palette.ground, 5.5],
    [palette.accent, 2.75],
  ] as const) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.beginPath();
    for (const arrow of arrows) addLine(scene, arrow);
    ctx.stroke();
  }
  ctx.fillStyle = palette.accent;
  ctx.beginPath();
  for (const arrow of arrows) addHead(scene, arrow, 2.75);
  ctx.fill();
}

/** Draws what is under the pointer. */
export function drawHover(
  scene: Scene,
  hit: Hit,
  laneFor: (thread: number) => Lane | undefined,
): void {
  const { ctx, palette } = scene;
  if (hit.kind === 'mark') {
    drawEvent(scene, eventView(scene.run, hit.mark.chunk, hit.mark.i), false);
  }
  if (hit.kind === 'arrow') {
    const bundle = bundleOf(scene, hit.arrow, laneFor);
    if (bundle) drawArrows(scene, [bundle]);
  }
  if (hit.kind === 'bundle') drawArrows(scene, [hit.bundle]);
  if (hit.kind === 'bar') {
    const { barTop, barHeight } = threadParts(hit.lane, palette.em);
    const left = Math.max(xOf(scene, hit.bar.begin), -6);
    const right = Math.min(xOf(scene, hit.bar.end), scene.width + 6);
    ctx.strokeStyle = palette.text;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(left, barTop, right - left, barHeight);
  }
  if (hit.kind === 'parcel') {
    const arrow = scene.detail?.arrows.find(({ step }) => step === hit.parcel.received);
    const bundle = arrow && bundleOf(scene, arrow, laneFor);
    if (bundle) drawArrows(scene, [bundle]);
    outlineParcel(scene, hit.lane, hit.parcel, palette.text, 1.5);
  }
}

function outlineParcel(
  scene: Scene,
  lane: Lane,
  parcel: Parcel,
  colour: string,
  width: number,
): void {
  const { ctx, palette } = scene;
  const scale = scaleOf(scene, lane.index);
  const area = channelArea(lane, palette.em, scale);
  const unit = (area.bottom - area.top) / scale;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  parcel.times.forEach((time, n) => {
    if (parcel.places[n] >= scale) return;
    const left = Math.max(xOf(scene, time), -9);
    const end =
      n + 1 < parcel.times.length ? parcel.times[n + 1] : Math.min(parcel.end, scene.known);
    const right = Math.min(xOf(scene, end), scene.width + 9);
    const top = area.bottom - (parcel.places[n] + 1) * unit;
    if (right > left) ctx.strokeRect(left, top + 0.5, right - left, unit - 1);
  });
}

/** Draws a frame around the lanes that a link leads to. */
export function drawPointedOut(scene: Scene, lanes: readonly Lane[]): void {
  const { ctx, palette } = scene;
  for (const lane of lanes) {
    ctx.fillStyle = palette.accent;
    ctx.globalAlpha = 0.1;
    ctx.fillRect(0, lane.top, scene.width, lane.height);
    ctx.globalAlpha = 1;
    ctx.fillRect(0, lane.top, scene.width, 2);
    ctx.fillRect(0, lane.top + lane.height - 2, scene.width, 2);
  }
}

/** Draws a selected range of time. */
export function drawRange(scene: Scene, from: number, to: number): void {
  const { ctx, palette } = scene;
  const left = Math.max(xOf(scene, from), -2);
  const right = Math.min(xOf(scene, to), scene.width + 2);
  ctx.fillStyle = palette.accent;
  ctx.globalAlpha = 0.14;
  ctx.fillRect(left, scene.top, right - left, scene.bottom - scene.top);
  ctx.globalAlpha = 1;
  ctx.fillRect(left - 0.5, scene.top, 1, scene.bottom - scene.top);
  ctx.fillRect(right - 0.5, scene.top, 1, scene.bottom - scene.top);
}

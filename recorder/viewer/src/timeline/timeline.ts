/** The state of the timeline and its frames. Canvas only; the DOM around it is in `index.tsx`. */

import type { App } from '../app/app';
import { duration } from '../app/words';
import type { EventView } from '../data/event';
import type { ReportData } from '../data/run';
import { type Segment, criticalPath } from '../why/path';
import { Answers, OVERSCAN } from './answers';
import { type Bundle, laneOf } from './arrows';
import { Camera } from './camera';
import { type Flag, type Head, drawAxis, drawFlags, drawWindowFrame, headRows } from './head';
import type { Hit } from './hits';
import { type Lane, type Lanes, arrangeLanes } from './lanes';
import {
  drawEvent,
  drawFindings,
  drawHover,
  drawPending,
  drawPointedOut,
  drawRange,
  drawScales,
} from './overlay';
import { type Palette, readPalette } from './palette';
import { Picture } from './picture';
import type { Scene } from './scene';
import { Strip } from './strip';
import { textWidth } from './texts';
import { timeNear } from './ticks';

/** Part of a frame that painting may take while the view moves, and while it rests; in ms. */
const MOVING_BUDGET = 5;
const RESTING_BUDGET = 14;
/** The view rests after this time without a move, in ms. */
const REST = 110;

export class Timeline {
  readonly camera: Camera;
  readonly answers: Answers;
  lanes: Lanes;
  head: Head;
  palette: Palette;
  flags: Flag[] = [];
  /** Scroll position of the lanes, in px. */
  top = 0;
  width = 1;
  height = 1;
  readonly collapsed = new Set<string>();
  selected: EventView | undefined;
  hover: Hit | undefined;
  /** Where the pointer is, in px of the canvas. */
  pointer: { x: number; y: number } | undefined;
  range: { from: number; to: number } | undefined;
  dragging = false;
  /** The time from which the axis counts, if not from 0. */
  axisBase: string | undefined;
  onFrame: () => void = () => {};
  hitAtPointer: () => Hit | undefined = () => undefined;
  private readonly ctx: CanvasRenderingContext2D;
  private readonly picture = new Picture();
  private readonly strip = new Strip();
  private scheduled = false;
  private visible = false;
  private before = 0;
  private moved = -Infinity;
  private lastView = '';
  /** Whether something else can have come below the pointer. */
  private hoverIsOld = false;
  private painted = '';
  private look = 0;
  private arranged = '';
  private path: { report: ReportData; segments: readonly Segment[] } | undefined;

  constructor(
    readonly app: App,
    private readonly root: HTMLElement,
    readonly canvas: HTMLCanvasElement,
  ) {
    const ctx = canvas.getContext('2d', { alpha: false });
    if (!ctx) throw new Error('the browser has no 2D canvas');
    this.ctx = ctx;
    this.camera = new Camera(() => !app.look.reducedMotion);
    this.answers = new Answers(app.model, () => this.redraw());
    this.palette = readPalette(root, ctx);
    this.head = headRows(this.palette.em, false);
    this.lanes = arrangeLanes(app.model.run, [], this.collapsed, 1, this.palette.em);
  }

  /** Colours or sizes have changed. */
  restyle(): void {
    this.palette = readPalette(this.root, this.ctx);
    this.look++;
    this.redraw();
  }

  resize(width: number, height: number): void {
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    // A canvas is empty after that; the next frame comes too late.
    if (this.visible) this.draw();
    this.redraw();
  }

  show(visible: boolean): void {
    this.visible = visible;
    if (visible) this.redraw();
  }

  redraw(): void {
    if (this.scheduled || !this.visible) return;
    this.scheduled = true;
    requestAnimationFrame((now) => this.frame(now));
  }

  get lanesHeight(): number {
    return Math.max(this.height - this.head.height, 1);
  }

  scrollTo(top: number): void {
    this.top = Math.round(
      Math.min(Math.max(top, 0), Math.max(this.lanes.height - this.lanesHeight, 0)),
    );
    this.redraw();
  }

  /** Scrolls so that a lane is in view. */
  reveal(lane: Lane): void {
    if (lane.top < this.top) this.scrollTo(lane.top);
    else if (lane.top + lane.height > this.top + this.lanesHeight) {
      this.scrollTo(lane.top + lane.height - this.lanesHeight);
    }
  }

  /** The time at an x of the canvas. */
  timeAt(x: number): number {
    return this.camera.from + (x / this.width) * this.camera.span;
  }

  xAt(time: number): number {
    return ((time - this.camera.from) / this.camera.span) * this.width;
  }

  /** Where a time is in the overview. */
  overviewX(time: number): number {
    const { from, to } = this.camera.whole();
    return ((time - from) / (to - from)) * this.width;
  }

  overviewTime(x: number): number {
    const { from, to } = this.camera.whole();
    return from + (x / this.width) * (to - from);
  }

  /** What is visible now, with `y` from the top of all lanes. */
  scene(): Scene {
    return { ...this.view(this.camera.from, this.camera.to, this.width, 0), ctx: this.ctx };
  }

  flagAt(point: { x: number; y: number } | undefined): Flag | undefined {
    const { head } = this;
    if (!point || point.y < head.flags.top || point.y >= head.height) return undefined;
    return this.flags.find(({ left, right }) => point.x >= left && point.x <= right);
  }

  /** The lanes that a link leads to. */
  pointedOut(): Lane[] {
    const { lanes } = this;
    return (this.app.link.state.lanes ?? []).flatMap((name) => {
      const index = Number(name.slice(1));
      const lane =
        name[0] === 't'
          ? lanes.thread(index)
          : name[0] === 'c'
            ? lanes.channel(index)
            : lanes.lock(index);
      return lane ?? [];
    });
  }

  /** The arrows of the picture, in px of the canvas. */
  bundles(): Bundle[] {
    return this.picture.bundlesIn(this.camera.from, this.camera.to, this.width);
  }

  laneOf(thread: number): Lane | undefined {
    return laneOf(this.lanes, thread);
  }

  /** What a picture of a range of time is drawn from; `margin` px on each side are out of view. */
  view(from: number, to: number, width: number, margin: number): Omit<Scene, 'ctx'> {
    const { answers, app } = this;
    const { index, run } = app.model;
    return {
      palette: this.palette,
      run,
      lanes: this.lanes,
      from,
      to,
      width,
      viewLeft: margin,
      viewRight: width - margin,
      top: this.top,
      bottom: this.top + this.lanesHeight,
      overview: answers.overview,
      window: answers.window,
      detail: answers.detail,
      known: index.done ? index.end : index.until,
      over: index.done && !index.live,
      greatest: answers.greatest,
      path:
        app.link.state.path && app.model.report ? this.criticalPath(app.model.report) : undefined,
    };
  }

  private criticalPath(report: ReportData): readonly Segment[] {
    if (this.path?.report !== report) this.path = { report, segments: criticalPath(report) };
    return this.path.segments;
  }

  private frame(now: number): void {
    this.scheduled = false;
    const { camera, answers } = this;
    camera.grow(answers.end);
    camera.step(Math.min(now - this.before, 100));
    this.before = now;
    const view = `${camera.from} ${camera.to} ${this.top}`;
    if (view !== this.lastView) {
      this.moved = now;
      this.hover = undefined;
      this.hoverIsOld = true;
    }
    this.lastView = view;
    const moving = camera.moving || this.dragging || now - this.moved < REST;
    if (!moving && this.hoverIsOld) {
      this.hover = this.hitAtPointer();
      this.hoverIsOld = false;
    }

    answers.requestOverview(Math.max(Math.round(this.width), 64), now);
    const target = this.dragging ? camera : camera.target;
    const isRequested = answers.request(
      { from: target.from, to: target.to, width: this.width },
      now,
      moving,
    );
    this.arrange();
    this.startPainting(moving);
    this.picture.advance(moving ? MOVING_BUDGET : RESTING_BUDGET);
    this.draw();
    this.onFrame();
    if (moving || this.picture.painting || !isRequested || !this.isPainted()) this.redraw();
  }

  private arrange(): void {
    const { run, report } = this.app.model;
    const { em } = this.palette;
    this.head = headRows(em, (report?.findings.length ?? 0) > 0);
    const key = [
      this.lanesHeight,
      em,
      run.threads.length,
      run.channels.length,
      run.processes.length,
      run.threadOrder.join(),
      run.channelOrder.join(),
      this.answers.locks.join(),
      [...this.collapsed].join(),
    ].join(' ');
    if (key === this.arranged) return;
    this.arranged = key;
    this.lanes = arrangeLanes(run, this.answers.locks, this.collapsed, this.lanesHeight, em);
    this.scrollTo(this.top);
  }

  private contentKey(): string {
    const { index } = this.app.model;
    return `${this.answers.version} ${this.look} ${this.arranged} ${index.done} ${this.app.link.state.path} ${devicePixelRatio} ${this.width}`;
  }

  private isPainted(): boolean {
    return this.painted === this.paintKey();
  }

  private paintKey(): string {
    const { camera } = this;
    return `${this.contentKey()} ${camera.from} ${camera.to} ${this.top}`;
  }

  private startPainting(moving: boolean): void {
    const { picture, camera } = this;
    if (picture.painting || this.isPainted()) return;
    const { span } = camera;
    const margin = this.width * OVERSCAN;
    const more = span * OVERSCAN;
    if (moving && picture.covers(camera.from, camera.to, this.width, this.top, this.contentKey()))
      return;
    this.painted = this.paintKey();
    const scene = this.view(camera.from - more, camera.to + more, this.width + 2 * margin, margin);
    picture.start(scene, devicePixelRatio, this.contentKey());
  }

  private draw(): void {
    const { ctx, palette, camera, head, width, height, app } = this;
    const ratio = devicePixelRatio;
    const findings = app.model.report?.findings ?? [];
    const selectedFinding = app.link.state.finding;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.fillStyle = palette.ground;
    ctx.fillRect(0, 0, width, height);
    ctx.save();
    ctx.beginPath();
    ctx.rect(0, head.height, width, height - head.height);
    ctx.clip();
    ctx.translate(0, head.height);
    this.picture.show(ctx, camera.from, camera.to, width, this.top);
    ctx.translate(0, -this.top);
    const scene = this.scene();
    drawPending(scene, app.model.index.end, app.lesson ? 'not played yet' : 'not read yet');
    drawFindings(scene, findings, selectedFinding);
    drawScales(scene);
    drawPointedOut(scene, this.pointedOut());
    if (this.range) drawRange(scene, this.range.from, this.range.to);
    if (this.hover) drawHover(scene, this.hover, (thread) => this.laneOf(thread));
    if (this.selected) drawEvent(scene, this.selected, true);
    ctx.restore();

    this.strip.draw(
      ctx,
      palette,
      head.overview,
      width,
      this.answers,
      camera.whole(),
      app.model.run,
      this.look,
    );
    const place = (time: number) => Math.min(Math.max(this.overviewX(time), 0), width);
    drawWindowFrame(ctx, palette, head.overview, place(camera.from), place(camera.to), width);
    const cursor = this.cursorLabel();
    const end = this.endLabel();
    const avoid = [cursor, end].filter((label) => label !== undefined);
    this.axisBase = drawAxis(ctx, palette, head.axis, camera, width, avoid).base;
    if (end && !(cursor && cursor.right > end.left)) {
      ctx.fillStyle = palette.muted;
      ctx.fillText(end.text, end.left, head.axis.top + palette.small * 1.15);
    }
    this.flags = drawFlags(ctx, palette, head.flags, findings, camera, width, selectedFinding);
    if (cursor) this.drawCursor(cursor);
  }

  /** When the run ends, at the right end of the axis, if its empty end is not shown. */
  private endLabel(): { text: string; left: number; right: number } | undefined {
    const { ctx, palette, camera, answers, width } = this;
    const { end } = this.app.model.index;
    if (answers.end >= end || camera.to < answers.end) return undefined;
    ctx.font = palette.smallFont;
    const text = `run ends at ${duration(end)}`;
    const right = width - 6;
    return { text, left: right - textWidth(ctx, text), right };
  }

  /** The time at the pointer, and where it is written on the axis. */
  private cursorLabel(): { text: string; left: number; right: number } | undefined {
    const { ctx, palette, head, pointer, camera } = this;
    if (!pointer || pointer.y < head.axis.top) return undefined;
    ctx.font = palette.boldFont;
    const text = timeNear(this.timeAt(pointer.x), camera.span / this.width);
    const wide = textWidth(ctx, text);
    const left = Math.min(Math.max(pointer.x - wide / 2, 4), this.width - wide - 4);
    return { text, left, right: left + wide };
  }

  /** A line at the pointer. */
  private drawCursor(label: { text: string; left: number }): void {
    const { ctx, palette, head, pointer } = this;
    if (!pointer) return;
    const x = Math.round(pointer.x) + 0.5;
    ctx.strokeStyle = palette.muted;
    ctx.lineWidth = 1;
    ctx.globalAlpha = 0.7;
    ctx.beginPath();
    ctx.moveTo(x, head.axis.top + head.axis.height);
    ctx.lineTo(x, this.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.font = palette.boldFont;
    ctx.fillStyle = palette.text;
    ctx.fillText(label.text, label.left, head.axis.top + palette.small * 1.15);
  }
}

/** Mouse, touch and wheel on the canvas. */

import { type Hit, hitAt } from './hits';
import type { Timeline } from './timeline';

/** A press that moves less than this is a click, in px. */
const CLICK = 4;
/** Width of the edges of the frame in the overview, in px. */
const EDGE = 8;
/** Factor of the span for each px of the wheel. */
const WHEEL = 1.0018;

export interface Clicks {
  hit(hit: Hit | undefined, time: number): void;
  finding(index: number): void;
  heading(key: string): void;
  range(range: { from: number; to: number } | undefined, final: boolean): void;
}

type Drag =
  | { kind: 'pan'; x: number; y: number; from: number; to: number; top: number }
  | { kind: 'range'; start: number }
  | { kind: 'frame'; shift: number }
  | { kind: 'edge'; side: 'from' | 'to' };

export function handlePointers(timeline: Timeline, clicks: Clicks): void {
  const { canvas, camera } = timeline;
  const pointers = new Map<number, { x: number; y: number }>();
  let drag: Drag | undefined;
  let start = { x: 0, y: 0 };
  let isClick = false;
  let pinch: { distance: number; time: number; span: number } | undefined;

  const at = (event: PointerEvent | MouseEvent) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const inOverview = (y: number) => y < timeline.head.axis.top;
  const hit = (point: { x: number; y: number }) =>
    point.y < timeline.head.height
      ? undefined
      : hitAt(
          timeline.scene(),
          point.x,
          point.y - timeline.head.height + timeline.top,
          timeline.bundles(),
        );

  timeline.hitAtPointer = () => timeline.pointer && hit(timeline.pointer);

  const begin = (point: { x: number; y: number }, event: PointerEvent): Drag => {
    if (inOverview(point.y)) {
      const { from, to } = camera.target;
      const edges = [timeline.overviewX(from), timeline.overviewX(to)];
      if (edges[1] - edges[0] > 3 * EDGE) {
        if (Math.abs(point.x - edges[0]) < EDGE) return { kind: 'edge', side: 'from' };
        if (Math.abs(point.x - edges[1]) < EDGE) return { kind: 'edge', side: 'to' };
      }
      const time = timeline.overviewTime(point.x);
      if (time >= from && time <= to) return { kind: 'frame', shift: time - from };
      camera.glide(time - (to - from) / 2, time + (to - from) / 2);
      return { kind: 'frame', shift: (to - from) / 2 };
    }
    const onAxis = point.y < timeline.head.flags.top;
    if (event.shiftKey || onAxis) return { kind: 'range', start: timeline.timeAt(point.x) };
    return { kind: 'pan', ...point, from: camera.from, to: camera.to, top: timeline.top };
  };

  const move = (point: { x: number; y: number }, of: Drag) => {
    switch (of.kind) {
      case 'pan': {
        const shift = ((of.x - point.x) / timeline.width) * (of.to - of.from);
        camera.jump(of.from + shift, of.to + shift);
        timeline.scrollTo(of.top + of.y - point.y);
        break;
      }
      case 'range': {
        const end = timeline.timeAt(point.x);
        clicks.range({ from: Math.min(of.start, end), to: Math.max(of.start, end) }, false);
        break;
      }
      case 'frame': {
        const from = timeline.overviewTime(point.x) - of.shift;
        camera.jump(from, from + camera.target.to - camera.target.from);
        break;
      }
      case 'edge': {
        const time = timeline.overviewTime(point.x);
        const { from, to } = camera.target;
        if (of.side === 'from' && time < to) camera.jump(time, to);
        if (of.side === 'to' && time > from) camera.jump(from, time);
      }
    }
    timeline.redraw();
  };

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    const point = at(event);
    pointers.set(event.pointerId, point);
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()];
      const middle = timeline.timeAt((a.x + b.x) / 2);
      pinch = { distance: Math.max(Math.abs(a.x - b.x), 20), time: middle, span: camera.span };
      drag = undefined;
      isClick = false;
      return;
    }
    start = point;
    isClick = true;
    drag = begin(point, event);
    if (drag.kind !== 'pan') isClick = drag.kind === 'range';
  });

  canvas.addEventListener('pointermove', (event) => {
    const point = at(event);
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, point);
    if (pinch && pointers.size === 2) {
      const [a, b] = [...pointers.values()];
      const span = (pinch.span * pinch.distance) / Math.max(Math.abs(a.x - b.x), 20);
      const share = (a.x + b.x) / 2 / timeline.width;
      camera.jump(pinch.time - share * span, pinch.time + (1 - share) * span);
      timeline.dragging = true;
      timeline.redraw();
      return;
    }
    if (drag) {
      if (isClick && Math.hypot(point.x - start.x, point.y - start.y) < CLICK) return;
      isClick = false;
      timeline.dragging = true;
      timeline.pointer = point;
      timeline.hover = undefined;
      move(point, drag);
      return;
    }
    if (event.pointerType === 'touch') return;
    timeline.pointer = point;
    timeline.hover = hit(point);
    canvas.style.cursor = cursorFor(point, timeline.hover);
    timeline.redraw();
  });

  const cursorFor = (point: { x: number; y: number }, over: Hit | undefined): string => {
    if (inOverview(point.y)) {
      const { from, to } = camera.target;
      const near = [from, to].some((time) => Math.abs(timeline.overviewX(time) - point.x) < EDGE);
      return near ? 'ew-resize' : 'grab';
    }
    if (point.y < timeline.head.flags.top) return 'col-resize';
    if (timeline.flagAt(point)) return 'pointer';
    if (over?.kind === 'lane' && over.lane.kind === 'heading') return 'pointer';
    return over && over.kind !== 'lane' ? 'pointer' : 'default';
  };

  const finish = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId)) return;
    if (pinch) {
      if (pointers.size < 2) pinch = undefined;
      timeline.dragging = false;
      timeline.redraw();
      return;
    }
    const ended = drag;
    drag = undefined;
    timeline.dragging = false;
    timeline.redraw();
    if (!ended) return;
    const point = at(event);
    if (isClick && event.type === 'pointerup') {
      const flag = timeline.flagAt(point);
      const over = hit(point);
      if (ended.kind === 'range') clicks.range(undefined, true);
      if (flag) clicks.finding(flag.finding);
      else if (over?.kind === 'lane' && over.lane.kind === 'heading') clicks.heading(over.lane.key);
      else if (point.y >= timeline.head.height) clicks.hit(over, timeline.timeAt(point.x));
    } else if (ended.kind === 'range' && timeline.range) {
      clicks.range(timeline.range, true);
    }
  };
  canvas.addEventListener('pointerup', finish);
  canvas.addEventListener('pointercancel', finish);

  canvas.addEventListener('pointerleave', () => {
    timeline.pointer = undefined;
    timeline.hover = undefined;
    timeline.redraw();
  });

  canvas.addEventListener('dblclick', (event) => {
    const point = at(event);
    if (point.y < timeline.head.height) return;
    camera.zoom(0.25, timeline.timeAt(point.x));
    timeline.redraw();
  });

  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      // A line or a page in other browsers.
      const unit = event.deltaMode === 1 ? 32 : event.deltaMode === 2 ? 400 : 1;
      const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
      if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) {
        camera.pan((dx || dy) / timeline.width);
      } else {
        // Pinches on a touchpad come as small turns of the wheel with ctrl.
        camera.zoom(WHEEL ** (event.ctrlKey ? dy * 4 : dy), timeline.timeAt(at(event).x));
      }
      timeline.redraw();
    },
    { passive: false },
  );
}

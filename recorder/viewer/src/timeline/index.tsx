/** The tab with the timeline: a canvas, the names of its lanes, and panels. */

import { render } from 'preact';
import type { App, Mount, View } from '../app/app';
import type { LinkState } from '../app/link';
import type { EventView } from '../data/event';
import { Cancelled } from '../data/model';
import { type Hit, stepOf } from './hits';
import { createKeys } from './keys';
import { type Shape, SHAPE_NAMES, shapeOf } from './marks';
import { Names } from './names';
import { Legend, Sums, TipBox } from './panels';
import { handlePointers } from './pointer';
import { printTimeline } from './print';
import { type RangeSums, sumsOf } from './sums';
import { Timeline } from './timeline';
import { tipOf } from './tip';
import { lengthOfWait, nearest } from './walk';

/** Bins for the sums of a selected range. */
const RANGE_BINS = 4096;
/** How long the view must rest before the link holds it, in ms. */
const LINK_DELAY = 300;

export const mount: Mount = (root: HTMLElement, app: App): View => {
  const add = <T extends HTMLElement>(parent: HTMLElement, name: string, tag = 'div') => {
    const element = document.createElement(tag) as T;
    element.className = name;
    parent.append(element);
    return element;
  };
  const body = add(root, 'body');
  const side = add(body, 'side');
  const corner = add(side, 'corner');
  const names = add(side, 'lanes');
  const stage = add(body, 'stage');
  const canvas = add<HTMLCanvasElement>(stage, 'lanes-canvas', 'canvas');
  const over = add(stage, 'over');
  const legend = add(root, 'legend-row');
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'application');
  canvas.setAttribute('aria-roledescription', 'timeline');
  canvas.setAttribute(
    'aria-label',
    'Timeline. Left and right arrows walk along a thread, up and down change the thread, ' +
      'square brackets walk to causes and consequences.',
  );

  const timeline = new Timeline(app, root, canvas);
  const { camera } = timeline;
  let sums: RangeSums | undefined;
  let own: Pick<LinkState, 'from' | 'to'> = {};
  let linkTimer = 0;
  let shown = '';
  /** Whether the lanes of the link are still to be scrolled to. */
  let showLanes = true;

  /** The step that was clicked on: it is in view. */
  let clicked: number | undefined;
  const select = (step: number | null) => {
    clicked = step ?? undefined;
    app.select(step);
  };

  const clickedLane = async (hit: Hit, time: number) => {
    const { lane } = hit;
    if (lane.kind !== 'thread' && lane.kind !== 'channel') return undefined;
    return nearest(app.model, { kind: lane.kind, index: lane.index }, time);
  };

  handlePointers(timeline, {
    hit(hit, time) {
      if (app.link.state.lanes) app.link.set({ lanes: undefined });
      if (!hit) return select(null);
      const step = stepOf(hit);
      if (step !== undefined) select(step);
      else
        clickedLane(hit, time).then((found) => found !== undefined && select(found), console.error);
    },
    finding(index) {
      app.link.set({ finding: index }, true);
      app.go('why');
    },
    heading: toggle,
    range(range, final) {
      timeline.range = range;
      const { window } = timeline.answers;
      sums = range && window ? sumsOf(app.model.run, window, range) : undefined;
      if (range && final) void sumExactly(range);
      timeline.redraw();
    },
  });

  /** Bins of the whole view are coarse for a short range. */
  async function sumExactly(range: { from: number; to: number }): Promise<void> {
    try {
      const { end } = app.model.index;
      const [from, to] = [Math.max(range.from, 0), Math.min(range.to, end)];
      if (to <= from) return;
      const window = await app.model.window(from, to, RANGE_BINS, 'timeline range');
      if (timeline.range !== range) return;
      sums = sumsOf(app.model.run, window, range);
      timeline.redraw();
    } catch (error) {
      if (!(error instanceof Cancelled)) throw error;
    }
  }

  function toggle(key: string): void {
    if (!timeline.collapsed.delete(key)) timeline.collapsed.add(key);
    timeline.redraw();
  }

  const clearRange = (): boolean => {
    if (!timeline.range) return false;
    timeline.range = undefined;
    sums = undefined;
    timeline.redraw();
    return true;
  };
  const keys = createKeys(timeline, clearRange);

  names.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      timeline.scrollTo(timeline.top + event.deltaY * (event.deltaMode === 1 ? 32 : 1));
    },
    { passive: false },
  );

  timeline.onFrame = () => {
    renderSide();
    renderOver();
    holdView();
  };

  /** The DOM changes only if it shows something else. */
  function renderSide(): void {
    if (showLanes && timeline.answers.overview) {
      const [first] = timeline.pointedOut();
      if (first) timeline.reveal(first);
      showLanes = false;
    }
    const { lanes, top, palette, head, selected } = timeline;
    const { run } = app.model;
    const current = selected && timeline.laneOf(selected.thread);
    const shapes = shapesInView();
    const key = [
      lanes.all.map((lane) => lane.key + lane.height).join(),
      top,
      palette.em,
      palette.ground,
      palette.blackWhite,
      head.height,
      current?.key,
      app.link.state.lanes?.join(),
      timeline.axisBase,
      shapes.join(),
      timeline.answers.overview !== undefined,
      timeline.lanesHeight,
    ].join('|');
    if (key === shown) return;
    shown = key;
    corner.style.height = `${head.height}px`;
    render(
      <>
        <span class="what">whole run</span>
        <span class="base">{timeline.axisBase ?? ''}</span>
      </>,
      corner,
    );
    render(
      <Names
        timeline={timeline}
        run={run}
        toggle={toggle}
        current={current}
        pointedOut={timeline.pointedOut()}
      />,
      names,
    );
    render(
      <Legend run={run} overview={timeline.answers.overview} shapes={shapes} palette={palette} />,
      legend,
    );
  }

  function shapesInView(): Shape[] {
    const found = new Set<Shape>();
    for (const { marks } of timeline.answers.detail?.threads.values() ?? []) {
      for (const mark of marks) found.add(shapeOf(mark.kind));
    }
    return (Object.keys(SHAPE_NAMES) as Shape[]).filter((shape) => found.has(shape));
  }

  function tipPlace({ x, y }: { x: number; y: number }) {
    return { x, y, left: x > timeline.width * 0.6, above: y > timeline.height * 0.7 };
  }

  function renderOver(): void {
    const { hover, pointer } = timeline;
    const { problem } = timeline.answers;
    const flag = timeline.flagAt(pointer);
    const finding = flag && app.model.report?.findings[flag.finding];
    const tip = finding
      ? { title: finding.code, lines: [finding.what, finding.advice].filter(Boolean) }
      : hover && pointer && tipOf(timeline.scene(), hover, timeline.timeAt(pointer.x));
    render(
      <>
        {tip && pointer ? <TipBox tip={tip} place={tipPlace(pointer)} /> : null}
        {sums ? <Sums run={app.model.run} sums={sums} close={clearRange} /> : null}
        {problem ? <p class="problem">This part of the run cannot be shown. {problem}</p> : null}
      </>,
      over,
    );
  }

  /** Keeps the visible range in the link, once the view rests. */
  function holdView(): void {
    const whole = camera.whole();
    const { from, to } = camera.target;
    const isWhole = from <= whole.from && to >= whole.to;
    // A view that follows the end of a run is another one at every moment.
    const isFollowing = app.model.index.live && camera.follows;
    const now = isWhole || isFollowing ? {} : { from: Math.round(from), to: Math.round(to) };
    if (now.from === own.from && now.to === own.to) return;
    own = now;
    clearTimeout(linkTimer);
    linkTimer = window.setTimeout(() => app.link.set({ from: own.from, to: own.to }), LINK_DELAY);
  }

  function followLink(state: LinkState, before: LinkState | undefined): void {
    const { from, to } = state;
    if (from !== before?.from || to !== before?.to) {
      if (from !== undefined && to !== undefined && (from !== own.from || to !== own.to)) {
        own = { from, to };
        if (before) camera.glide(from, to);
        else camera.jump(from, to);
      }
    }
    if (state.lanes !== before?.lanes) showLanes = true;
    if (state.step !== before?.step) void showStep(state.step);
    timeline.redraw();
  }

  /** The wait is outlined up to its end. */
  async function measureWait(event: EventView): Promise<void> {
    const duration = await lengthOfWait(app.model, event);
    if (timeline.selected !== event || duration === undefined) return;
    timeline.selected = { ...event, duration };
    timeline.redraw();
  }

  async function showStep(step: number | undefined): Promise<void> {
    const event = step === undefined ? undefined : await app.model.event(step);
    if (app.link.state.step !== step) return;
    timeline.selected = event;
    if (event?.kind.group === 'waitBegan') void measureWait(event);
    if (event && step !== clicked) {
      camera.reveal(event.time);
      const lane = timeline.laneOf(event.thread);
      if (lane) timeline.reveal(lane);
    }
    timeline.redraw();
  }

  new ResizeObserver(() => timeline.resize(stage.clientWidth, stage.clientHeight)).observe(stage);
  app.look.onChange(() => timeline.restyle());
  app.model.onChange(() => timeline.redraw());
  app.link.onChange(followLink);
  printTimeline(timeline, root);
  camera.grow(app.model.index.end);
  followLink(app.link.state, undefined);

  return {
    show() {
      timeline.show(true);
    },
    hide() {
      timeline.show(false);
    },
    focus() {
      canvas.focus();
    },
    key: (event) => keys.press(event),
  };
};

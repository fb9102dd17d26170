/** The keys of the timeline. */

import type { EventView } from '../data/event';
import type { Lane } from './lanes';
import type { Timeline } from './timeline';
import { along, causeOf, effectOf, nearest } from './walk';

const ZOOM = 1.6;
const PAN = 0.2;
/** A framed selection takes this share of the width. */
const FRAME = 0.5;
/** Spans to frame for an event that takes no time: this many events of its thread. */
const NEIGHBOURS = 6;

export interface Keys {
  /** Returns whether the key was handled. */
  press(event: KeyboardEvent): boolean;
}

export function createKeys(timeline: Timeline, clear: () => boolean): Keys {
  const { app, camera } = timeline;
  const { model } = app;
  /** Only the last of several walks counts. */
  let latest = 0;

  const walk = (find: (from: EventView) => Promise<number | undefined>, none: string) => {
    const mine = ++latest;
    const from = timeline.selected;
    const found = from ? find(from) : startOfWalk();
    found.then((step) => {
      if (mine !== latest) return;
      // The panel with details reads out the step.
      if (step === undefined) app.announce(none);
      else app.select(step);
    }, console.error);
  };

  /** The first operation in view. */
  const startOfWalk = async () => {
    const lane = timeline.lanes.all.find((one) => one.kind === 'thread');
    return lane && nearest(model, { kind: 'thread', index: lane.index }, Math.max(camera.from, 0));
  };

  const neighbour = (direction: 1 | -1) => {
    walk(async (from) => {
      const lanes = timeline.lanes.all.filter(
        (lane): lane is Lane & { kind: 'thread' } => lane.kind === 'thread',
      );
      const at = lanes.findIndex((lane) => lane.index === from.thread);
      const lane = lanes[at + direction];
      return lane && nearest(model, lane, from.time);
    }, 'No other thread in this direction.');
  };

  const frame = async () => {
    const event = timeline.selected;
    if (!event) return;
    let begin = event.time;
    let end = event.time + (event.duration ?? 0);
    if (event.from) begin = Math.min(begin, event.from.time);
    const effect = await effectOf(model, event);
    if (effect !== undefined) end = Math.max(end, (await model.event(effect)).time);
    if (end - begin < 1) [begin, end] = await neighbourhood(event);
    const margin = ((end - begin) * (1 / FRAME - 1)) / 2;
    camera.glide(begin - margin, end + margin);
    timeline.redraw();
  };

  const neighbourhood = async (event: EventView): Promise<[number, number]> => {
    const ends = [event.time, event.time];
    for (const direction of [-1, 1] as const) {
      let step: number | undefined = event.step;
      for (let n = 0; n < NEIGHBOURS && step !== undefined; n++) {
        step = await along(model, event.thread, step, direction);
        if (step !== undefined) ends[direction < 0 ? 0 : 1] = (await model.event(step)).time;
      }
    }
    return ends[1] > ends[0] ? [ends[0], ends[1]] : [event.time - 500, event.time + 500];
  };

  const middle = () =>
    timeline.pointer ? timeline.timeAt(timeline.pointer.x) : (camera.from + camera.to) / 2;
  const anchor = () => {
    const time = timeline.selected?.time;
    return time !== undefined && time >= camera.from && time <= camera.to ? time : middle();
  };

  const actions: Record<string, () => unknown> = {
    w: () => camera.zoom(1 / ZOOM, anchor()),
    s: () => camera.zoom(ZOOM, anchor()),
    '+': () => camera.zoom(1 / ZOOM, anchor()),
    '-': () => camera.zoom(ZOOM, anchor()),
    a: () => camera.pan(-PAN),
    d: () => camera.pan(PAN),
    '0': () => {
      const { from, to } = camera.whole();
      camera.glide(from, to);
    },
    f: frame,
    ArrowLeft: () =>
      walk((from) => along(model, from.thread, from.step, -1), 'No earlier step of this thread.'),
    ArrowRight: () =>
      walk((from) => along(model, from.thread, from.step, 1), 'No later step of this thread.'),
    ArrowUp: () => neighbour(-1),
    ArrowDown: () => neighbour(1),
    '[': () => walk((from) => causeOf(model, from), 'No recorded cause.'),
    ']': () => walk((from) => effectOf(model, from), 'No recorded consequence.'),
    Enter: () => {
      if (timeline.selected) document.querySelector<HTMLElement>('.details')?.focus();
      else walk(async () => undefined, '');
    },
    PageUp: () => timeline.scrollTo(timeline.top - timeline.lanesHeight * 0.8),
    PageDown: () => timeline.scrollTo(timeline.top + timeline.lanesHeight * 0.8),
  };

  return {
    press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return false;
      if (event.key === 'Escape') return clear();
      const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action) return false;
      action();
      timeline.redraw();
      return true;
    },
  };
}

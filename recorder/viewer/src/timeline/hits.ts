/** What is at a point of the timeline. */

import { NONE } from '../data/chunk';
import { type Bundle, distanceTo, distanceToLine } from './arrows';
import { queueIn, scaleOf } from './channels';
import { type Arrow, type Hold, type Mark, type StateBar, firstFrom } from './detail';
import { type Lane, channelArea, threadParts } from './lanes';
import type { Parcel } from './queue';
import { type Scene, perNs, xOf } from './scene';

/** How far from the pointer an operation or an arrow can be, in px. */
const REACH = 9;
const ARROW_REACH = 5;

export type Hit =
  | { kind: 'mark'; lane: Lane; mark: Mark }
  | { kind: 'bar'; lane: Lane; bar: StateBar }
  | { kind: 'arrow'; lane: Lane; arrow: Arrow }
  | { kind: 'parcel'; lane: Lane; parcel: Parcel }
  | { kind: 'hold'; lane: Lane; hold: Hold }
  | { kind: 'bundle'; lane: Lane; bundle: Bundle }
  | { kind: 'lane'; lane: Lane };

/**
 * Returns what is at `x`, `y`; both in px of the scene, `y` from the top of all lanes. `bundles` are
 * the arrows that are drawn, with `x` in px of the scene.
 */
export function hitAt(
  scene: Scene,
  x: number,
  y: number,
  bundles: readonly Bundle[],
): Hit | undefined {
  const lane = laneAt(scene, y);
  if (!lane) return undefined;
  const time = scene.from + x / perNs(scene);
  if (lane.kind === 'thread') {
    const mark = nearestMark(scene, lane, time, REACH);
    if (mark) return { kind: 'mark', lane, mark };
    const { barTop, barHeight } = threadParts(lane, scene.palette.em);
    const arrow = arrowAt(scene, x, y);
    if (arrow) return { kind: 'arrow', lane, arrow };
    const bundle = scene.detail ? undefined : bundleAt(scene, bundles, x, y);
    if (bundle) return { kind: 'bundle', lane, bundle };
    if (y >= barTop && y <= barTop + barHeight) {
      const bars = scene.detail?.threads.get(lane.index)?.bars ?? [];
      const bar = bars.find((one) => one.begin <= time && time < one.end);
      if (bar && (bar.end - bar.begin) * perNs(scene) >= 2) return { kind: 'bar', lane, bar };
    }
  }
  if (lane.kind === 'channel') {
    const parcel = parcelAt(scene, lane, time, y);
    if (parcel) return { kind: 'parcel', lane, parcel };
    const mark = nearestOf(
      scene.detail?.channels.get(lane.index) ?? [],
      time,
      REACH / perNs(scene),
    );
    if (mark) return { kind: 'mark', lane, mark };
  }
  if (lane.kind === 'lock') {
    const holds = scene.detail?.locks.get(lane.index) ?? [];
    const hold = holds.find((one) => one.begin <= time && time < one.end);
    if (hold) return { kind: 'hold', lane, hold };
  }
  return { kind: 'lane', lane };
}

export function laneAt(scene: Pick<Scene, 'lanes'>, y: number): Lane | undefined {
  return scene.lanes.all.find((lane) => y >= lane.top && y < lane.top + lane.height);
}

/** The operation of a thread that is nearest to `time`, at most `reach` px away. */
export function nearestMark(
  scene: Scene,
  lane: Lane,
  time: number,
  reach: number,
): Mark | undefined {
  const marks = scene.detail?.threads.get(lane.index)?.marks ?? [];
  return nearestOf(marks, time, reach / perNs(scene));
}

function nearestOf(marks: readonly Mark[], time: number, reach: number): Mark | undefined {
  let best: Mark | undefined;
  let distance = reach;
  for (let n = firstFrom(marks, time - reach); n < marks.length; n++) {
    if (marks[n].time > time + reach) break;
    const away = Math.abs(marks[n].time - time);
    // Of several at one time the last one is on top.
    if (away <= distance) {
      distance = away;
      best = marks[n];
    }
  }
  return best;
}

function arrowAt(scene: Scene, x: number, y: number): Arrow | undefined {
  const arrows = scene.detail?.arrows ?? [];
  const reach = ARROW_REACH / perNs(scene);
  const time = scene.from + x / perNs(scene);
  let best: Arrow | undefined;
  let distance = ARROW_REACH;
  for (const arrow of arrows) {
    if (arrow.fromTime > time + reach || arrow.time < time - reach) continue;
    const away = distanceTo(scene, arrow, x, y);
    if (away < distance) {
      distance = away;
      best = arrow;
    }
  }
  return best;
}

function bundleAt(
  scene: Scene,
  bundles: readonly Bundle[],
  x: number,
  y: number,
): Bundle | undefined {
  let best: Bundle | undefined;
  let distance = ARROW_REACH;
  for (const bundle of bundles) {
    if (bundle.x1 > x + ARROW_REACH || bundle.x2 < x - ARROW_REACH) continue;
    const away = distanceToLine(scene.palette.em, bundle, x, y);
    if (away < distance) [best, distance] = [bundle, away];
  }
  return best;
}

function parcelAt(scene: Scene, lane: Lane, time: number, y: number): Parcel | undefined {
  const queue = queueIn(scene, lane.index);
  if (!queue) return undefined;
  const area = channelArea(lane, scene.palette.em, scaleOf(scene, lane.index));
  const unit = (area.bottom - area.top) / scaleOf(scene, lane.index);
  const place = Math.floor((area.bottom - y) / unit);
  return queue.parcels.find((parcel) => {
    if (time < parcel.times[0] || time >= Math.min(parcel.end, scene.known)) return false;
    const at = parcel.times.findLastIndex((moved) => moved <= time);
    return parcel.places[at] === place;
  });
}

/** The step that a click on `hit` selects. */
export function stepOf(hit: Hit): number | undefined {
  switch (hit.kind) {
    case 'mark':
      return hit.mark.step;
    case 'arrow':
      return hit.arrow.step;
    case 'bar':
      return hit.bar.wait && hit.bar.wait.step !== NONE ? hit.bar.wait.step : undefined;
    case 'parcel':
      return hit.parcel.sent !== NONE
        ? hit.parcel.sent
        : hit.parcel.received !== NONE
          ? hit.parcel.received
          : undefined;
    default:
      return undefined;
  }
}

/** The arrows that begin or end at an event. */
export function arrowsOf(scene: Scene, thread: number, time: number): Arrow[] {
  const arrows = scene.detail?.arrows ?? [];
  return arrows.filter(
    (arrow) =>
      (arrow.to === thread && arrow.time === time) ||
      (arrow.from === thread && arrow.fromTime === time),
  );
}

/** An arrow at its current position in the scene. */
export function bundleOf(
  scene: Scene,
  arrow: Arrow,
  lane: (thread: number) => Lane | undefined,
): Bundle | undefined {
  const from = lane(arrow.from);
  const to = lane(arrow.to);
  if (!from || !to) return undefined;
  return {
    from,
    to,
    x1: xOf(scene, arrow.fromTime),
    x2: xOf(scene, arrow.time),
    count: 1,
    message: arrow.channel >= 0,
  };
}

/** What the pointer shows: a title and some lines of text. */

import { count, counted, duration, sentence, threadName } from '../app/words';
import { NONE } from '../data/chunk';
import { eventView } from '../data/event';
import { Activity, type Run } from '../data/run';
import type { Window } from '../data/window';
import { queueIn } from './channels';
import type { Hit } from './hits';
import { perNs, type Scene } from './scene';
import { stateNames } from './threads';
import { timeNear } from './ticks';

export interface Tip {
  readonly title: string;
  readonly lines: readonly string[];
}

export function tipOf(scene: Scene, hit: Hit, time: number): Tip | undefined {
  const { run } = scene;
  switch (hit.kind) {
    case 'mark': {
      const event = eventView(run, hit.mark.chunk, hit.mark.i);
      const lines = [`at ${timeNear(event.time, 1)}`];
      if (event.text) lines.unshift(event.text.slice(0, 200));
      if (event.waited) lines.push(`after waiting ${duration(event.waited)}`);
      if (event.latency !== undefined) lines.push(`latency ${duration(event.latency)}`);
      if (event.place !== undefined) lines.push(run.places[event.place]?.text ?? '');
      return { title: sentence(run, event), lines };
    }
    case 'bar': {
      const { bar } = hit;
      const names = stateNames(run, bar);
      const length = duration(bar.end - bar.begin);
      const open = scene.over && bar.end >= scene.known && bar.activity !== Activity.running;
      return {
        title: `${threadName(run, hit.lane.index)} ${names[0]}`,
        lines: [
          open ? `${length}, until the end of the run` : length,
          `from ${timeNear(bar.begin, 1)}`,
        ],
      };
    }
    case 'arrow': {
      const { arrow } = hit;
      const channel =
        arrow.channel === NONE ? '' : ` on ${run.channels[arrow.channel]?.label ?? ''}`;
      return {
        title: `${threadName(run, arrow.from)} → ${threadName(run, arrow.to)}${channel}`,
        lines: [duration(arrow.time - arrow.fromTime)],
      };
    }
    case 'bundle': {
      const { from, to, count: size, message } = hit.bundle;
      return {
        title: `${from.title} → ${to.title}`,
        lines: [
          message ? counted(size, 'arrow') : 'start, end, or unlock',
          `around ${timeNear(time, 1 / perNs(scene))}`,
        ],
      };
    }
    case 'parcel': {
      const { parcel } = hit;
      const begin = parcel.times[0];
      const rests = parcel.end === Infinity;
      return {
        title: `message #${parcel.number} in ${run.channels[hit.lane.index]?.label ?? ''}`,
        lines: [
          parcel.value.slice(0, 200),
          parcel.lost
            ? `lost after ${duration(parcel.end - begin)}: its last receiver was dropped`
            : rests
              ? `in the queue since ${timeNear(begin, 1)}`
              : `${duration(parcel.end - begin)} in the queue`,
        ].filter(Boolean),
      };
    }
    case 'hold': {
      const { hold } = hit;
      return {
        title: `${run.primitives[hit.lane.index]?.label ?? ''} ${hold.shared ? 'read' : 'held'} by ${threadName(run, hold.thread)}`,
        lines: [duration(hold.end - hold.begin)],
      };
    }
    case 'lane':
      return laneTip(scene, hit, time);
  }
}

function laneTip(scene: Scene, { lane }: Hit, time: number): Tip | undefined {
  const window = windowAt(scene, time);
  if (!window) return undefined;
  const bin = Math.floor((time - window.from) / window.binNs);
  // Some px around the pointer, so that the numbers do not flicker.
  const reach = Math.max(Math.round(1.5 / (window.binNs * perNs(scene))), 0);
  const first = Math.max(bin - reach, 0);
  const last = Math.min(bin + reach + 1, window.bins);
  const around = `${duration((last - first) * window.binNs)} around ${timeNear(time, window.binNs)}`;
  if (lane.kind === 'thread') return threadTip(scene.run, window, lane.index, first, last, around);
  if (lane.kind === 'channel')
    return channelTip(scene, window, lane.index, time, first, last, around);
  if (lane.kind !== 'lock') return undefined;
  const held = window.locks.get(lane.index)?.held;
  const share = held ? sum(held, first, last) / ((last - first) * window.binNs) : 0;
  return { title: `${lane.title}: held ${percent(share)}`, lines: [around] };
}

function windowAt(scene: Scene, time: number): Window | undefined {
  const { window, overview } = scene;
  return [window, overview].find((one) => one && time >= one.from && time < one.to);
}

function threadTip(
  run: Run,
  window: Window,
  thread: number,
  first: number,
  last: number,
  around: string,
): Tip | undefined {
  const bins = window.threads.get(thread);
  if (!bins) return undefined;
  const shares = bins.ns
    .map((ns, activity) => ({ activity, ns: ns ? sum(ns, first, last) : 0 }))
    .filter(({ ns }) => ns > 0)
    .sort((a, b) => b.ns - a.ns);
  if (shares.length === 0) return undefined;
  const all = shares.reduce((total, { ns }) => total + ns, 0);
  return {
    title: threadName(run, thread),
    lines: [
      ...shares.map(({ activity, ns }) => `${run.activities[activity]} ${percent(ns / all)}`),
      counted(sum(bins.events, first, last), 'event'),
      around,
    ],
  };
}

function channelTip(
  scene: Scene,
  window: Window,
  channel: number,
  time: number,
  first: number,
  last: number,
  around: string,
): Tip | undefined {
  const queue = queueIn(scene, channel);
  const bins = window.channels.get(channel);
  const title = scene.run.channels[channel]?.label ?? '';
  if (queue && window === scene.window) {
    const at = queue.times.findLastIndex((changed) => changed <= time);
    const depth = at < 0 ? 0 : queue.depths[at];
    return {
      title,
      lines: [`${counted(depth, 'message')} in the queue`, `at ${timeNear(time, window.binNs)}`],
    };
  }
  if (!bins) return { title, lines: ['no messages'] };
  let min = Infinity;
  let max = -Infinity;
  for (let i = first; i < last; i++) {
    if (bins.min[i] < min) min = bins.min[i];
    if (bins.max[i] > max) max = bins.max[i];
  }
  const depth =
    max < 0 ? [] : [min === max ? `depth ${count(max)}` : `depth ${count(min)} to ${count(max)}`];
  return {
    title,
    lines: [
      ...depth,
      `${count(sum(bins.sent, first, last))} sent, ${count(sum(bins.received, first, last))} received`,
      around,
    ],
  };
}

export function sum(values: ArrayLike<number>, first: number, last: number): number {
  let total = 0;
  for (let i = first; i < last; i++) total += values[i];
  return total;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 1 ? '<1' : Math.round(value)}%`;
}

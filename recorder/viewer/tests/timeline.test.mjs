import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NONE, TargetType } from '../src/data/chunk';
import { Camera } from '../src/timeline/camera';
import { arrangeLanes, threadParts } from '../src/timeline/lanes';
import { queueOf } from '../src/timeline/queue';
import { sumsOf } from '../src/timeline/sums';
import { ticks, time, timeNear } from '../src/timeline/ticks';

const labels = (from, to, count) => ticks(from, to, count).major.map(({ label }) => label);

test('ticks are round times in the unit that fits', () => {
  assert.deepEqual(labels(0, 2.5e9, 6), ['0', '0.5 s', '1 s', '1.5 s', '2 s', '2.5 s']);
  assert.deepEqual(labels(-1e4, 2e6, 5), ['0', '0.5 ms', '1 ms', '1.5 ms', '2 ms']);
  assert.deepEqual(labels(0, 100, 5), ['0', '20 ns', '40 ns', '60 ns', '80 ns', '100 ns']);
});

test('far from the start the ticks count from a base', () => {
  const found = ticks(1.234567e9, 1.234569e9, 5);
  assert.equal(found.base, '1.234567 s');
  assert.equal(found.major[1].label, '+500 ns');
});

test('a time has the digits that its pixel can show', () => {
  assert.equal(time(14_933_608), '14.933608 ms');
  assert.equal(timeNear(14_933_608, 12_000), '14.93 ms');
  assert.equal(timeNear(14_933_608, 1), '14.933608 ms');
});

const camera = (end) => {
  const made = new Camera(() => false);
  made.grow(end);
  return made;
};

test('zooming keeps the time at the pointer in its place', () => {
  const view = camera(1000_000);
  const at = 300_000;
  const before = (at - view.from) / view.span;
  view.zoom(0.5, at);
  assert.ok(Math.abs((at - view.from) / view.span - before) < 1e-9);
});

test('a view of the end follows a run that grows, another one stays', () => {
  const view = camera(1000_000);
  assert.ok(view.from < 0 && view.to > 1000_000);
  view.jump(600_000, 1000_000);
  view.grow(1500_000);
  assert.deepEqual([view.from, view.to], [1100_000, 1500_000]);
  view.jump(100_000, 200_000);
  view.grow(2000_000);
  assert.deepEqual([view.from, view.to], [100_000, 200_000]);
});

test('a view is never outside of the run', () => {
  const view = camera(1000_000);
  view.pan(50);
  assert.ok(view.to <= 1020_000);
  view.zoom(1e-9, 500_000);
  assert.ok(view.span >= 40);
  view.zoom(1e9, 500_000);
  assert.ok(view.span <= 1040_000);
});

function runOf(threads, channels) {
  return {
    processes: [{ name: 'demo' }],
    threads: Array.from({ length: threads }, (_, n) => ({ name: `t${n}`, process: 0 })),
    channels: Array.from({ length: channels }, (_, n) => ({
      label: `c${n}`,
      type: 'u8',
      bound: 2,
      process: 0,
    })),
    primitives: [],
    places: [],
    threadOrder: Array.from({ length: threads }, (_, n) => threads - 1 - n),
    channelOrder: Array.from({ length: channels }, (_, n) => n),
  };
}

test('few lanes fill the height, many are scrolled', () => {
  const few = arrangeLanes(runOf(6, 3), [], new Set(), 760, 14);
  assert.ok(Math.abs(few.height - 760) <= 1);
  const many = arrangeLanes(runOf(40, 20), [], new Set(), 760, 14);
  assert.ok(many.height > 760);
  for (const lanes of [few, many]) {
    lanes.all.reduce((bottom, lane) => (assert.equal(lane.top, bottom), bottom + lane.height), 0);
  }
});

test('lanes have the order of the run, and a bar within them', () => {
  const { all } = arrangeLanes(runOf(3, 1), [], new Set(), 760, 14);
  assert.deepEqual(
    all.map(({ title }) => title),
    ['Threads', 't2', 't1', 't0', 'Channels', 'c0'],
  );
  for (const height of [24, 40, 80, 200]) {
    const lane = { ...all[1], top: 100, height };
    const { barTop, barHeight, middle } = threadParts(lane, 14);
    assert.ok(barTop >= 100 && barTop + barHeight <= 100 + height);
    assert.ok(middle > barTop && middle < barTop + barHeight);
  }
});

test('a collapsed group keeps its heading only', () => {
  const lanes = arrangeLanes(runOf(3, 1), [], new Set(['Threads 0']), 760, 14);
  assert.deepEqual(
    lanes.all.map(({ title }) => title),
    ['Threads', 'Channels', 'c0'],
  );
  assert.deepEqual(lanes.all[0].members, [2, 1, 0]);
});

const KINDS = [
  { group: 'operation', send: true, receive: false },
  { group: 'operation', send: false, receive: true },
  { group: 'channelCreated', send: false, receive: false },
  { group: 'receiverDropped', send: false, receive: false },
];

/** Marks of one channel from `[kind, time, message, depth]`. */
function marksOf(events, state) {
  const column = (n) => events.map((event) => event[n] ?? NONE);
  const chunk = {
    begin: 0,
    now: column(1),
    kind: column(0),
    message: column(2),
    depth: column(3),
    target: events.map(() => 0),
    targetType: events.map(() => TargetType.channel),
    text: events.map(() => NONE),
    texts: [],
    channels: state ? [{ channel: 0, ...state }] : [],
  };
  const marks = events.map(([kind, at], i) => ({
    step: i,
    time: at,
    thread: 0,
    kind: KINDS[kind],
    chunk,
    i,
  }));
  return { marks, ranges: [{ chunk, first: 0, last: events.length }] };
}

test('messages move to the front of a queue', () => {
  const { marks, ranges } = marksOf([
    [2, 0],
    [0, 10, 1, 1],
    [0, 20, 2, 2],
    [1, 30, 1, 1],
    [1, 50, 2, 0],
  ]);
  const { parcels, depths, times } = queueOf(0, marks, ranges, KINDS);
  assert.deepEqual(
    parcels.map(({ number, times: moved, places, end }) => ({ number, moved, places, end })),
    [
      { number: 1, moved: [10], places: [0], end: 30 },
      { number: 2, moved: [20, 30], places: [1, 0], end: 50 },
    ],
  );
  assert.deepEqual(times.map((at, n) => [at, depths[n]]).slice(-4), [
    [10, 1],
    [20, 2],
    [30, 1],
    [50, 0],
  ]);
});

test('messages are lost with the last receiver', () => {
  const { marks, ranges } = marksOf([
    [2, 0],
    [0, 10, 1, 1],
    [3, 40],
  ]);
  const { parcels, depths } = queueOf(0, marks, ranges, KINDS);
  assert.deepEqual([parcels[0].lost, parcels[0].end, depths.at(-1)], [true, 40, 0]);
});

test('messages from before the window have their numbers', () => {
  const state = { sent: 7, received: 5, depth: 2, senders: 1, receivers: 1 };
  const { marks, ranges } = marksOf(
    [
      [1, 10, 6, 1],
      [0, 20, 8, 2],
    ],
    state,
  );
  const { parcels } = queueOf(0, marks, ranges, KINDS);
  assert.deepEqual(
    parcels.map(({ number, end }) => [number, end]),
    [
      [6, 10],
      [7, Infinity],
      [8, Infinity],
    ],
  );
});

test('sums of a range are those of its bins', () => {
  const run = { ...runOf(1, 1), activities: [] };
  const ns = new Array(12).fill(undefined);
  ns[0] = Float64Array.of(8, 4, 0, 2);
  ns[2] = Float64Array.of(0, 4, 8, 6);
  const bins = { min: Float64Array.of(NaN, 1, NaN, NaN), max: Float64Array.of(NaN, 3, NaN, NaN) };
  const window = {
    from: 0,
    to: 32,
    binNs: 8,
    bins: 4,
    threads: new Map([[0, { ns, events: new Uint32Array(4) }]]),
    channels: new Map([
      [
        0,
        {
          ...bins,
          last: Float64Array.of(NaN, 2, NaN, NaN),
          sent: Uint32Array.of(0, 3, 0, 0),
          received: Uint32Array.of(0, 1, 0, 0),
          depthBefore: 0,
        },
      ],
    ]),
  };
  const sums = sumsOf(run, window, { from: 7, to: 25 });
  assert.deepEqual([sums.from, sums.to], [8, 24]);
  assert.deepEqual([sums.threads[0].ns[0], sums.threads[0].ns[2]], [4, 12]);
  assert.deepEqual(sums.channels, [{ channel: 0, sent: 3, received: 1, max: 3 }]);
});

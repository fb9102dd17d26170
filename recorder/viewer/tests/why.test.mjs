// The picture of a hang: nothing overlaps. The words: names are found where they are meant.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut } from '../src/why/layout.ts';
import { pictureOf } from '../src/why/picture.ts';
import { pieces } from '../src/why/prose.tsx';
import { sortedBy } from '../src/why/table.tsx';
import { percent, shortPlace } from '../src/why/text.ts';

/** A ring of threads, and others, each of which waits for a thread before it. */
function hang(ring, others) {
  const node = (thread) => ({
    thread,
    state: 'waits',
    stuck: true,
    certain: true,
    core: thread < ring,
    since: 0,
    text: thread < ring ? 'waits in lock on "a"' : `waits in join of t${thread}`,
  });
  const edges = [];
  for (let i = 0; i < ring; i += 1) {
    edges.push({ from: i, to: (i + 1) % ring, text: 'until it releases "a"', ring: true });
  }
  for (let i = ring; i < ring + others; i += 1) {
    edges.push({ from: i, to: (i * 7) % i, text: 'until it ends', ring: false });
  }
  const nodes = Array.from({ length: ring + others }, (_, i) => node(i));
  const run = { threads: nodes.map((_, i) => ({ name: `t${i}` })), channels: [], places: [] };
  const finding = { code: 'deadlock', hang: true, threads: nodes.map((it) => it.thread), channels: [] };
  return { run, finding, report: { graph: { nodes, edges } } };
}

function overlap(a, b) {
  return (
    a.x < b.x + b.width - 1e-6 &&
    b.x < a.x + a.width - 1e-6 &&
    a.y < b.y + b.height - 1e-6 &&
    b.y < a.y + a.height - 1e-6
  );
}

/** Points of a path of straight lines and curves, the control points left out. */
function* points(path) {
  const tokens = path.match(/[A-Z]|-?[\d.]+(?:e-?\d+)?/g);
  let at = [0, 0];
  for (let i = 0; i < tokens.length; ) {
    const command = tokens[i];
    const count = { M: 1, L: 1, Q: 2, C: 3 }[command];
    const given = [];
    for (let k = 0; k < count; k += 1) given.push([+tokens[i + 1 + 2 * k], +tokens[i + 2 + 2 * k]]);
    i += 1 + 2 * count;
    const all = [at, ...given];
    for (let step = 1; command !== 'M' && step <= 40; step += 1) yield bezier(all, step / 40);
    at = given.at(-1);
  }
}

function bezier(all, t) {
  if (all.length === 1) return all[0];
  const next = all.slice(1).map(([x, y], i) => [
    all[i][0] + (x - all[i][0]) * t,
    all[i][1] + (y - all[i][1]) * t,
  ]);
  return bezier(next, t);
}

test('boxes and labels of rings of every size do not overlap', () => {
  for (let ring = 1; ring <= 30; ring += 1) {
    for (const others of [0, 1, 3, 8]) {
      const { run, report, finding } = hang(ring, others);
      const picture = pictureOf(run, report, finding);
      assert.equal(picture.spine.length, ring);
      assert.equal(picture.closed, true);
      const { boxes, arrows, width, height } = layOut(picture);
      assert.equal(boxes.size, picture.boxes.length);
      const labels = arrows.flatMap((it) => (it.label ? [it.label] : []));
      const areas = [...boxes.values(), ...labels];
      areas.forEach((a, i) => {
        assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height);
        for (const b of areas.slice(i + 1)) {
          assert.ok(!overlap(a, b), `${ring} and ${others}: ${JSON.stringify([a, b])}`);
        }
      });
    }
  }
});

test('no arrow runs through a box', () => {
  for (const ring of [1, 2, 3, 4, 5, 8, 13, 30]) {
    for (const others of [1, 3, 8]) {
      const { run, report, finding } = hang(ring, others);
      const { boxes, arrows, width } = layOut(pictureOf(run, report, finding));
      for (const { path } of arrows) {
        for (const [x, y] of points(path)) {
          assert.ok(x >= 0 && x <= width);
          for (const box of boxes.values()) {
            const point = { x: x - 0.01, y: y - 0.01, width: 0.02, height: 0.02 };
            const inner = { x: box.x + 0.1, y: box.y + 0.1, width: box.width - 0.2, height: box.height - 0.2 };
            assert.ok(!overlap(point, inner), `${ring} and ${others}: ${path}`);
          }
        }
      }
    }
  }
});

test('threads that wait in the same way are one box', () => {
  const { run, report, finding } = hang(2, 0);
  for (let thread = 2; thread < 12; thread += 1) {
    run.threads.push({ name: `worker ${thread}` });
    report.graph.nodes.push({
      thread,
      state: 'waits',
      stuck: true,
      certain: true,
      core: false,
      text: 'waits in recv on "jobs"',
    });
    report.graph.edges.push({ from: thread, to: 0, text: 'until t0 sends to "jobs"', ring: false });
  }
  const picture = pictureOf(run, report, finding);
  assert.equal(picture.boxes.length, 3);
  assert.match(picture.boxes[2].title, /^10 threads: worker 2, worker 3/);
  assert.equal(picture.boxes[2].threads.length, 10);
});

test('a forgotten sender is drawn with its channel and its holder', () => {
  const run = {
    threads: [{ name: 'main' }, { name: 'worker' }],
    channels: [{ label: 'jobs' }],
    places: [{ text: 'src/main.rs:5' }],
  };
  const text = 'until main drops its Sender (src/main.rs:5)';
  const graph = {
    nodes: [
      { thread: 0, state: 'waits', stuck: true, certain: true, core: true, text: 'waits in join of worker' },
      { thread: 1, state: 'waits', stuck: true, certain: true, core: true, text: 'waits in recv on "jobs"' },
    ],
    edges: [
      { from: 0, to: 1, text: 'until worker ends', ring: true },
      { from: 1, to: 0, text, ring: true, place: 0, target: { type: 'channel', index: 0 } },
    ],
  };
  const finding = { code: 'forgotten-sender', hang: true, threads: [1, 0], channels: [0] };
  const picture = pictureOf(run, { graph }, finding);
  assert.deepEqual(picture.spine, ['t1', 'c0', 's1-0', 't0']);
  assert.equal(picture.closed, true);
  const sender = picture.boxes.find((box) => box.kind === 'sender');
  assert.equal(sender.title, 'a living Sender');
  assert.equal(sender.place, 0);
});

test('names in sentences are links, and parts of words are not', () => {
  const run = {
    threads: [{ name: 'main' }],
    channels: [{ label: 'a*b' }],
    primitives: [],
  };
  const about = { threads: [0], channels: [0], primitives: [] };
  const places = new Map([['src/main.rs:5', 3]]);
  const found = pieces('main sends to "a*b" (src/main.rs:5) in domain `Ok`', run, about, places);
  assert.deepEqual(
    found.filter((it) => it.goal || it.isCode).map((it) => [it.text, it.goal?.type]),
    [
      ['main', 'thread'],
      ['"a*b"', 'channel'],
      ['src/main.rs:5', 'place'],
      ['Ok', undefined],
    ],
  );
  assert.equal(found.map((it) => it.text).join(''), 'main sends to "a*b" (src/main.rs:5) in domain Ok');
});

test('tables are sorted by numbers and names, and what is missing is last', () => {
  const rows = [{ n: 'w10', t: undefined }, { n: 'w9', t: 5 }, { n: 'w1', t: 7 }];
  const columns = [{ value: (row) => row.n }, { value: (row) => row.t }];
  const names = (order) => sortedBy(rows, columns, order).map((row) => row.n);
  assert.deepEqual(names(undefined), ['w10', 'w9', 'w1']);
  assert.deepEqual(names({ column: 0, isDescending: false }), ['w1', 'w9', 'w10']);
  assert.deepEqual(names({ column: 1, isDescending: true }), ['w1', 'w9', 'w10']);
  assert.deepEqual(names({ column: 1, isDescending: false }), ['w9', 'w1', 'w10']);
});

test('shares and places are short', () => {
  assert.deepEqual([percent(0, 9), percent(1, 999), percent(2, 3), percent(3, 3)], ['0%', '<1%', '66%', '100%']);
  assert.equal(shortPlace('examples/src/bin/deadlock.rs:46', 24), '…/src/bin/deadlock.rs:46');
  assert.equal(shortPlace('src/main.rs:5', 24), 'src/main.rs:5');
});

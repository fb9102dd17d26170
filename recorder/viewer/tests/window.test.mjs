import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileSource } from '../src/data/file-source.ts';
import { Cancelled } from '../src/data/model.ts';
import { openModel } from '../src/data/open.ts';
import { answer, planWindow } from '../src/data/window.ts';
import { decodeChunk } from '../src/data/decode.ts';
import { inflate } from '../src/data/source.ts';
import { decodeSegment } from '../src/data/tile.ts';
import { Turns } from '../src/data/turns.ts';
import { makeFile, makeRun } from './support/run.mjs';

const made = makeRun(90, 4000);
const { document, bytes } = makeFile(made);
const source = new FileSource(document, () => bytes);
const model = await openModel(source);

const data = {
  turns: new Turns(),
  kinds: document.run.kinds,
  chunk: async (n) => decodeChunk(n, await inflate(await source.chunk(n))),
  tile: async (level, tile) =>
    (await Promise.all((await source.tile(level, tile)).map(inflate))).map(decodeSegment),
};

const plain = (window) => ({
  bins: [window.from, window.to, window.binNs, window.bins],
  threads: [...window.threads].sort((a, b) => a[0] - b[0]).map(([thread, { ns, events }]) => [
    thread,
    ns.map((it) => it && [...it]),
    [...events],
  ]),
  channels: [...window.channels].map(([channel, it]) => [
    channel,
    it.depthBefore,
    ...[it.min, it.max, it.last, it.sent, it.received].map((column) => [...column]),
  ]),
  arrows: Array.from({ length: window.arrows.length }, (_, i) =>
    ['from', 'to', 'start', 'end', 'count'].map((name) => window.arrows[name][i]).join(' '),
  ).sort(),
});

/** The same window, from the events of all chunks. */
function fromEvents(from, to, pixels) {
  const chunks = document.index.chunks.map((it) => [it[0], it[1], 99, ...it.slice(3)]);
  const index = { ...document.index, chunks, levels: [] };
  return answer(data, planWindow(index, from, to, pixels));
}

test('tiles and events give the same window', async () => {
  const { end } = document.index;
  for (const [from, to, pixels] of [
    [0, end, 1400],
    [0, end, 300],
    [end * 0.03, end * 0.97, 900],
    [-end * 0.1, end * 1.1, 800],
  ]) {
    const tiles = await answer(data, planWindow(document.index, from, to, pixels));
    assert.equal(tiles.exact, false);
    assert.ok(tiles.binNs <= (to - from) / pixels, 'a bin is at most a pixel');
    const events = await fromEvents(from, to, pixels);
    assert.deepEqual(plain(tiles), plain(events));
  }
});

test('bins are as wide as two pixels where that spares many chunks', () => {
  const { chunks } = document.index;
  const [from, to] = [chunks[10][0], chunks[89][1]];
  const widths = new Set();
  for (let pixels = 100; pixels < 12_000; pixels = Math.ceil(pixels * 1.05)) {
    const { chunks: loaded, level, isExact, tiles } = planWindow(document.index, from, to, pixels);
    const width = 2 ** level / ((to - from) / pixels);
    assert.ok(width > 0.5 && width <= 2, `${width} pixels`);
    if (isExact || tiles.length === 0) continue;
    widths.add(width > 1);
    if (width > 1) {
      const finer = chunks.slice(10, 90).filter((entry) => entry[2] > level - 1);
      assert.ok(loaded.length < finer.length);
    }
  }
  assert.deepEqual([...widths].sort(), [false, true]);
});

test('a window of many chunks is previewed with the same sums', async () => {
  const { chunks } = document.index;
  const [from, to] = [chunks[20][0], chunks[60][1]];
  const fresh = await openModel(source);
  const previews = [];
  const preview = (window) => previews.push(window);
  const window = await fresh.window(from, to, 9000, '', preview);
  assert.equal(previews.length, 1);
  assert.ok(previews[0].binNs > window.binNs);
  const sum = ({ threads }, thread) => threads.get(thread).ns.map((it) => it?.reduce((a, b) => a + b));
  // It begins and ends at bins of its own.
  const share = (to - from) / (previews[0].to - previews[0].from);
  for (const thread of [0, 1, 2]) {
    const [exact, coarse] = [sum(window, thread)[0], sum(previews[0], thread)[0]];
    assert.ok(Math.abs(exact / coarse - share) < 0.02, `${exact} of ${coarse}`);
  }
  await fresh.window(from, to, 9000, '', preview);
  assert.equal(previews.length, 1, 'not if the chunks are there');
});

test('sums over all bins are those of the run', async () => {
  const window = await model.window(0, document.index.end, 1000);
  let events = 0;
  for (const { events: bins } of window.threads.values()) for (const bin of bins) events += bin;
  assert.equal(events, document.index.steps);
  const { sent, received, last } = window.channels.get(0);
  const sum = (column) => column.reduce((total, bin) => total + bin, 0);
  const depth = [...last].filter((it) => !Number.isNaN(it)).at(-1);
  assert.equal(sum(sent) - sum(received), depth);
  const arrows = window.arrows.count.reduce((total, bin) => total + bin, 0);
  assert.equal(arrows, sum(received));
});

test('a short window has its events', async () => {
  const chunk = made.chunks[40];
  const window = await model.window(chunk.begin + 1, chunk.end - 1, 1000);
  assert.ok(window.exact);
  const numbers = window.events.map((it) => it.chunk.number);
  assert.deepEqual(numbers, [40]);
  assert.equal(window.channels.get(0).depthBefore, chunk.channels[0][3]);
  const total = window.events.reduce((sum, { first, last }) => sum + last - first, 0);
  assert.ok(total > 3900 && total <= 4000);
});

test('a window of a few nanoseconds has bins of one', async () => {
  const window = await model.window(1000, 1010, 1000);
  assert.deepEqual([window.from, window.to, window.binNs, window.bins], [1000, 1010, 1, 10]);
});

test('a later window cancels an earlier one of the same caller', async () => {
  const first = model.window(0, 1000, 100, 'a');
  const second = model.window(0, 2000, 100, 'a');
  const other = model.window(0, 500, 100, 'b');
  await assert.rejects(first, Cancelled);
  assert.ok((await second).to >= 2000);
  assert.ok((await other).to >= 500);
});

test('steps are found by time, thread and message', async () => {
  const [{ events, firstStep }] = made.chunks.slice(33);
  const i = events.findIndex((it, at) => at > 2000 && it.kind === 1);
  const receive = events[i];
  assert.equal(await model.stepAt(receive.time), firstStep + i);
  assert.equal(await model.stepAt(0), 0);
  assert.equal(await model.stepAt(document.index.end + 5), document.index.steps - 1);
  assert.equal(await model.find(0, receive.time), firstStep + i);
  assert.equal(await model.find(1, receive.time), undefined);
  const { sent, received } = await model.message(0, receive.message);
  assert.equal(received, firstStep + i);
  const send = await model.event(sent);
  assert.equal(send.time, receive.from[1]);
  assert.equal(send.text, `job ${receive.message}`);
  assert.deepEqual(await model.message(0, receive.message, received), { sent, received });
  assert.deepEqual(await model.message(0, 1e9), {});
});

test('each event has everything that is recorded of it', async () => {
  const { firstStep, events } = made.chunks[1];
  const i = events.findIndex((it) => it.kind === 1);
  const view = await model.event(firstStep + i);
  assert.deepEqual(
    [view.thread, view.time, view.message, view.latency, view.depth, view.place, view.from?.time],
    [0, events[i].time, events[i].message, events[i].latency, events[i].depth, 0, events[i].from[1]],
  );
  await assert.rejects(model.event(1e9), RangeError);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stateAt } from '../src/belt/state';
import { cutChunk } from '../src/lesson/curtain';
import { progressOf } from '../src/lesson/progress';
import { deed, stopsOf } from '../src/lesson/stops';
import { eventView } from '../src/data/event';
import { randomRun } from './made-up-run.mjs';

test('a chunk that is cut shows the same, up to the cut', () => {
  const made = randomRun(5, 300);
  const [chunk] = made.chunks(300);
  for (const length of [0, 1, 17, 120, 299]) {
    const until = length > 0 ? chunk.time[length - 1] : 0;
    const cut = cutChunk(chunk, length, until);
    assert.equal(cut.length, length);
    for (const [name, column] of Object.entries(cut)) {
      if (ArrayBuffer.isView(column)) assert.equal(column.length, length, name);
    }
    for (let step = 0; step < length; step += 7) {
      const [shown, whole] = [cut, chunk].map((it) => stateAt(made.run, it, step));
      assert.deepEqual(shown.belts, whole.belts);
      assert.equal(shown.thread, whole.thread);
    }
  }
});

test('nothing of a cut chunk lasts beyond the cut', () => {
  const made = randomRun(6, 300);
  const [bare] = made.chunks(300);
  const until = bare.time[99];
  const piece = { thread: [0, 0], begin: [0, until + 5], end: [until + 5, until + 9] };
  const columns = Object.fromEntries(
    Object.entries(piece).map(([name, it]) => [name, Float64Array.from(it)]),
  );
  const zeros = new Uint8Array(2);
  const chunk = {
    ...bare,
    states: { length: 2, ...columns, activity: zeros },
    holds: { length: 2, ...columns, primitive: zeros, flags: zeros },
  };
  const { states, holds, time, duration, text, texts, end } = cutChunk(chunk, 100, until);
  assert.ok(end <= until);
  assert.deepEqual([states.length, holds.length, holds.flags[0]], [1, 1, 2]);
  for (const it of [...states.end, ...holds.end]) assert.ok(it <= until);
  time.forEach((it, i) => assert.ok(it + Math.max(duration[i], 0) <= until));
  const used = new Set(text);
  texts.forEach((it, i) => assert.ok(it === '' || used.has(i), it));
});

test('the answer to a question is the step that follows', async () => {
  for (let seed = 1; seed < 20; seed++) {
    const made = randomRun(seed, 200);
    const [chunk] = made.chunks(200);
    const index = { first: 0, chunks: [[0, chunk.end, 0, 0, 200, 200]], open: null };
    const stops = await stopsOf({ run: made.run, index, chunk: async () => chunk });
    assert.ok(stops.length <= 3);
    for (const { step, limit, question, options, right } of stops) {
      assert.ok(limit <= step && options.length >= 2 && options.length <= 4);
      assert.equal(new Set(options).size, options.length);
      const event = eventView(made.run, chunk, step);
      const is = question === 'Who goes on first?' ? made.run.threads[event.thread].name : deed(made.run, event);
      assert.equal(options[right], is);
    }
  }
});

test('progress that makes no sense is none', () => {
  const nothing = { guesses: {}, stops: {}, changes: {}, seen: false, done: false };
  const stored = { value: '' };
  globalThis.localStorage = { getItem: () => stored.value };
  for (const value of ['', 'x', '7', 'null', '{"a":null}', '{"a":{"guesses":{"x":1,"0":"b"},"seen":1}}']) {
    stored.value = value;
    assert.deepEqual(progressOf('a'), nothing, value);
  }
  stored.value = '{"a":{"guesses":{"0":2},"stops":{"17":1},"changes":{"0":-1},"seen":true,"done":true}}';
  assert.deepEqual(progressOf('a'), { guesses: { 0: 2 }, stops: { 17: 1 }, changes: { 0: -1 }, seen: true, done: true });
  delete globalThis.localStorage;
  assert.deepEqual(progressOf('a'), nothing);
});

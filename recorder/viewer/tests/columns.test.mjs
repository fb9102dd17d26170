import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Column, columnsOf, DamagedData, unzigzag } from '../src/data/columns.ts';
import { decodeChunk } from '../src/data/decode.ts';
import { decodeSegment } from '../src/data/tile.ts';
import { encodeChunk, encodeSegment, varint, zigzag } from './support/encode.mjs';
import { makeRun } from './support/run.mjs';

test('numbers are exact up to 2^53', () => {
  const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 21, 2 ** 28, 2 ** 31, 2 ** 35 + 7, 2 ** 53 - 1];
  const column = new Column(Uint8Array.from(numbers.flatMap(varint)));
  assert.deepEqual(numbers.map(() => column.next()), numbers);
  assert.ok(column.isAtEnd);
  for (const n of [0, 1, -1, 63, -64, 2 ** 40, -(2 ** 40)]) assert.equal(unzigzag(zigzag(n)), n);
});

test('a number that is cut off is an error', () => {
  assert.throws(() => new Column(Uint8Array.of(0x80, 0x80, 0x80, 0x80)).next(), DamagedData);
  assert.throws(() => columnsOf(Uint8Array.of(5, 1)), DamagedData);
});

test('a chunk has what was encoded', () => {
  const events = [
    { kind: 0, thread: 1, time: 1005, target: ['channel', 3], message: 40, depth: 2, text: '„é“', place: 9 },
    { kind: 1, thread: 0, time: 1100, text: 'b', target: ['channel', 3], message: 38, from: [1, 900], latency: 300, depth: 1, waited: 0 },
    { kind: 3, thread: 2, time: 800, length: 290, target: ['primitive', 7], from: [0, 790], timeout: 5000 },
    { kind: 2, thread: 2, time: 1100, length: 'open', target: ['thread', 1], endpoint: 4, cause: 1005 },
    { kind: 4, thread: 300, time: 2 ** 45, text: '„é“' },
  ];
  const chunk = decodeChunk(
    6,
    encodeChunk({
      begin: 1000,
      end: 2 ** 45,
      firstStep: 70,
      events,
      states: [[2, 900, [[100, 0], [50, 4]]], [5, 1000, [[7, 11]]]],
      holds: [[7, 0, 990, 20, 3]],
      waiting: [{ thread: 2, kind: 2, since: 800, target: ['primitive', 7], place: 1, timeout: 9 }],
      channels: [[3, 40, 38, 2, 1, 1]],
      alive: [0, 2],
    }),
  );
  assert.deepEqual([chunk.number, chunk.begin, chunk.firstStep, chunk.length], [6, 1000, 70, 5]);
  assert.deepEqual([...chunk.kind], [0, 1, 3, 2, 4]);
  assert.deepEqual([...chunk.thread], [1, 0, 2, 2, 300]);
  assert.deepEqual([...chunk.time], [1005, 1100, 800, 1100, 2 ** 45]);
  assert.deepEqual([...chunk.now], [1005, 1100, 1100, 1100, 2 ** 45]);
  assert.deepEqual([...chunk.duration], [0, 0, 290, -1, 0]);
  assert.deepEqual([...chunk.targetType], [0, 0, 1, 2, -1]);
  assert.deepEqual([...chunk.target], [3, 3, 7, 1, -1]);
  assert.deepEqual([...chunk.place], [9, -1, -1, -1, -1]);
  assert.deepEqual([...chunk.endpoint], [-1, -1, -1, 4, -1]);
  assert.deepEqual([...chunk.message], [40, 38, -1, -1, -1]);
  assert.deepEqual([...chunk.from], [-1, 1, 0, -1, -1]);
  assert.deepEqual([...chunk.fromTime], [-1, 900, 790, -1, -1]);
  assert.deepEqual([...chunk.latency], [-1, 300, -1, -1, -1]);
  assert.deepEqual([...chunk.depth], [2, 1, -1, -1, -1]);
  assert.deepEqual([...chunk.cause], [-1, -1, -1, 1005, -1]);
  assert.deepEqual([...chunk.waited], [-1, 0, -1, -1, -1]);
  assert.deepEqual([...chunk.timeout], [-1, -1, 5000, -1, -1]);
  assert.deepEqual([...chunk.text], [0, 1, -1, -1, 0]);
  assert.deepEqual(chunk.texts, ['„é“', 'b']);
  assert.deepEqual([...chunk.states.begin], [900, 1000, 1000]);
  assert.deepEqual([...chunk.states.end], [1000, 1050, 1007]);
  assert.deepEqual([...chunk.states.activity], [0, 4, 11]);
  assert.deepEqual([...chunk.holds.end], [1010]);
  assert.deepEqual(chunk.waiting, [
    { thread: 2, kind: 2, since: 800, targetType: 1, target: 7, place: 1, timeout: 9 },
  ]);
  assert.deepEqual(chunk.channels, [
    { channel: 3, sent: 40, received: 38, depth: 2, senders: 1, receivers: 1 },
  ]);
  assert.deepEqual(chunk.alive, [0, 2]);
});

test('a segment has what was encoded', () => {
  const segment = decodeSegment(
    encodeSegment({
      level: 10,
      tile: 3,
      threads: [[0, 768, 2, 5, { 0: 1000, 2: 24 }], [0, 770, 1, 0, { 11: 1024 }], [4, 769, 1, 1, {}]],
      channels: [[2, 800, 1, 7, 6, 0, 3]],
      locks: [[1, 1000, 24, 1024]],
      arrows: [[700, 768, 1, 2, 9], [769, 769, 0, 4, 1]],
    }),
  );
  assert.deepEqual([...segment.threads.lane], [0, 0, 4]);
  assert.deepEqual([...segment.threads.bin], [768, 770, 769]);
  assert.deepEqual([...segment.threads.run], [2, 1, 1]);
  assert.deepEqual([...segment.threads.first], [0, 2, 3, 3]);
  assert.deepEqual([...segment.threads.activity], [0, 2, 11]);
  assert.deepEqual([...segment.threads.ns], [1000, 24, 1024]);
  assert.deepEqual([...segment.channels.max], [3]);
  assert.deepEqual([...segment.locks.run], [24]);
  assert.deepEqual([...segment.arrows.start], [700, 769]);
  assert.deepEqual([...segment.arrows.end], [768, 769]);
  assert.deepEqual([...segment.arrows.count], [9, 1]);
});

test('damaged pieces are errors and never endless', () => {
  const [made] = makeRun(1, 50).chunks;
  const piece = encodeChunk(made);
  for (let at = 0; at < piece.length; at += 3) {
    const broken = piece.slice();
    broken[at] ^= 0x95;
    try {
      decodeChunk(0, broken);
    } catch (error) {
      assert.ok(error instanceof DamagedData || error instanceof RangeError, String(error));
    }
  }
  for (let length = 0; length < piece.length; length += 7) {
    assert.throws(() => decodeChunk(0, piece.slice(0, length)));
  }
});

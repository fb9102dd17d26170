// A small encoder of chunks and tiles, as recorder/src/window writes them.
import { deflateRawSync } from 'node:zlib';

export function varint(value) {
  const bytes = [];
  while (value >= 0x80) {
    bytes.push((value % 0x80) | 0x80);
    value = Math.floor(value / 0x80);
  }
  bytes.push(value);
  return bytes;
}

export const zigzag = (n) => (n >= 0 ? 2 * n : -2 * n - 1);
const optional = (value) => (value === undefined ? 0 : value + 1);
const column = (...numbers) => {
  const bytes = numbers.flat(Infinity).flatMap(varint);
  return [...varint(bytes.length), ...bytes];
};

const TYPES = { channel: 0, primitive: 1, thread: 2, callsite: 3 };
const code = (target) => (target ? 1 + target[1] * 4 + TYPES[target[0]] : 0);

/** Events are objects with the fields of the contract; `length` is 0, a number, or 'open'. */
export function encodeChunk({ begin, end, firstStep, events, ...rest }) {
  const texts = [];
  const textNumbers = new Map();
  const latestText = new Map();
  const textOf = ({ text, thread }) => {
    if (text === undefined) return 0;
    const isNew = !textNumbers.has(text);
    if (isNew) {
      textNumbers.set(text, texts.length);
      texts.push(text);
    }
    const number = textNumbers.get(text);
    const before = latestText.get(thread) ?? 0;
    latestText.set(thread, number);
    return isNew ? 1 : 2 + zigzag(number - before);
  };
  let time = begin;
  const latest = new Map();
  const difference = (event, field) => {
    if (event[field] === undefined) return 0;
    const key = `${field} ${code(event.target)}`;
    const value = optional(zigzag(event[field] - (latest.get(key) ?? 0)));
    latest.set(key, event[field]);
    return value;
  };
  const each = (f) => column(events.map(f));
  const columns = [
    each((it) => it.kind),
    each((it) => it.thread),
    each((it) => {
      const delta = zigzag(it.time - time);
      time = it.time;
      return delta;
    }),
    each((it) => (it.length === 'open' ? 1 : it.length ? it.length + 2 : 0)),
    each((it) => code(it.target)),
    each((it) => optional(it.place)),
    each((it) => optional(it.endpoint)),
    each((it) => difference(it, 'message')),
    each((it) => optional(it.from?.[0])),
    column(events.filter((it) => it.from).map((it) => it.time - it.from[1])),
    column(
      events
        .filter((it) => it.from && it.message !== undefined)
        .map((it) => zigzag((it.latency ?? it.time - it.from[1]) - (it.time - it.from[1]))),
    ),
    each((it) => difference(it, 'depth')),
    each((it) => (it.cause === undefined ? 0 : 1 + it.time - it.cause)),
    each((it) => optional(it.waited)),
    each((it) => optional(it.timeout)),
    each(textOf),
  ];
  const states = rest.states ?? [];
  const holds = rest.holds ?? [];
  const waiting = rest.waiting ?? [];
  const channels = rest.channels ?? [];
  const alive = rest.alive ?? [];
  columns.push(
    column(
      states.length,
      states.map(([thread, start, pieces]) => [thread, zigzag(start - begin), pieces.length, pieces]),
    ),
    column(
      holds.length,
      holds.map(([lock, thread, start, length, flags]) => [
        lock,
        thread,
        zigzag(start - begin),
        length,
        flags,
      ]),
    ),
    column(
      waiting.length,
      waiting.map((it) => [
        it.thread,
        it.kind,
        zigzag(begin - it.since),
        code(it.target),
        optional(it.place),
        optional(it.timeout),
      ]),
    ),
    column(channels.length, channels),
    column(alive.length, alive),
  );
  const encoder = new TextEncoder();
  const textBytes = texts.flatMap((text) => {
    const bytes = encoder.encode(text);
    return [...varint(bytes.length), ...bytes];
  });
  return Uint8Array.from([
    ...column(1, begin, end, firstStep, events.length, texts.length),
    ...varint(textBytes.length),
    ...textBytes,
    ...columns.flat(),
  ]);
}

/** Entries are `[lane, bin, run, …content]` in order; bins count from time 0. */
export function encodeSegment({ level, tile, threads = [], channels = [], locks = [], arrows = [] }) {
  const first = tile * 256;
  const lanes = (entries) => {
    let lane = 0;
    let end = first;
    const columns = [[], [], []];
    for (const [itsLane, bin, run] of entries) {
      if (itsLane !== lane) end = first;
      columns[0].push(itsLane - lane);
      columns[1].push(bin - end);
      columns[2].push(run - 1);
      [lane, end] = [itsLane, bin + run];
    }
    return columns.flatMap((it) => column(it));
  };
  let previous = first;
  return Uint8Array.from([
    ...column(1, level, tile, threads.length, channels.length, locks.length, arrows.length),
    ...lanes(threads),
    ...column(threads.map(([, , , events]) => events)),
    ...column(
      threads.map(([, , , , ns]) => {
        const activities = Object.keys(ns).map(Number);
        return [activities.reduce((mask, it) => mask | (1 << it), 0), activities.map((it) => ns[it])];
      }),
    ),
    ...lanes(channels),
    ...[3, 4, 5, 6].flatMap((field) => column(channels.map((it) => it[field]))),
    ...lanes(locks),
    ...column(locks.map((it) => it[3])),
    ...column(
      arrows.map(([start]) => {
        const delta = zigzag(start - previous);
        previous = start;
        return delta;
      }),
    ),
    ...column(arrows.map(([, , from]) => from)),
    ...column(arrows.map(([, , , to]) => to)),
    ...column(arrows.map(([start, end]) => end - start)),
    ...column(arrows.map(([, , , , count]) => count)),
  ]);
}

export const deflate = (bytes) => new Uint8Array(deflateRawSync(bytes));

// A made-up run: two senders and a receiver, with their chunks and tiles.
import { deflate, encodeChunk, encodeSegment } from './encode.mjs';

export const SEND = 0;
export const RECV = 1;
export const WAIT_BEGAN = 2;
export const WAIT = 3;
export const STARTED = 4;

const kind = (group, verb, more) => ({ group, verb, category: 'channel', send: false, receive: false, ...more });
export const KINDS = [
  kind('operation', 'send', { send: true, ending: 'transferred' }),
  kind('operation', 'recv', { receive: true, ending: 'transferred' }),
  kind('waitBegan', 'recv', { note: 'waiting' }),
  kind('wait', 'recv', { note: 'waiting' }),
  kind('threadStarted', 'start', { category: 'thread' }),
];

export const RUN = {
  version: 1,
  name: 'made-up',
  command: ['made-up'],
  duration: 0,
  completeFrom: 0,
  incomplete: false,
  dropped: 0,
  damage: [],
  processes: [{ name: 'made-up', pid: 1 }],
  threads: [{ name: 'main', process: 0 }, { name: 'a', process: 0 }, { name: 'b', process: 0 }],
  channels: [{ label: 'jobs', type: 'u32', bound: null, process: 0 }],
  primitives: [],
  endpoints: [],
  callsites: [],
  places: [{ file: 'src/main.rs', line: 3, text: 'src/main.rs:3', own: true }],
  threadOrder: [0, 1, 2],
  channelOrder: [0],
  kinds: KINDS,
  activities: [],
};

/** A generator of the same numbers each time. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const MAX_LEVEL = 40;

/** Chunks of `size` events, and the tiles of those in which they are. */
export function makeRun(chunkCount, size, seed = 1) {
  const next = random(seed);
  const jobs = ['channel', 0];
  let time = 0;
  let sent = 0;
  let received = 0;
  const queue = [];
  const chunks = [];
  for (let n = 0; n < chunkCount; n++) {
    const begin = time;
    const channels = [[0, sent, received, queue.length, 2, 1]];
    const events = [];
    const busy = [[], [], []];
    let last = [begin, begin, begin];
    while (events.length < size) {
      time += 1 + next(400);
      const shouldReceive = queue.length > 0 && next(2) === 0;
      if (shouldReceive) {
        const message = queue.shift();
        const waited = next(3) === 0 ? Math.min(time - last[0], 100 + next(300)) : 0;
        if (waited > 0 && events.length + 2 < size) {
          events.push({ kind: WAIT, thread: 0, time: time - waited, length: waited, target: jobs });
        }
        received++;
        events.push({
          kind: RECV,
          thread: 0,
          time,
          target: jobs,
          message: message.number,
          from: [message.thread, message.time],
          latency: time - message.time + 5,
          depth: queue.length,
          place: 0,
        });
      } else {
        const thread = 1 + next(2);
        const message = { number: sent, thread, time };
        queue.push(message);
        sent++;
        events.push({
          kind: SEND,
          thread,
          time,
          target: jobs,
          message: message.number,
          depth: queue.length,
          text: `job ${message.number}`,
        });
      }
      const { thread } = events.at(-1);
      busy[thread].push([time - last[thread], next(2) === 0 ? 0 : 2]);
      last[thread] = time;
    }
    busy.forEach((pieces, thread) => pieces.push([time - last[thread], 0]));
    const states = busy.map((pieces, thread) => [thread, begin, pieces]);
    chunks.push({ begin, end: time, firstStep: n * size, events, states, channels, alive: [0, 1, 2] });
  }
  return { chunks, levels: chunks.map(({ begin, end }) => levelOf(end - begin)), end: time };
}

export function levelOf(length) {
  return Math.max(0, Math.ceil(Math.log2(Math.max(1, Math.ceil(length / 64)))));
}

/** The sums of the chunks that belong to a level, as segments by tile. */
function tilesOf({ chunks, levels }, level) {
  const threads = new Map();
  const channels = new Map();
  const arrows = new Map();
  const at = (map, key, make) => {
    if (!map.has(key)) map.set(key, make());
    return map.get(key);
  };
  const bin = (time) => Math.floor(time / 2 ** level);
  chunks.forEach((chunk, n) => {
    if (levels[n] > level) return;
    let now = chunk.begin;
    for (const event of chunk.events) {
      if (!event.length) now = Math.max(now, event.time);
      const b = bin(event.length ? Math.max(now, event.time) : event.time);
      at(threads, `${event.thread} ${b}`, () => ({ events: 0, ns: {} })).events++;
      if (event.depth !== undefined) {
        const sums = at(channels, `0 ${b}`, () => [0, 0, Infinity, 0]);
        if (event.kind === SEND) sums[0]++;
        if (event.kind === RECV) sums[1]++;
        sums[2] = Math.min(sums[2], event.depth);
        sums[3] = Math.max(sums[3], event.depth);
      }
      if (event.from) {
        const key = `${bin(event.from[1])} ${b} ${event.from[0]} ${event.thread}`;
        arrows.set(key, (arrows.get(key) ?? 0) + 1);
      }
    }
    for (const [thread, start, pieces] of chunk.states) {
      let time = start;
      for (const [length, activity] of pieces) {
        const end = time + length;
        while (time < end) {
          const b = bin(time);
          const upTo = Math.min(end, (b + 1) * 2 ** level);
          const { ns } = at(threads, `${thread} ${b}`, () => ({ events: 0, ns: {} }));
          ns[activity] = (ns[activity] ?? 0) + upTo - time;
          time = upTo;
        }
      }
    }
  });
  const tiles = new Map();
  const tile = (b) =>
    at(tiles, Math.floor(b / 256), () => ({ threads: [], channels: [], locks: [], arrows: [] }));
  for (const [key, { events, ns }] of threads) {
    const [lane, b] = key.split(' ').map(Number);
    tile(b).threads.push([lane, b, 1, events, ns]);
  }
  for (const [key, sums] of channels) {
    const [lane, b] = key.split(' ').map(Number);
    tile(b).channels.push([lane, b, 1, ...sums]);
  }
  for (const [key, count] of arrows) {
    const [start, end, from, to] = key.split(' ').map(Number);
    tile(end).arrows.push([start, end, from, to, count]);
  }
  const order = (a, b) => a[0] - b[0] || a[1] - b[1];
  for (const it of tiles.values()) {
    it.threads.sort(order);
    it.channels.sort(order);
  }
  return tiles;
}

/** The run as in a run.html: the text of the element `bytes`, and the document. */
export function makeFile(made) {
  const { chunks, levels, end } = made;
  let bytes = '';
  const put = (piece) => {
    const text = Buffer.from(deflate(piece)).toString('base64');
    bytes += text;
    return [bytes.length - text.length, text.length];
  };
  const extents = chunks.map((chunk) => put(encodeChunk(chunk)));
  const tiles = [];
  const extentsOfLevels = [];
  for (let level = Math.min(...levels); level <= MAX_LEVEL; level++) {
    const ofLevel = tilesOf(made, level);
    for (const [tile, segment] of ofLevel) {
      tiles.push([level, tile, [put(encodeSegment({ level, tile, ...segment }))]]);
    }
    const numbers = [...ofLevel.keys()];
    extentsOfLevels.push([level, Math.min(...numbers), Math.max(...numbers)]);
  }
  const document = {
    run: { ...RUN, duration: end },
    index: {
      revision: 1,
      catalog: 1,
      report: 0,
      live: false,
      done: true,
      end,
      until: end,
      steps: chunks.reduce((sum, it) => sum + it.events.length, 0),
      first: 0,
      chunks: chunks.map((it, n) => [
        it.begin,
        it.end,
        levels[n],
        it.firstStep,
        it.events.length,
        it.events.length,
      ]),
      open: null,
      levels: extentsOfLevels,
    },
    sources: { 0: { first: 1, lines: ['fn main() {', '    let x = 1;', '    work();', '}'] } },
    chunks: extents,
    tiles,
  };
  return { document, bytes };
}

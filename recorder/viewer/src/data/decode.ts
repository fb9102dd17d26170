/** Decodes a chunk from its columns. */

import { type ChannelState, type Chunk, type HoldPieces, NONE, type OpenWait } from './chunk';
import { type Column, columnsOf, DamagedData, unzigzag } from './columns';
import type { StatePieces } from './chunk';

const VERSION = 1;
const COLUMNS = 23;
/** No run has as many threads or channels. */
const MAX_INDEX = 1 << 22;

/** Reads the header of a piece, which starts with the version of the format. */
export function header(column: Column): Column {
  const version = column.next();
  if (version !== VERSION) throw new DamagedData(`version ${version} is not ${VERSION}`);
  return column;
}

export function decodeChunk(number: number, piece: Uint8Array): Chunk {
  const columns = columnsOf(piece);
  if (columns.length < COLUMNS) throw new DamagedData('a chunk lacks columns');
  const head = header(columns[0]);
  const begin = head.next();
  const end = head.next();
  const firstStep = head.next();
  const length = head.next();
  const textCount = head.next();

  const [, textColumn, kinds, threads, times, lengths, targets, places, endpoints] = columns;
  const [messages, froms, befores, latencies, depths, causes, waiteds, timeouts] = columns.slice(9);
  const [textNumbers, states, holds, waiting, channels, alive] = columns.slice(17);

  const kind = new Uint16Array(length);
  const thread = new Uint32Array(length);
  const time = new Float64Array(length);
  const now = new Float64Array(length);
  const duration = new Float64Array(length);
  const targetCodes = new Uint32Array(length);
  const targetType = new Int8Array(length);
  const target = new Int32Array(length);
  let last = begin;
  let latest = begin;
  for (let i = 0; i < length; i++) {
    kind[i] = kinds.next();
    thread[i] = threads.next();
    last += times.signed();
    time[i] = last;
    const code = lengths.next();
    // 1 becomes `UNKNOWN_END`.
    duration[i] = code === 0 ? 0 : code - 2;
    if (code <= 1 && last > latest) latest = last;
    now[i] = latest;
    const targetCode = targets.next();
    targetCodes[i] = targetCode;
    // -1, where there is none, becomes `NONE` in both.
    targetType[i] = targetCode === 0 ? NONE : (targetCode - 1) & 3;
    target[i] = (targetCode - 1) >> 2;
  }

  const place = indices(places, length);
  const endpoint = indices(endpoints, length);
  const from = indices(froms, length);
  const message = differences(messages, length, targetCodes);
  const depth = differences(depths, length, targetCodes);

  const fromTime = new Float64Array(length).fill(NONE);
  const latency = new Float64Array(length).fill(NONE);
  for (let i = 0; i < length; i++) {
    if (from[i] === NONE) continue;
    const before = befores.next();
    fromTime[i] = time[i] - before;
    if (message[i] !== NONE) latency[i] = before + latencies.signed();
  }

  const cause = numbers(causes, length);
  if (cause !== none(length)) {
    for (let i = 0; i < length; i++) if (cause[i] !== NONE) cause[i] = time[i] - cause[i];
  }

  const chunk: Chunk = {
    number,
    begin,
    end,
    firstStep,
    length,
    kind,
    thread,
    time,
    now,
    duration,
    targetType,
    target,
    place,
    endpoint,
    message,
    from,
    fromTime,
    latency,
    depth,
    cause,
    waited: numbers(waiteds, length),
    timeout: numbers(timeouts, length),
    text: textNumbersOf(textNumbers, length, thread),
    texts: decodeTexts(textColumn, textCount),
    states: decodeStates(states, begin),
    holds: decodeHolds(holds, begin),
    waiting: decodeWaiting(waiting, begin),
    channels: decodeChannels(channels),
    alive: list(alive, (column) => column.next()),
    bytes: 0,
  };
  return { ...chunk, bytes: sizeOf(chunk) };
}

/** Columns without a single number share one array; most runs have several of them. */
let noNumbers = new Float64Array(0);
let noIndices = new Int32Array(0);
const sharedNumbers = new Map<number, Float64Array>();

function none(length: number): Float64Array {
  let shared = sharedNumbers.get(length);
  if (!shared) {
    if (noNumbers.length < length) noNumbers = new Float64Array(length).fill(NONE);
    shared = noNumbers.subarray(0, length);
    sharedNumbers.set(length, shared);
  }
  return shared;
}

function numbers(column: Column, length: number): Float64Array {
  if (column.isZero(length)) return none(length);
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) values[i] = column.optional(NONE);
  return values;
}

function indices(column: Column, length: number): Int32Array {
  if (column.isZero(length)) {
    if (noIndices.length < length) noIndices = new Int32Array(length).fill(NONE);
    return noIndices.subarray(0, length);
  }
  const values = new Int32Array(length);
  for (let i = 0; i < length; i++) values[i] = column.optional(NONE);
  return values;
}

/** Optional numbers, each the difference to the previous one of the same target. */
function differences(column: Column, length: number, targetCodes: Uint32Array): Float64Array {
  if (column.isZero(length)) return none(length);
  const values = new Float64Array(length).fill(NONE);
  const previous = perIndex(targetCodes);
  for (let i = 0; i < length; i++) {
    const code = column.next();
    if (code === 0) continue;
    values[i] = previous[targetCodes[i]] += unzigzag(code - 1);
  }
  return values;
}

/** A 0 for each number up to the largest in `indices`. */
function perIndex(indices: Uint32Array): Float64Array {
  let max = 0;
  for (let i = 0; i < indices.length; i++) if (indices[i] > max) max = indices[i];
  if (max > MAX_INDEX) throw new DamagedData(`${max} is not an index`);
  return new Float64Array(max + 1);
}

/**
 * Numbers of texts: 0 for none, 1 for the next one that has not come yet, else 2 more than the
 * difference to the previous one of the same thread.
 */
function textNumbersOf(column: Column, length: number, thread: Uint32Array): Int32Array {
  if (column.isZero(length)) return indices(column, length);
  const values = new Int32Array(length).fill(NONE);
  const previous = perIndex(thread);
  let next = 0;
  for (let i = 0; i < length; i++) {
    const code = column.next();
    if (code === 0) continue;
    const text = code === 1 ? next++ : previous[thread[i]] + unzigzag(code - 2);
    previous[thread[i]] = text;
    values[i] = text;
  }
  return values;
}

function decodeTexts(column: Column, count: number): string[] {
  const decoder = new TextDecoder();
  const texts: string[] = new Array(count);
  for (let i = 0; i < count; i++) texts[i] = decoder.decode(column.take(column.next()));
  return texts;
}

function list<T>(column: Column, entry: (column: Column) => T): T[] {
  const entries: T[] = [];
  for (let n = column.next(); n > 0; n--) entries.push(entry(column));
  column.finish();
  return entries;
}

function decodeStates(column: Column, chunkBegin: number): StatePieces {
  const threads: number[] = [];
  const begins: number[] = [];
  const ends: number[] = [];
  const activities: number[] = [];
  for (let runs = column.next(); runs > 0; runs--) {
    const thread = column.next();
    let begin = chunkBegin + column.signed();
    for (let pieces = column.next(); pieces > 0; pieces--) {
      const end = begin + column.next();
      threads.push(thread);
      begins.push(begin);
      ends.push(end);
      activities.push(column.next());
      begin = end;
    }
  }
  column.finish();
  return {
    length: threads.length,
    thread: Uint32Array.from(threads),
    begin: Float64Array.from(begins),
    end: Float64Array.from(ends),
    activity: Uint8Array.from(activities),
  };
}

function decodeHolds(column: Column, chunkBegin: number): HoldPieces {
  const length = column.next();
  const holds = {
    length,
    primitive: new Uint32Array(length),
    thread: new Uint32Array(length),
    begin: new Float64Array(length),
    end: new Float64Array(length),
    flags: new Uint8Array(length),
  };
  for (let i = 0; i < length; i++) {
    holds.primitive[i] = column.next();
    holds.thread[i] = column.next();
    holds.begin[i] = chunkBegin + column.signed();
    holds.end[i] = holds.begin[i] + column.next();
    holds.flags[i] = column.next();
  }
  column.finish();
  return holds;
}

function decodeWaiting(column: Column, chunkBegin: number): OpenWait[] {
  return list(column, () => {
    const thread = column.next();
    const kind = column.next();
    const since = chunkBegin - column.signed();
    const code = column.next();
    const place = column.optional(NONE);
    const timeout = column.optional(NONE);
    return {
      thread,
      kind,
      since,
      targetType: code === 0 ? NONE : (code - 1) % 4,
      target: code === 0 ? NONE : Math.floor((code - 1) / 4),
      place,
      timeout: timeout === NONE ? undefined : timeout,
    };
  });
}

function decodeChannels(column: Column): ChannelState[] {
  return list(column, () => ({
    channel: column.next(),
    sent: column.next(),
    received: column.next(),
    depth: column.next(),
    senders: column.next(),
    receivers: column.next(),
  }));
}

function sizeOf(chunk: Chunk): number {
  let bytes = 0;
  for (const value of Object.values(chunk)) if (ArrayBuffer.isView(value)) bytes += value.byteLength;
  bytes += chunk.states.length * 21 + chunk.holds.length * 25;
  for (const text of chunk.texts) bytes += 32 + text.length;
  return bytes;
}

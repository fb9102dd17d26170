/** Searches a run: names at once, values and places in its chunks one after the other. */

import { type Chunk, NONE, TargetType } from '../data/chunk';
import type { Model } from '../data/model';
import { chunksEnd } from '../data/window';
import type { LinkState } from './link';
import { counted, duration, eventName, quoted, targetLabel, threadName } from './words';
import { eventView } from '../data/event';

/** More results are not listed. */
export const MAX_RESULTS = 100;

export interface Found {
  readonly kind: 'thread' | 'channel' | 'lock' | 'message' | 'place' | 'value' | 'time';
  readonly title: string;
  readonly detail: string;
  /** Where it leads to. */
  readonly lead: Partial<LinkState>;
}

/** Threads, channels and locks whose names contain `query`; a time; a message such as `jobs#7`. */
export async function findNamed(model: Model, query: string): Promise<Found[]> {
  const { run } = model;
  const matches = matcher(query);
  const found: Found[] = [];
  const { threads, channels, primitives, processes } = run;
  const inProcess = (process: number) => (processes.length > 1 ? processes[process]?.name : '');
  const details = (...parts: (string | undefined)[]) => parts.filter(Boolean).join(' · ');
  run.threadOrder.forEach((i) => {
    const { process, place, outcome } = threads[i];
    const title = threadName(run, i);
    if (!matches(title)) return;
    const detail = details(outcome, placeText(model, place), inProcess(process));
    found.push({ kind: 'thread', title, detail, lead: { lanes: [`t${i}`] } });
  });
  run.channelOrder.forEach((i) => {
    const { label, type, bound, place, process } = channels[i];
    if (!matches(label) && !matches(type)) return;
    const size = bound === null ? 'unbounded' : bound === 0 ? 'rendezvous' : `bound ${bound}`;
    const detail = details(type, size, placeText(model, place), inProcess(process));
    found.push({ kind: 'channel', title: label, detail, lead: { lanes: [`c${i}`] } });
  });
  primitives.forEach(({ label, kind, place, process }, i) => {
    if (!matches(label)) return;
    const detail = details(kind, placeText(model, place), inProcess(process));
    found.push({ kind: 'lock', title: label, detail, lead: { lanes: [`p${i}`] } });
  });
  const time = timeOf(query);
  if (time !== undefined && time <= model.index.end) {
    const step = await model.stepAt(time);
    found.push({ kind: 'time', title: `at ${duration(time)}`, detail: 'the step at this time', lead: { step } });
  }
  found.push(...(await findMessages(model, query)));
  return found.slice(0, MAX_RESULTS);
}

/** `jobs#7`, or `#7` for all channels. */
async function findMessages(model: Model, query: string): Promise<Found[]> {
  const parts = /^(.*)#(\d+)$/.exec(query.trim());
  if (!parts) return [];
  const matches = matcher(parts[1]);
  const number = Number(parts[2]);
  const found: Found[] = [];
  for (const channel of model.run.channelOrder) {
    const { label } = model.run.channels[channel];
    if (!matches(label)) continue;
    const { sent, received } = await model.message(channel, number);
    const step = sent ?? received;
    if (step === undefined) continue;
    const { text } = await model.event(step);
    found.push({
      kind: 'message',
      title: `${label}#${number}`,
      detail: text === undefined ? '' : quoted(text),
      lead: { step, message: { channel, number } },
    });
    if (found.length >= MAX_RESULTS) break;
  }
  return found;
}

export interface Progress {
  readonly found: Found[];
  /** From 0 to 1. */
  readonly share: number;
}

/** Values, logs and places that contain `query`, chunk by chunk until `isCancelled`. */
export async function* findInChunks(
  model: Model,
  query: string,
  isCancelled: () => boolean,
): AsyncGenerator<Progress> {
  const matches = matcher(query);
  const placeSteps = new Map<number, number>();
  model.run.places.forEach(({ text, call }, i) => {
    if (matches(text) || (call && matches(call))) placeSteps.set(i, NONE);
  });
  const { first } = model.index;
  const end = chunksEnd(model.index);
  let total = 0;
  for (let n = first; n < end && total < MAX_RESULTS && !isCancelled(); n++) {
    const chunk = await model.chunk(n);
    const found = [
      ...placesIn(model, chunk, placeSteps),
      ...valuesIn(model, chunk, matches, MAX_RESULTS - total),
    ];
    total += found.length;
    yield { found, share: (n + 1 - first) / (end - first) };
  }
}

/** The first step at each place that is searched and was not found before. */
function placesIn(model: Model, chunk: Chunk, placeSteps: Map<number, number>): Found[] {
  if (placeSteps.size === 0) return [];
  const found: Found[] = [];
  for (let i = 0; i < chunk.length; i++) {
    const place = chunk.place[i];
    if (place === NONE || placeSteps.get(place) !== NONE) continue;
    const step = chunk.firstStep + i;
    placeSteps.set(place, step);
    const event = eventView(model.run, chunk, i);
    const { text, call } = model.run.places[place];
    found.push({
      kind: 'place',
      title: text,
      detail: `${call ? `${call} · ` : ''}first: ${eventName(model.run, event)}, ${threadName(model.run, event.thread)}`,
      lead: { step },
    });
  }
  return found;
}

function valuesIn(model: Model, chunk: Chunk, matches: (text: string) => boolean, max: number): Found[] {
  const isMatch = chunk.texts.map(matches);
  if (!isMatch.includes(true)) return [];
  const found: Found[] = [];
  const { kinds } = model.run;
  for (let i = 0; i < chunk.length && found.length < max; i++) {
    const text = chunk.text[i];
    if (text === NONE || !isMatch[text]) continue;
    // The receive has the same value.
    if (kinds[chunk.kind[i]]?.receive) continue;
    const event = eventView(model.run, chunk, i);
    const isMessage = event.message !== undefined && event.target?.type === TargetType.channel;
    const label = targetLabel(model.run, event.target);
    found.push({
      kind: 'value',
      title: quoted(chunk.texts[text]),
      detail: `${isMessage ? `${label}#${event.message}` : eventName(model.run, event)} · ${threadName(model.run, event.thread)} · ${duration(event.time)}`,
      lead: {
        step: event.step,
        message:
          isMessage && event.target && event.message !== undefined
            ? { channel: event.target.index, number: event.message }
            : undefined,
      },
    });
  }
  return found;
}

function matcher(query: string): (text: string) => boolean {
  const wanted = query.trim().toLowerCase();
  return (text) => text.toLowerCase().includes(wanted);
}

function placeText(model: Model, place: number | undefined): string | undefined {
  return place === undefined ? undefined : model.run.places[place]?.text;
}

const UNITS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, min: 60e9 };

/** `1.5ms` as nanoseconds. */
export function timeOf(query: string): number | undefined {
  const parts = /^([\d.]+)\s*(ns|us|µs|ms|s|min)$/.exec(query.trim());
  const value = parts ? Number(parts[1]) * UNITS[parts[2]] : NaN;
  return Number.isFinite(value) ? value : undefined;
}

export function resultCount(n: number): string {
  return n === 0 ? 'Nothing found' : n >= MAX_RESULTS ? `The first ${MAX_RESULTS} results` : counted(n, 'result');
}

/**
 * A run of which the page has only the first steps. Whatever the page shows is made from this model,
 * so that no tab, key or link leads beyond the question that is asked.
 */

import { type Chunk, UNKNOWN_END } from '../data/chunk';
import { eventView } from '../data/event';
import { chunkOfStep, find, findMessage, type Searched, stepAt } from '../data/lookup';
import { Cancelled, type Model } from '../data/model';
import type { ChunkEntry, Index, Report, ReportData, Run } from '../data/run';
import { Turns } from '../data/turns';
import { answer, planWindow } from '../data/window';

export class Curtain implements Model {
  private readonly listeners = new Set<() => void>();
  private readonly turns = new Turns();
  private readonly latestOf = new Map<string, number>();
  private readonly cuts = new Map<number, Chunk>();
  private readonly hidden: { run: Run; report: ReportData | undefined };
  private shown = { steps: 0, until: 0 };
  private revision = 0;
  /** Whether the whole run is shown. */
  isOpen = false;

  constructor(private readonly whole: Model) {
    this.hidden = { run: withoutEnd(whole.run), report: whole.report && namesOnly(whole.report) };
  }

  /** Shows this number of steps. */
  async show(steps: number): Promise<void> {
    const { index } = this.whole;
    this.isOpen = steps >= index.steps;
    if (!this.isOpen && steps > 0) {
      const chunk = await this.whole.chunk(this.whole.chunkOf(steps - 1));
      this.shown = { steps, until: chunk.now[steps - 1 - chunk.firstStep] };
    } else {
      this.shown = { steps, until: 0 };
    }
    this.cuts.clear();
    this.revision += 1;
    for (const f of [...this.listeners]) f();
  }

  get run(): Run {
    return this.isOpen ? this.whole.run : this.hidden.run;
  }

  get report(): ReportData | undefined {
    return this.isOpen ? this.whole.report : this.hidden.report;
  }

  get index(): Index {
    const { index } = this.whole;
    const revision = index.revision + this.revision;
    if (this.isOpen) return { ...index, revision };
    const { steps, until } = this.shown;
    const chunks = index.chunks
      .filter(([, , , firstStep]) => firstStep < steps)
      .map(([begin, end, level, first, number]): ChunkEntry => {
        const left = Math.min(number, steps - first);
        return [begin, Math.min(end, until), level, first, left, left];
      });
    return { ...index, revision, steps, until, chunks, levels: [], open: null, done: false };
  }

  get trouble(): string | undefined {
    return this.whole.trouble;
  }

  onChange(f: () => void): () => void {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  }

  async window(from: number, to: number, pixels: number, caller = '') {
    if (this.isOpen) return this.whole.window(from, to, pixels, caller);
    const ticket = (this.latestOf.get(caller) ?? 0) + 1;
    this.latestOf.set(caller, ticket);
    const { turns, run } = this;
    const isLatest = () => this.latestOf.get(caller) === ticket;
    const chunk = (n: number) => this.chunk(n);
    const data = { turns, kinds: run.kinds, chunk, tile: async () => [] };
    const window = await answer(data, planWindow(this.index, from, to, pixels), isLatest);
    if (!isLatest()) throw new Cancelled();
    return window;
  }

  chunkOf(step: number): number {
    return chunkOfStep(this.index, step);
  }

  async chunk(n: number): Promise<Chunk> {
    const chunk = await this.whole.chunk(n);
    return this.cut(chunk);
  }

  cachedChunk(n: number): Chunk | undefined {
    const chunk = this.whole.cachedChunk(n);
    return chunk && this.cut(chunk);
  }

  async event(step: number) {
    const chunk = await this.chunk(this.chunkOf(step));
    const i = step - chunk.firstStep;
    if (i < 0 || i >= chunk.length) throw new RangeError(`step ${step} is not shown yet`);
    return eventView(this.run, chunk, i);
  }

  stepAt(time: number): Promise<number> {
    return stepAt(this.searched(), time);
  }

  find(thread: number, time: number) {
    return find(this.searched(), thread, time);
  }

  message(channel: number, number: number, near?: number) {
    return findMessage(this.searched(), channel, number, near);
  }

  sourceOf(place: number) {
    return this.whole.sourceOf(place);
  }

  close(): void {
    this.whole.close();
  }

  private searched(): Searched {
    return { run: this.run, index: this.index, chunk: (n) => this.chunk(n) };
  }

  private cut(chunk: Chunk): Chunk {
    if (this.isOpen) return chunk;
    const { steps, until } = this.shown;
    let cut = this.cuts.get(chunk.number);
    if (!cut) {
      const length = Math.min(Math.max(steps - chunk.firstStep, 0), chunk.length);
      cut = cutChunk(chunk, length, until);
      this.cuts.set(chunk.number, cut);
    }
    return cut;
  }
}

/** The first events of a chunk, and what lasts until then. */
export function cutChunk(chunk: Chunk, length: number, until: number): Chunk {
  const { states, holds } = chunk;
  const columns = Object.entries(chunk).flatMap(([name, column]) =>
    ArrayBuffer.isView(column) ? [[name, (column as Uint32Array).slice(0, length)] as const] : [],
  );
  const cut = { ...chunk, ...Object.fromEntries(columns), length } as Chunk;
  const duration = cut.duration.map((it, i) =>
    it !== UNKNOWN_END && chunk.time[i] + it > until ? UNKNOWN_END : it,
  );
  const texts = new Set(cut.text);
  const begun = indices(states.length, (i) => states.begin[i] < until);
  const held = indices(holds.length, (i) => holds.begin[i] <= until);
  const ends = (all: Float64Array, chosen: number[]) =>
    Float64Array.from(chosen, (i) => Math.min(all[i], until));
  return {
    ...cut,
    duration,
    end: Math.min(chunk.end, until),
    texts: chunk.texts.map((it, i) => (texts.has(i) ? it : '')),
    states: {
      length: begun.length,
      thread: Uint32Array.from(begun, (i) => states.thread[i]),
      begin: Float64Array.from(begun, (i) => states.begin[i]),
      end: ends(states.end, begun),
      activity: Uint8Array.from(begun, (i) => states.activity[i]),
    },
    holds: {
      length: held.length,
      primitive: Uint32Array.from(held, (i) => holds.primitive[i]),
      thread: Uint32Array.from(held, (i) => holds.thread[i]),
      begin: Float64Array.from(held, (i) => holds.begin[i]),
      end: ends(holds.end, held),
      // 2: it goes on.
      flags: Uint8Array.from(held, (i) => holds.flags[i] | (holds.end[i] > until ? 2 : 0)),
    },
  };
}

function indices(length: number, isWanted: (i: number) => boolean): number[] {
  return Array.from({ length }, (_, i) => i).filter(isWanted);
}

/** A run without how it ended. */
function withoutEnd(run: Run): Run {
  return {
    ...run,
    threads: run.threads.map(({ outcome: _, ...thread }) => thread),
    processes: run.processes.map(({ ended: _, ...process }) => process),
  };
}

/** Of a report, only what decides where workers and belts are drawn. */
function namesOnly({ report }: ReportData): ReportData {
  const users = (all: { thread: string }[]) => all.map(({ thread }) => ({ thread }));
  const channels = report.channels.map(({ name, process, depth, senders, receivers }) => {
    return { name, process, depth, senders: users(senders), receivers: users(receivers) };
  });
  const threads = report.threads.map(({ name, process }) => ({ name, process }));
  return {
    report: { channels, threads } as unknown as Report,
    findings: [],
    graph: { nodes: [], edges: [] },
    path: [],
  };
}


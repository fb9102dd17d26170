/** The documents of a run, kept up to date while it grows. */

import type { Index, ReportData, Run } from './run';
import { messageOf, type Source } from './source';

const POLL_INTERVAL = 100;
/** After the recorder did not answer. */
const RETRY_INTERVAL = 2000;

export class Growth {
  report: ReportData | undefined;
  trouble: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isClosed = false;
  private readonly listeners = new Set<() => void>();
  private catalogVersion: number;
  private reportVersion = 0;

  private constructor(
    private readonly source: Source,
    public run: Run,
    public index: Index,
  ) {
    this.catalogVersion = index.catalog;
  }

  static async start(source: Source): Promise<Growth> {
    // In this order: the catalog describes at least what the index contains.
    let index = await source.index(0);
    // A run whose program has just been started has none yet.
    while (source.grows && index.catalog === 0) {
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
      index = await source.index(0);
    }
    const growth = new Growth(source, await source.run(), index);
    await growth.updateReport().catch((error) => {
      // The rest can be shown.
      growth.trouble = messageOf(error);
    });
    if (growth.isGrowing) growth.poll(POLL_INTERVAL);
    return growth;
  }

  onChange(f: () => void): () => void {
    this.listeners.add(f);
    return () => this.listeners.delete(f);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  /** Sets or removes what is wrong with the data. */
  setTrouble(trouble: string | undefined): void {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.changed();
  }

  /** Fetches the catalog again, because a chunk was newer than it. */
  async refreshCatalog(): Promise<void> {
    this.run = await this.source.run();
  }

  private get isGrowing(): boolean {
    const { done, live, report } = this.index;
    return this.source.grows && (!done || live || report === 0);
  }

  private changed(): void {
    for (const f of [...this.listeners]) f();
  }

  private poll(delay: number): void {
    this.timer = setTimeout(async () => {
      let next = POLL_INTERVAL;
      try {
        const since = this.index.first + this.index.chunks.length;
        await this.update(merge(this.index, await this.source.index(since), since));
        await this.updateReport();
        if (this.trouble) this.setTrouble(undefined);
      } catch (error) {
        this.setTrouble(messageOf(error));
        next = RETRY_INTERVAL;
      }
      if (this.isGrowing && !this.isClosed) this.poll(next);
    }, delay);
  }

  private async update(index: Index): Promise<void> {
    const isNew = index.revision !== this.index.revision || index.done !== this.index.done;
    if (index.catalog !== this.catalogVersion) {
      this.run = await this.source.run();
      this.catalogVersion = index.catalog;
    }
    this.index = index;
    if (isNew) this.changed();
  }

  /** Fetches the report if there is a newer one. */
  private async updateReport(): Promise<void> {
    const version = this.index.report;
    if (version === 0 || version === this.reportVersion) return;
    this.report = await this.source.report();
    this.reportVersion = version;
    this.changed();
  }
}

/** The index with the chunks that are known, and those from number `since` on in `news`. */
export function merge(known: Index, news: Index, since: number): Index {
  const kept = known.chunks.slice(Math.max(0, news.first - known.first));
  const skipped = Math.max(0, news.first - since);
  // Without a gap, `news.chunks` starts at `since`, or at the first that is kept.
  return { ...news, chunks: skipped > 0 ? news.chunks : [...kept, ...news.chunks] };
}

/** Loads and decodes chunks and tiles, and keeps those that were used last. */

import type { Chunk } from './chunk';
import { decodeChunk } from './decode';
import { inflate, type Source } from './source';
import { decodeSegment, type Segment } from './tile';
import type { Turns } from './turns';

const MAX_CHUNK_BYTES = 100_000_000;
const MAX_TILE_BYTES = 50_000_000;

/** A chunk that the recorder has discarded, as it does in runs of many hours. */
export class Discarded extends Error {
  constructor() {
    super('This part of the run is not kept any more.');
    this.name = 'Discarded';
  }
}

export class Pieces {
  private readonly chunks = new Kept<Chunk>(MAX_CHUNK_BYTES);
  private readonly tiles = new Kept<Segments>(MAX_TILE_BYTES);

  constructor(
    private readonly source: Pick<Source, 'chunk' | 'tile'>,
    private readonly turns: Turns,
  ) {}

  /** `version` distinguishes what a piece contained while it grew. */
  chunk(n: number, version: number): Promise<Chunk> {
    return this.chunks.get(String(n), version, async () => {
      const piece = await this.source.chunk(n);
      if (!piece) throw new Discarded();
      const bytes = await inflate(piece);
      return this.turns.run(() => decodeChunk(n, bytes));
    });
  }

  /** A chunk that has been loaded, in this version or an earlier one. */
  cachedChunk(n: number): Chunk | undefined {
    return this.chunks.cached(String(n));
  }

  async tile(level: number, tile: number, version: number): Promise<readonly Segment[]> {
    const { segments } = await this.tiles.get(`${level}/${tile}`, version, async () => {
      const pieces = await this.source.tile(level, tile);
      const inflated = await Promise.all(pieces.map(inflate));
      const segments = await Promise.all(
        inflated.map((bytes) => this.turns.run(() => decodeSegment(bytes))),
      );
      return { segments, bytes: segments.reduce((sum, { bytes }) => sum + bytes, 200) };
    });
    return segments;
  }
}

interface Segments {
  segments: Segment[];
  bytes: number;
}

interface Entry<T> {
  version: number;
  promise: Promise<T>;
  value?: T;
}

/** Values that were used last, up to a number of bytes. */
class Kept<T extends { bytes: number }> {
  /** In the order of their last use. */
  private readonly entries = new Map<string, Entry<T>>();
  private bytes = 0;

  constructor(private readonly maxBytes: number) {}

  get(key: string, version: number, load: () => Promise<T>): Promise<T> {
    const old = this.entries.get(key);
    if (old?.version === version) {
      this.touch(key, old);
      return old.promise;
    }
    const entry: Entry<T> = { version, promise: load(), value: old?.value };
    this.touch(key, entry);
    entry.promise.then(
      (value) => {
        if (this.entries.get(key) !== entry) return;
        this.bytes += value.bytes - (entry.value?.bytes ?? 0);
        entry.value = value;
        this.discard();
      },
      () => {
        // So that a later request tries again.
        if (this.entries.get(key) !== entry) return;
        this.entries.delete(key);
        this.bytes -= entry.value?.bytes ?? 0;
      },
    );
    return entry.promise;
  }

  cached(key: string): T | undefined {
    const entry = this.entries.get(key);
    if (entry?.value) this.touch(key, entry);
    return entry?.value;
  }

  private touch(key: string, entry: Entry<T>): void {
    this.entries.delete(key);
    this.entries.set(key, entry);
  }

  private discard(): void {
    for (const [key, entry] of this.entries) {
      if (this.bytes <= this.maxBytes) return;
      if (!entry.value) continue;
      this.entries.delete(key);
      this.bytes -= entry.value.bytes;
    }
  }
}

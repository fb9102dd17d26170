/** A run that the recorder serves. Requests for neighbouring pieces are sent as one. */

import { DamagedData } from './columns';
import type { Index, ReportData, Run, SourceLines } from './run';
import { type Piece, Refused, type Source, Unreachable } from './source';

/** Pieces in one request, so that several requests can be answered side by side. */
const MAX_PIECES_PER_REQUEST = 16;

const MISSING = 404;

export class HttpSource implements Source {
  readonly grows = true;
  private readonly chunks = new Batches<Piece | undefined>(async (first, last) => {
    const bytes = new Bytes(await this.bytes(`chunks/${first}-${last}`));
    return range(first, last).map(() => {
      const piece = bytes.piece();
      return piece.length === 0 ? undefined : piece;
    });
  });
  private readonly levels = new Map<number, Batches<Piece[]>>();

  /** `base` is the address of the page, which ends with a slash. */
  constructor(private readonly base: string) {}

  async run(): Promise<Run> {
    return (await this.request('run.json')).json();
  }

  async report(): Promise<ReportData> {
    return (await this.request('report.json')).json();
  }

  async index(since: number): Promise<Index> {
    return (await this.request(`index?since=${since}`)).json();
  }

  chunk(n: number): Promise<Piece | undefined> {
    return this.chunks.get(n);
  }

  tile(level: number, tile: number): Promise<Piece[]> {
    let tiles = this.levels.get(level);
    if (!tiles) {
      tiles = new Batches<Piece[]>(async (first, last) => {
        const bytes = new Bytes(await this.bytes(`tiles/${level}/${first}-${last}`));
        return range(first, last).map(() => Array.from({ length: bytes.u32() }, () => bytes.piece()));
      });
      this.levels.set(level, tiles);
    }
    return tiles.get(tile);
  }

  async sourceLines(place: number): Promise<SourceLines | undefined> {
    const response = await this.request(`source/${place}`, MISSING);
    return response.status === MISSING ? undefined : response.json();
  }

  private async bytes(path: string): Promise<ArrayBuffer> {
    return (await this.request(path)).arrayBuffer();
  }

  private async request(path: string, allowed?: number): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.base + path, { cache: 'no-store' });
    } catch {
      throw new Unreachable();
    }
    if (!response.ok && response.status !== allowed) {
      throw new Refused(response.status, path);
    }
    return response;
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Collects requests of the same moment and sends neighbours as one. */
class Batches<T> {
  private waiting: { n: number; resolve: (value: T) => void; reject: (error: unknown) => void }[] =
    [];

  constructor(private readonly load: (first: number, last: number) => Promise<T[]>) {}

  get(n: number): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) queueMicrotask(() => this.send());
      this.waiting.push({ n, resolve, reject });
    });
  }

  private send(): void {
    const waiting = this.waiting.sort((a, b) => a.n - b.n);
    this.waiting = [];
    let batch: typeof waiting = [];
    const flush = () => {
      if (batch.length > 0) void this.sendBatch(batch);
      batch = [];
    };
    for (const request of waiting) {
      const first = batch[0]?.n;
      const last = batch.at(-1)?.n;
      const fits =
        first !== undefined &&
        last !== undefined &&
        request.n - last <= 1 &&
        request.n - first < MAX_PIECES_PER_REQUEST;
      if (!fits) flush();
      batch.push(request);
    }
    flush();
  }

  private async sendBatch(batch: typeof this.waiting): Promise<void> {
    const first = batch[0].n;
    try {
      const values = await this.load(first, batch[batch.length - 1].n);
      for (const { n, resolve } of batch) resolve(values[n - first]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

/** Reads an answer: lengths of 32 bits (little endian), and pieces after their lengths. */
class Bytes {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly buffer: ArrayBuffer) {
    this.view = new DataView(buffer);
  }

  u32(): number {
    if (this.at + 4 > this.buffer.byteLength) throw new DamagedData('an answer is cut off');
    const value = this.view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  piece(): Piece {
    const length = this.u32();
    if (this.at + length > this.buffer.byteLength) throw new DamagedData('an answer is cut off');
    const piece = new Uint8Array(this.buffer, this.at, length);
    this.at += length;
    return piece;
  }
}

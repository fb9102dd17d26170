/** Where the bytes of a run come from: the file of the page itself, or the recorder. */

import { DamagedData } from './columns';
import type { Index, ReportData, Run, SourceLines } from './run';

/** A piece, compressed as raw deflate. */
export type Piece = Uint8Array;

export interface Source {
  /** Whether the run can change. */
  readonly grows: boolean;
  run(): Promise<Run>;
  report(): Promise<ReportData>;
  /** The index, with the chunks from number `since` on. */
  index(since: number): Promise<Index>;
  /** `undefined` if the chunk is not kept any more. */
  chunk(n: number): Promise<Piece | undefined>;
  /** The segments of a tile: none if nothing happens in it. */
  tile(level: number, tile: number): Promise<Piece[]>;
  sourceLines(place: number): Promise<SourceLines | undefined>;
}

/** The recorder that served the page does not answer. */
export class Unreachable extends Error {
  constructor() {
    super('The recorder that serves this page has ended, or cannot be reached.');
    this.name = 'Unreachable';
  }
}

/** The recorder answers that it cannot give what was requested. */
export class Refused extends Error {
  constructor(status: number, path: string) {
    super(`The recorder that serves this page answered ${status} to the request for ${path}.`);
    this.name = 'Refused';
  }
}

/** The message of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Decompresses a piece. */
export async function inflate(piece: Piece): Promise<Uint8Array> {
  const stream = new DecompressionStream('deflate-raw');
  const writer = stream.writable.getWriter();
  // Errors also reject the read below.
  writer.write(piece as Uint8Array<ArrayBuffer>).catch(() => {});
  writer.close().catch(() => {});
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = stream.readable.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      length += part.value.length;
    }
  } catch {
    throw new DamagedData('a piece cannot be decompressed');
  }
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

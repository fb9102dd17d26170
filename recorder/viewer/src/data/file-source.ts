/** A run inside the page's own file. */

import { DamagedData } from './columns';
import type { Index, ReportData, Run, SourceLines } from './run';
import type { Piece, Source } from './source';

/** Offset and length of a piece, in characters of base64. */
type Extent = [offset: number, length: number];

/** The JSON in the element `run`. */
export interface FileDocument {
  run: Run;
  report?: ReportData;
  index: Index;
  sources: Record<string, SourceLines>;
  chunks: Extent[];
  tiles: [level: number, tile: number, segments: Extent[]][];
}

export class FileSource implements Source {
  readonly grows = false;
  private readonly tiles = new Map<string, Extent[]>();

  /** `bytes` returns the text of the element `bytes`. */
  constructor(
    private readonly document: FileDocument,
    private readonly bytes: () => string,
  ) {
    for (const [level, tile, segments] of document.tiles ?? []) {
      this.tiles.set(`${level}/${tile}`, segments);
    }
  }

  async run(): Promise<Run> {
    return this.document.run;
  }

  async report(): Promise<ReportData> {
    if (!this.document.report) throw new DamagedData('the report is missing');
    return this.document.report;
  }

  async index(): Promise<Index> {
    return this.document.index;
  }

  async chunk(n: number): Promise<Piece | undefined> {
    const extent = this.document.chunks[n - this.document.index.first];
    return extent && this.piece(extent);
  }

  async tile(level: number, tile: number): Promise<Piece[]> {
    return (this.tiles.get(`${level}/${tile}`) ?? []).map((extent) => this.piece(extent));
  }

  async sourceLines(place: number): Promise<SourceLines | undefined> {
    return this.document.sources?.[place];
  }

  private piece([offset, length]: Extent): Piece {
    const text = this.bytes().slice(offset, offset + length);
    if (text.length !== length) throw new DamagedData('the file is cut off');
    return decodeBase64(text);
  }
}

function decodeBase64(text: string): Uint8Array {
  try {
    // Much faster, where the browser has it.
    if ('fromBase64' in Uint8Array) {
      return (Uint8Array as unknown as { fromBase64(text: string): Uint8Array }).fromBase64(text);
    }
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  } catch {
    throw new DamagedData('it is not base64');
  }
}

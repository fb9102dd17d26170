/** Opens the run of the page: that in its file, or that which the recorder serves. */

import type { Chunk } from './chunk';
import { DamagedData } from './columns';
import { eventView } from './event';
import { type FileDocument, FileSource } from './file-source';
import { Growth } from './growth';
import { HttpSource } from './http-source';
import { chunkOfStep, find, findMessage, type Searched, stepAt } from './lookup';
import { Cancelled, type Model } from './model';
import { Discarded, Pieces } from './pieces';
import type { SourceLines } from './run';
import { messageOf, Refused, type Source, Unreachable } from './source';
import { TILE_BINS } from './tile';
import { Turns } from './turns';
import { answer, type Plan, planWindow, type WindowData } from './window';

/** Loading as many chunks takes longer than a frame or two. */
const MIN_CHUNKS_FOR_PREVIEW = 6;

/** The version of a piece that will not change. */
const FINAL = -1;

/** What the reader must know. */
const TROUBLES = [Unreachable, Refused, DamagedData];

/** Returns where the data of the page is. */
export function sourceOfPage(page: Document): Source {
  const document = parse(page.getElementById('run')?.textContent ?? '');
  if ('served' in document) return new HttpSource(new URL('./', page.baseURI).href);
  return new FileSource(document, () => page.getElementById('bytes')?.textContent ?? '');
}

function parse(text: string): { served: true } | FileDocument {
  try {
    return JSON.parse(text);
  } catch {
    throw new DamagedData('the file is cut off');
  }
}

export async function openModel(source: Source): Promise<Model> {
  const growth = await Growth.start(source);
  const turns = new Turns();
  /** The trouble that ends when the recorder answers. */
  let silence: string | undefined;
  const answered = async <T>(promise: Promise<T>): Promise<T> => {
    const value = await promise;
    if (silence !== undefined && growth.trouble === silence) growth.setTrouble(undefined);
    return value;
  };
  const pieces = new Pieces(
    {
      chunk: (n) => answered(source.chunk(n)),
      tile: (level, tile) => answered(source.tile(level, tile)),
    },
    turns,
  );
  const latestOf = new Map<string, number>();
  const sources = new Map<number, Promise<SourceLines | undefined>>();

  /** What the reader should know is shown, as well as thrown. */
  const reporting = async <T>(promise: Promise<T>): Promise<T> => {
    try {
      return await promise;
    } catch (error) {
      if (error instanceof Unreachable) silence = messageOf(error);
      if (TROUBLES.some((it) => error instanceof it)) growth.setTrouble(messageOf(error));
      throw error;
    }
  };

  const chunk = async (n: number): Promise<Chunk> => {
    const { index } = growth;
    const isOpen = n >= index.first + index.chunks.length;
    const loaded = await reporting(pieces.chunk(n, isOpen ? index.revision : FINAL));
    if (isOpen && isNewer(loaded)) await reporting(growth.refreshCatalog());
    return loaded;
  };
  const isNewer = (it: Chunk): boolean => {
    const { kinds, threads } = growth.run;
    return (
      it.kind.some((kind) => kind >= kinds.length) ||
      it.thread.some((thread) => thread >= threads.length)
    );
  };

  /** Whether many chunks must be loaded. */
  const isLong = ({ chunks }: Plan): boolean =>
    chunks.filter((n) => !pieces.cachedChunk(n)).length >= MIN_CHUNKS_FOR_PREVIEW;

  const searched = (): Searched => ({ run: growth.run, index: growth.index, chunk });
  const data: WindowData = {
    turns,
    get kinds() {
      return growth.run.kinds;
    },
    chunk: (n) => chunk(n).catch((error) => {
      // The rest of the window can be shown.
      if (error instanceof DamagedData || error instanceof Discarded) return undefined;
      throw error;
    }),
    tile: (level, tile) => {
      const { done, revision, until } = growth.index;
      const isFinal = done || (tile + 2) * TILE_BINS * 2 ** level <= until;
      // What becomes known late is added when everything is.
      return reporting(pieces.tile(level, tile, isFinal ? (done ? FINAL : FINAL - 1) : revision));
    },
  };

  return {
    get run() {
      return growth.run;
    },
    get report() {
      return growth.report;
    },
    get index() {
      return growth.index;
    },
    get trouble() {
      return growth.trouble;
    },
    onChange: (f) => growth.onChange(f),
    async window(from, to, pixels, caller = '', preview) {
      const ticket = (latestOf.get(caller) ?? 0) + 1;
      latestOf.set(caller, ticket);
      // Of several calls in one frame, only the last is answered.
      await Promise.resolve();
      const isLatest = () => latestOf.get(caller) === ticket;
      if (!isLatest()) throw new Cancelled();
      const { index } = growth;
      const plan = planWindow(index, from, to, pixels);
      if (preview && isLong(plan)) {
        const coarse = planWindow(index, from, to, pixels, true);
        if (!isLong(coarse)) {
          const window = await answer(data, coarse, isLatest);
          if (!isLatest()) throw new Cancelled();
          preview(window);
        }
      }
      const window = await answer(data, plan, isLatest);
      if (!isLatest()) throw new Cancelled();
      return window;
    },
    chunkOf: (step) => chunkOfStep(growth.index, step),
    chunk,
    cachedChunk: (n) => pieces.cachedChunk(n),
    async event(step) {
      const it = await chunk(chunkOfStep(growth.index, step));
      const i = step - it.firstStep;
      if (i < 0 || i >= it.length) throw new RangeError(`there is no step ${step}`);
      return eventView(growth.run, it, i);
    },
    stepAt: (time) => stepAt(searched(), time),
    find: (thread, time) => find(searched(), thread, time),
    message: (channel, number, near) => findMessage(searched(), channel, number, near),
    close: () => growth.close(),
    sourceOf(place) {
      let lines = sources.get(place);
      if (!lines) {
        lines = source.sourceLines(place).catch(() => {
          // The reader can look at another place and come back.
          sources.delete(place);
          return undefined;
        });
        sources.set(place, lines);
      }
      return lines;
    },
  };
}


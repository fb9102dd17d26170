/** The run as the page sees it. Only this module and its neighbours know where bytes come from. */

import type { Chunk } from './chunk';
import type { EventView } from './event';
import type { Index, ReportData, Run, SourceLines } from './run';
import type { Window } from './window';

export { Cancelled } from './cancelled';

export interface Model {
  readonly run: Run;
  /** `undefined` while there is none. */
  readonly report: ReportData | undefined;
  readonly index: Index;
  /** Why the data is not up to date, in words; `undefined` if it is. */
  readonly trouble: string | undefined;
  /** Calls `f` when the run has grown or the report has come. Returns what ends that. */
  onChange(f: () => void): () => void;
  /**
   * Sums of what happens between two times. A later call of the same `caller` cancels an earlier
   * one, which then rejects with `Cancelled`. If many chunks must be loaded first, `preview` is
   * called with the same window in bins that are wider than a pixel.
   */
  window(
    from: number,
    to: number,
    pixels: number,
    caller?: string,
    preview?: (window: Window) => void,
  ): Promise<Window>;
  /** The number of the chunk that contains a step. */
  chunkOf(step: number): number;
  chunk(n: number): Promise<Chunk>;
  cachedChunk(n: number): Chunk | undefined;
  event(step: number): Promise<EventView>;
  /** The last step whose time is at most `time`; 0 if there is none. */
  stepAt(time: number): Promise<number>;
  /** The step of a thread at exactly this time. */
  find(thread: number, time: number): Promise<number | undefined>;
  /** The steps in which a message was sent and received. Searches from `near` outwards. */
  message(
    channel: number,
    number: number,
    near?: number,
  ): Promise<{ sent?: number; received?: number }>;
  sourceOf(place: number): Promise<SourceLines | undefined>;
  /** Stops asking for news of the run. */
  close(): void;
}

/** What a link to the page holds: the tab, the range of time, and the selection. */

export const TABS = ['timeline', 'why', 'message', 'belt'] as const;
export type Tab = (typeof TABS)[number];

export interface LinkState {
  readonly tab: Tab;
  /** The visible range of time. */
  readonly from?: number;
  readonly to?: number;
  /** The selected step. */
  readonly step?: number;
  /** The selected message. */
  readonly message?: { readonly channel: number; readonly number: number };
  /** Index of the selected finding. */
  readonly finding?: number;
  /** Lanes that are pointed out: `t3` is thread 3, `c0` channel 0, `p2` primitive 2. */
  readonly lanes?: readonly string[];
  /** Whether the critical path is drawn on the timeline. */
  readonly path?: boolean;
}

export interface Link {
  readonly state: LinkState;
  /**
   * Changes parts of the state; `undefined` removes one. With `push` the browser's *back* returns
   * to the state before; without, the change replaces it (as while panning).
   */
  set(change: Partial<LinkState>, push?: boolean): void;
  /** Calls `f` after each change. Returns what ends that. */
  onChange(f: (state: LinkState, before: LinkState) => void): () => void;
}

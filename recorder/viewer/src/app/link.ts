/** What a link to the page holds: the tab, the range of time, and the selection. */

export const TABS = ['timeline', 'why', 'message', 'belt'] as const;
/** A lesson's page has one more. */
export type Tab = (typeof TABS)[number] | 'lesson';

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

/** How long the browser's history waits for a pause between changes that replace each other. */
const WRITE_DELAY = 250;

export function parseLink(hash: string): LinkState {
  const [name, ...rest] = hash.replace(/^#/, '').split('&');
  const values = new URLSearchParams(rest.join('&'));
  const number = (text: string | null | undefined): number | undefined => {
    const value = text ? Number(text) : NaN;
    return Number.isFinite(value) ? value : undefined;
  };
  const index = (text: string | null | undefined): number | undefined => {
    const value = number(text);
    return value !== undefined && Number.isInteger(value) && value >= 0 ? value : undefined;
  };
  const [channel, messageNumber] = (values.get('message') ?? '').split('.').map(index);
  const from = number(values.get('from'));
  const to = number(values.get('to'));
  const isRange = from !== undefined && to !== undefined && from < to;
  const lanes = (values.get('lanes') ?? '').split(',').filter((lane) => /^[tcp]\d+$/.test(lane));
  const state: LinkState = {
    tab: name === 'lesson' ? name : (TABS.find((tab) => tab === name) ?? 'timeline'),
    from: isRange ? from : undefined,
    to: isRange ? to : undefined,
    step: index(values.get('step')),
    message:
      channel !== undefined && messageNumber !== undefined
        ? { channel, number: messageNumber }
        : undefined,
    finding: index(values.get('finding')),
    lanes: lanes.length > 0 ? lanes : undefined,
    path: values.get('path') === '1' ? true : undefined,
  };
  return state;
}

export function formatLink(state: LinkState): string {
  const parts: string[] = [state.tab];
  const add = (name: string, value: number | string | undefined) => {
    if (value !== undefined) parts.push(`${name}=${value}`);
  };
  add('from', state.from);
  add('to', state.to);
  add('step', state.step);
  add('message', state.message && `${state.message.channel}.${state.message.number}`);
  add('finding', state.finding);
  add('lanes', state.lanes?.length ? state.lanes.join(',') : undefined);
  add('path', state.path ? 1 : undefined);
  return `#${parts.join('&')}`;
}

/**
 * The link in the address of the page. `tab` is shown if the address has none. `valid` removes from
 * an address what the run does not have.
 */
export function createLink(tab: Tab, valid: (state: LinkState) => LinkState): Link {
  const listeners = new Set<(state: LinkState, before: LinkState) => void>();
  let state = location.hash.length > 1 ? valid(parseLink(location.hash)) : { tab };
  let timer: number | undefined;

  const write = () => {
    clearTimeout(timer);
    timer = undefined;
    history.replaceState(null, '', formatLink(state));
  };
  const become = (next: LinkState) => {
    const before = state;
    state = next;
    for (const f of [...listeners]) f(state, before);
  };
  // Both happen; the second finds nothing new.
  const read = () => {
    clearTimeout(timer);
    timer = undefined;
    if (location.hash !== formatLink(state)) become(valid(parseLink(location.hash)));
  };
  addEventListener('popstate', read);
  addEventListener('hashchange', read);

  return {
    get state() {
      return state;
    },
    set(change, push = false) {
      const next = { ...state, ...change };
      if (formatLink(next) === formatLink(state)) return;
      if (push) {
        if (timer !== undefined) write();
        history.pushState(null, '', formatLink(next));
      } else {
        timer ??= window.setTimeout(write, WRITE_DELAY);
      }
      become(next);
    },
    onChange(f) {
      listeners.add(f);
      return () => listeners.delete(f);
    },
  };
}

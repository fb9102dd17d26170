/** The state of a belt that stands beside another: it is not in the address of the page. */

import type { Link, LinkState } from '../app/link';

export function sideLink(): Link {
  const listeners = new Set<(state: LinkState, before: LinkState) => void>();
  let state: LinkState = { tab: 'lesson' };
  return {
    get state() {
      return state;
    },
    set(change) {
      const before = state;
      state = { ...state, ...change };
      for (const f of [...listeners]) f(state, before);
    },
    onChange(f) {
      listeners.add(f);
      return () => listeners.delete(f);
    },
  };
}

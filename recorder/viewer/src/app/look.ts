/** How the page looks: its theme, projector mode, black and white. Kept in the browser. */

export type Theme = 'system' | 'light' | 'dark';

export interface LookState {
  readonly theme: Theme;
  /** Large text, for a projector: at least 18 px on 1920×1080. */
  readonly projector: boolean;
  /** No colours: patterns and lightness only. */
  readonly blackWhite: boolean;
}

export interface Look {
  readonly state: LookState;
  /** Whether the page is dark now. */
  readonly dark: boolean;
  readonly reducedMotion: boolean;
  set(change: Partial<LookState>): void;
  /** Calls `f` when colours or sizes have changed: a canvas must be drawn again. */
  onChange(f: () => void): () => void;
}

const KEY = 'recorder-look';
const DEFAULT: LookState = { theme: 'system', projector: false, blackWhite: false };

function stored(): LookState {
  try {
    const given = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return {
      theme: given.theme === 'light' || given.theme === 'dark' ? given.theme : 'system',
      projector: given.projector === true,
      blackWhite: given.blackWhite === true,
    };
  } catch {
    // A page from `file://` may have no storage.
    return DEFAULT;
  }
}

/** Applies the look to the page's root element: `data-theme`, `data-projector`, `data-ink`. */
export function createLook(root: HTMLElement): Look {
  const listeners = new Set<() => void>();
  const systemDark = matchMedia('(prefers-color-scheme: dark)');
  const lessMotion = matchMedia('(prefers-reduced-motion: reduce)');
  let state = stored();

  const isDark = () => state.theme === 'dark' || (state.theme === 'system' && systemDark.matches);
  const apply = () => {
    root.dataset.theme = isDark() ? 'dark' : 'light';
    root.toggleAttribute('data-projector', state.projector);
    if (state.blackWhite) root.dataset.ink = 'bw';
    else delete root.dataset.ink;
    for (const f of [...listeners]) f();
  };
  systemDark.addEventListener('change', apply);
  lessMotion.addEventListener('change', apply);
  apply();

  return {
    get state() {
      return state;
    },
    get dark() {
      return isDark();
    },
    get reducedMotion() {
      return lessMotion.matches;
    },
    set(change) {
      state = { ...state, ...change };
      try {
        localStorage.setItem(KEY, JSON.stringify(state));
      } catch {
        // See above.
      }
      apply();
    },
    onChange(f) {
      listeners.add(f);
      return () => listeners.delete(f);
    },
  };
}

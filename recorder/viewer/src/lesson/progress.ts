/** What the reader has answered. It stays in the browser. */

export interface Progress {
  /** By guess: the option that was chosen. */
  readonly guesses: Readonly<Record<number, number>>;
  /** By step: the option that was chosen before it. */
  readonly stops: Readonly<Record<number, number>>;
  /** By change: the option that was chosen, or `SHOWN`. */
  readonly changes: Readonly<Record<number, number>>;
  /** Whether the run was seen to its end. */
  readonly seen: boolean;
  /** Whether the last part of the lesson was reached. */
  readonly done: boolean;
}

export const NOTHING: Progress = { guesses: {}, stops: {}, changes: {}, seen: false, done: false };

/** Instead of an option: the reader wanted to see what happens without a guess. */
export const SHOWN = -1;

const KEY = 'recorder-course';

/** All pages of the course share one entry. */
function all(): Record<string, Progress> {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof stored === 'object' && stored !== null ? stored : {};
  } catch {
    // A page from `file://` may have no storage.
    return {};
  }
}

export function progressOf(lesson: string): Progress {
  const stored: Partial<Progress> = (Object.hasOwn(all(), lesson) && all()[lesson]) || {};
  return {
    guesses: numbers(stored.guesses),
    stops: numbers(stored.stops),
    changes: numbers(stored.changes),
    seen: stored.seen === true,
    done: stored.done === true,
  };
}

function numbers(stored: unknown): Record<number, number> {
  const entries = Object.entries(typeof stored === 'object' && stored !== null ? stored : {});
  return Object.fromEntries(entries.filter(([key, it]) => /^\d+$/.test(key) && Number.isInteger(it)));
}

export function keep(lesson: string, progress: Progress): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...all(), [lesson]: progress }));
  } catch {
    // See above.
  }
}

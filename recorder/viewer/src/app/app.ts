/** What the parts of the page share. */

import type { Model } from '../data/model';
import type { Link, Tab } from './link';
import type { Look } from './look';

export interface App {
  readonly model: Model;
  readonly link: Link;
  readonly look: Look;
  /** The lesson that the run belongs to. */
  readonly lesson?: Lesson;
  /** Shows a sentence about the current step, which screen readers read out. */
  announce(sentence: string): void;
  /** Shows a tab. */
  go(tab: Tab): void;
  /** Selects a step, or nothing. The panel with its details follows. */
  select(step: number | null): void;
  /** Gives the keyboard's focus to the tab. */
  focus(): void;
}

/** A tab. `root` of its `Mount` is its own; it is hidden while another tab is shown. */
export interface View {
  show(): void;
  hide(): void;
  /** Takes the keyboard's focus. */
  focus?(): void;
  /** Returns whether the key was handled. Not called while a field has the focus. */
  key(event: KeyboardEvent): boolean;
}

export type Mount = (root: HTMLElement, app: App) => View;

/** Keys, separated by spaces, and what they do. */
export type Keys = readonly [heading: string, keys: readonly [keys: string, what: string][]];

export interface Lesson {
  readonly title: string;
  /** Whether the whole run may be shown. Until then there is only the tab with the lesson. */
  readonly isOpen: boolean;
  /** Its keys, for the list of keys. */
  readonly keys: Keys;
  readonly mount: Mount;
}

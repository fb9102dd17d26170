/** Sizes in the picture. All lengths are in units: the size of its text. */

/** Sizes of a worker. The figure is 5 high at size 1. */
export interface WorkerSize {
  width: number;
  height: number;
  gap: number;
  /** From the top to the hands. */
  hands: number;
  figure: number;
  beside: boolean;
}

export const HUGE: WorkerSize = {
  width: 10.5,
  height: 12.4,
  gap: 0.6,
  hands: 4.2,
  figure: 1.5,
  beside: false,
};
export const LARGE: WorkerSize = {
  width: 10,
  height: 9.6,
  gap: 0.6,
  hands: 2.9,
  figure: 1,
  beside: false,
};
export const SMALL: WorkerSize = {
  width: 11.5,
  height: 3.9,
  gap: 0.5,
  hands: 1.9,
  figure: 0.72,
  beside: true,
};
export const TINY: WorkerSize = {
  width: 10.5,
  height: 3.1,
  gap: 0.3,
  hands: 1.55,
  figure: 0.58,
  beside: true,
};

/** Sizes of a belt. */
export interface BeltSize {
  height: number;
  label: number;
  parcel: number;
  /** Distance of places. */
  pitch: number;
  maxPitch: number;
  thickness: number;
}

export const BIG_BELT: BeltSize = {
  height: 8.4,
  label: 1.8,
  parcel: 3.3,
  pitch: 4,
  maxPitch: 5.4,
  thickness: 1.5,
};
export const BELT: BeltSize = {
  height: 6.8,
  label: 1.6,
  parcel: 2.4,
  pitch: 3,
  maxPitch: 4.6,
  thickness: 1.1,
};
export const COMPACT: BeltSize = {
  height: 5.5,
  label: 1.5,
  parcel: 1.9,
  pitch: 2.6,
  maxPitch: 4,
  thickness: 0.75,
};

export const LOCK = { width: 16, height: 3.6, gap: 1 };
export const MIN_GAP = 14;
/** How much wider than necessary. */
export const MAX_EXTRA = 22;
export const EMPTY_GAP = 3;
/** From a belt to the workers' columns. */
export const LEAD = 1.2;
/** How close places can be: room for four digits. */
export const MIN_PITCH = 2.6;
/** Two arms and the parcel between them. */
export const MAX_ARMS = 38;
export const MARGIN = 1;
export const BAND_GAP = 2.4;
/** More workers in a column than this are small, more belts compact. */
export const MAX_LARGE_WORKERS = 4;
export const MAX_SMALL_WORKERS = 10;
export const MAX_LARGE_BELTS = 5;
/** Maximum number of parcels on all belts. */
export const MAX_PARCELS = 200;

/** What is tried, the largest first. */
export const TRIALS: readonly Trial[] = [
  { big: true, scale: 1.6, rows: MAX_SMALL_WORKERS, places: 5 },
  { big: true, scale: 1.35, rows: MAX_SMALL_WORKERS, places: 5 },
  { big: true, scale: 1.2, rows: MAX_SMALL_WORKERS, places: 5 },
  { big: true, scale: 1, rows: MAX_SMALL_WORKERS, places: 5 },
  { big: false, scale: 1.2, rows: MAX_SMALL_WORKERS, places: 5 },
  { big: false, scale: 1, rows: MAX_SMALL_WORKERS, places: 5 },
  { big: false, scale: 1, rows: MAX_SMALL_WORKERS, places: 3 },
  { big: false, scale: 1, rows: 16, places: 3 },
  { big: false, scale: 1, rows: 24, places: 3 },
];

export interface Trial {
  big: boolean;
  /** How much larger than the page's text. */
  scale: number;
  /** Maximum number of workers one below the other. */
  rows: number;
  /** Number of places for which a belt has room at least, if it can use them. */
  places: number;
  /** Whether workers and belts are as low as can be. */
  flat?: boolean;
}

/** The same for a picture that must not be scrolled. */
export const TRIALS_INSIDE: readonly Trial[] = [
  ...TRIALS,
  { big: false, scale: 1, rows: MAX_SMALL_WORKERS, places: 5, flat: true },
  { big: false, scale: 1, rows: MAX_SMALL_WORKERS, places: 3, flat: true },
];

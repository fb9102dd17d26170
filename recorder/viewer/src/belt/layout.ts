/** Where workers, belts and locks stand, in pixels. The same over the whole run. */

import type { Plan, Slot } from './plan';

export interface Point {
  x: number;
  y: number;
}

export interface WorkerBox {
  thread: number;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Size of the figure; 1 is large. */
  figure: number;
  /** Whether its name is beside the figure, and not below. */
  beside: boolean;
  /** The middle of the figure, where it holds parcels. */
  hands: Point;
}

export interface BeltBox {
  slot: Slot;
  /** The belt itself, without the lines that lead to it. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** How thick the belt is. */
  thickness: number;
  /** Number of parcels that can be seen on it. */
  places: number;
  /** Distance from place to place. */
  pitch: number;
  /** The base line of its name. */
  label: number;
  /** Where parcels stand. */
  surface: number;
  parcel: { width: number; height: number };
  /** Where messages enter and leave. */
  start: Point;
  end: Point;
}

export interface LinkLine {
  /** Index into `belts`. */
  belt: number;
  thread: number;
  sends: boolean;
  /** Whether it is drawn only while it carries a message: there are too many. */
  faint: boolean;
  path: string;
}

export interface LockBox {
  primitive: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Layout {
  /** Size of the text, and the unit of all lengths. */
  unit: number;
  width: number;
  height: number;
  workers: WorkerBox[];
  belts: BeltBox[];
  links: LinkLine[];
  locks: LockBox[];
}

/** Sizes of workers, in units. The figure is 5 high at size 1. */
interface WorkerSize {
  width: number;
  height: number;
  gap: number;
  /** From the top to the hands. */
  hands: number;
  figure: number;
  beside: boolean;
}

const HUGE: WorkerSize = { width: 10.5, height: 12.4, gap: 0.6, hands: 4.2, figure: 1.5, beside: false };
const LARGE: WorkerSize = { width: 10, height: 9.6, gap: 0.6, hands: 2.9, figure: 1, beside: false };
const SMALL: WorkerSize = { width: 11.5, height: 3.9, gap: 0.5, hands: 1.9, figure: 0.72, beside: true };
const TINY: WorkerSize = { width: 10.5, height: 3.1, gap: 0.3, hands: 1.55, figure: 0.58, beside: true };

/** Sizes of belts, in units. */
interface BeltSize {
  height: number;
  label: number;
  parcel: number;
  /** Distance of places. */
  pitch: number;
  maxPitch: number;
  thickness: number;
}

const BIG_BELT: BeltSize = { height: 8.4, label: 1.8, parcel: 3.3, pitch: 4, maxPitch: 5.4, thickness: 1.5 };
const BELT: BeltSize = { height: 6.8, label: 1.6, parcel: 2.4, pitch: 3, maxPitch: 4.6, thickness: 1.1 };
const COMPACT: BeltSize = { height: 5.5, label: 1.5, parcel: 1.9, pitch: 2.6, maxPitch: 4, thickness: 0.75 };

const LOCK = { width: 12, height: 3.6, gap: 1 };
const MIN_GAP = 14;
/** How much wider than necessary. */
const MAX_EXTRA = 22;
const EMPTY_GAP = 3;
/** From a belt to the workers' columns. */
const LEAD = 1.2;
/** How much closer than usual messages can be. */
const MIN_PITCH = 0.6;
/** Two arms and the parcel between them. */
const MAX_ARMS = 38;
const MARGIN = 1;
const BAND_GAP = 2.4;
/** More workers in a column than this are small, more belts compact. */
const MAX_LARGE_WORKERS = 4;
const MAX_SMALL_WORKERS = 10;
const MAX_LARGE_BELTS = 5;
/** Maximum number of parcels on all belts. */
const MAX_PARCELS = 200;

/** What is tried, the largest first. */
const TRIALS: readonly Trial[] = [
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

interface Trial {
  big: boolean;
  /** How much larger than the page's text. */
  scale: number;
  /** Maximum number of workers one below the other. */
  rows: number;
  /** Number of places for which a belt has room at least, if it can use them. */
  places: number;
}

/**
 * Fills `width` × `height` pixels, or becomes higher. `rem` is the size of the page's text. A lower
 * `rank` is a larger picture.
 */
export function layout(
  plan: Plan,
  width: number,
  height: number,
  rem: number,
): Layout & { rank: number } {
  let best: { layout: Layout; bands: number; rank: number } | undefined;
  for (const [rank, trial] of TRIALS.entries()) {
    const unit = rem * trial.scale;
    const result = new Placement(plan, width / unit, unit, trial).place();
    if (result.bands === 1 && result.layout.height <= height) return { ...result.layout, rank };
    if (trial.places > 3) continue;
    // It must be scrolled: rather down than more.
    if (!best || result.bands < best.bands) best = { ...result, rank: TRIALS.length + result.bands };
  }
  return { ...best!.layout, rank: best!.rank };
}

interface Band {
  first: number;
  last: number;
}

class Placement {
  private readonly workers: WorkerBox[] = [];
  private readonly belts: BeltBox[] = [];
  private readonly locks: LockBox[] = [];
  private readonly workerOf = new Map<number, WorkerBox>();
  private readonly bandOf = new Map<number, number>();
  /** Workers that stand side by side in their column. */
  private readonly crowded = new Set<number>();
  private readonly columnOf = new Map<number, number>();
  private readonly beltBands: number[] = [];
  private readonly beltGaps: number[] = [];
  private readonly bandBottoms: number[] = [];
  private readonly maxPlaces: number;

  constructor(
    private readonly plan: Plan,
    /** In units. */
    private readonly width: number,
    private readonly unit: number,
    private readonly trial: Trial,
  ) {
    const belts = plan.gaps.flat().length;
    this.maxPlaces = Math.max(3, Math.floor(MAX_PARCELS / Math.max(belts, 1)));
  }

  place(): { layout: Layout; bands: number } {
    const bands = this.bands();
    let y = MARGIN;
    for (const [index, band] of bands.entries()) {
      y = this.placeBand(band, index, y);
      this.bandBottoms.push(y);
      y += BAND_GAP;
    }
    if (bands.length > 0) y += LARGE.gap - BAND_GAP;
    y = this.placeRow(this.plan.bystanders, y);
    y = this.placeLocks(y);
    const { unit } = this;
    const layout = {
      unit,
      width: this.width * unit,
      height: (y + MARGIN) * unit,
      workers: this.workers.map((it) => scaledWorker(it, unit)),
      belts: this.belts.map((it) => scaledBelt(it, unit)),
      links: this.links(),
      locks: this.locks.map((it) => scaledBox(it, unit)),
    };
    return { layout, bands: Math.max(bands.length, 1) };
  }

  private workerSize(column: number): WorkerSize {
    const count = this.plan.columns[column].length;
    if (count > MAX_SMALL_WORKERS) return TINY;
    if (count > MAX_LARGE_WORKERS) return SMALL;
    return this.trial.big ? HUGE : LARGE;
  }

  private beltSize(gap: number): BeltSize {
    if (this.plan.gaps[gap].length > MAX_LARGE_BELTS) return COMPACT;
    return this.trial.big ? BIG_BELT : BELT;
  }

  /** Number of workers side by side in a column. */
  private side(column: number): number {
    return Math.ceil(this.plan.columns[column].length / this.trial.rows);
  }

  private columnWidth(column: number): number {
    return this.workerSize(column).width * this.side(column);
  }

  private gapWidth(gap: number): number {
    const slots = this.plan.gaps[gap];
    if (slots.length > 0) {
      const { pitch } = this.beltSize(gap);
      const places = Math.max(...slots.map((it) => Math.min(wantedPlaces(it), this.trial.places)));
      return Math.max(MIN_GAP, places * pitch + 2 * LEAD + 2);
    }
    return gap + 1 < this.plan.columns.length ? EMPTY_GAP : 0;
  }

  /** Columns that stand in one row. */
  private bands(): Band[] {
    const bands: Band[] = [];
    const room = this.width - 2 * MARGIN;
    let used = 0;
    for (let column = 0; column < this.plan.columns.length; column += 1) {
      const wanted = this.columnWidth(column) + this.gapWidth(column);
      const band = bands.at(-1);
      if (band && used + wanted <= room) {
        band.last = column;
        used += wanted;
      } else {
        bands.push({ first: column, last: column });
        used = wanted;
      }
    }
    return bands;
  }

  private placeBand({ first, last }: Band, index: number, top: number): number {
    const columns = range(first, last);
    const wide = columns.filter((it) => this.plan.gaps[it].length > 0).length;
    const used = sum(columns.map((it) => this.columnWidth(it) + this.gapWidth(it)));
    const spare = Math.max(this.width - 2 * MARGIN - used, 0);
    const extra = wide > 0 ? Math.min(spare / wide, MAX_EXTRA) : 0;
    const height = Math.max(...columns.map((it) => this.columnHeight(it)));

    let x = MARGIN + (spare - extra * wide) / 2;
    const gaps: [number, number, number][] = [];
    for (const column of columns) {
      this.placeColumn(column, index, x, top, height);
      x += this.columnWidth(column);
      const gapWidth = this.gapWidth(column) + (this.plan.gaps[column].length > 0 ? extra : 0);
      gaps.push([column, x, gapWidth]);
      x += gapWidth;
    }
    for (const [gap, left, width] of gaps) this.placeGap(gap, index, left, width, top, height);
    return top + height;
  }

  private columnHeight(column: number): number {
    const size = this.workerSize(column);
    const rows = Math.ceil(this.plan.columns[column].length / Math.max(this.side(column), 1));
    const belts = this.plan.gaps[column].length * this.beltSize(column).height;
    return Math.max(rows * (size.height + size.gap) - size.gap, belts);
  }

  private placeColumn(column: number, band: number, x: number, top: number, height: number): void {
    const threads = this.plan.columns[column];
    const size = this.workerSize(column);
    const side = this.side(column);
    const rows = Math.ceil(threads.length / side);
    // Spread out, but not far apart.
    const spare = Math.max(height - rows * size.height, 0);
    const gap = rows > 1 ? Math.min(spare / (rows - 1), size.gap * 3) : 0;
    const used = rows * size.height + (rows - 1) * gap;
    threads.forEach((thread, i) => {
      const [row, sideways] = [Math.floor(i / side), i % side];
      const y = top + (height - used) / 2 + row * (size.height + gap);
      this.addWorker(thread, x + sideways * size.width, y, size);
      this.bandOf.set(thread, band);
      this.columnOf.set(thread, column);
      if (side > 1) this.crowded.add(thread);
    });
  }

  private addWorker(thread: number, x: number, y: number, size: WorkerSize): void {
    const { width, height, figure, beside } = size;
    const hands = { x: x + (beside ? 2.6 * figure : width / 2), y: y + size.hands };
    const box = { thread, x, y, width, height, figure, beside, hands };
    this.workers.push(box);
    this.workerOf.set(thread, box);
  }

  private placeGap(
    gap: number,
    band: number,
    left: number,
    width: number,
    top: number,
    height: number,
  ): void {
    const slots = this.plan.gaps[gap];
    if (slots.length === 0) return;
    const size = this.beltSize(gap);
    const meanY = (slot: Slot) => {
      const ys = [...slot.senders, ...slot.receivers].flatMap((thread) => {
        const box = this.workerOf.get(thread);
        return box && this.bandOf.get(thread) === band ? [box.hands.y] : [];
      });
      return ys.length > 0 ? sum(ys) / ys.length : top + height / 2;
    };
    const wanted = new Map(slots.map((slot) => [slot, meanY(slot)]));
    const order = [...slots].sort((a, b) => wanted.get(a)! - wanted.get(b)!);
    const spare = Math.max(height - order.length * size.height, 0);
    const between = order.length > 1 ? Math.min(spare / (order.length - 1), 1.5) : 0;
    const used = order.length * size.height + (order.length - 1) * between;
    const middle = sum([...wanted.values()]) / slots.length;
    // The surface of a single belt is level with the hands of its workers.
    const level = hub(size, order[0].bound);
    const ideal = order.length === 1 ? middle - level : middle - used / 2;
    let y = Math.min(Math.max(ideal, top), top + height - used);
    for (const slot of order) {
      this.beltBands.push(band);
      this.beltGaps.push(gap);
      this.addBelt(slot, left, width, y, size);
      y += size.height + between;
    }
  }

  private addBelt(
    slot: Slot,
    left: number,
    room: number,
    y: number,
    size: BeltSize,
  ): void {
    const inner = room - 2 * LEAD - 1;
    const { bound } = slot;
    const wanted = wantedPlaces(slot);
    let { pitch } = size;
    // Few messages have room for long values.
    const few = bound === null ? Math.max(wanted, 5) : wanted;
    if (wanted * pitch > inner) pitch = Math.max(inner / wanted, pitch * MIN_PITCH);
    else pitch = Math.max(pitch, Math.min(inner / few, size.maxPitch));
    const shrink = Math.min(1, 0.4 + (0.6 * pitch) / size.pitch);
    const most = Math.max(1, Math.min(Math.floor(inner / pitch + 1e-6), this.maxPlaces));
    const places = bound === null ? most : Math.min(wanted, most);
    // Room for the label. The arms of a rendezvous reach from worker to worker.
    const least = bound === 0 ? Math.min(room - 2.6, MAX_ARMS) : Math.min(inner + 1, 10);
    const width = Math.max(places * pitch + 1, least);
    const x = left + (room - width) / 2;
    // Hands have their name below, so that they are level with the workers' hands.
    const isHands = bound === 0;
    const surface = y + (isHands ? 0 : size.label) + size.parcel;
    const middle = y + hub(size, bound);
    const [from, to] = slot.forward ? [x, x + width] : [x + width, x];
    this.belts.push({
      slot,
      x,
      y,
      width,
      height: size.height,
      thickness: size.thickness,
      places,
      pitch,
      label: isHands ? surface + size.thickness + 1.2 : y + 1,
      surface,
      parcel: { width: pitch - 0.4 * shrink, height: (size.parcel - 0.2) * shrink },
      start: { x: from, y: middle },
      end: { x: to, y: middle },
    });
  }

  private placeRow(threads: readonly number[], top: number): number {
    if (threads.length === 0) return top;
    const perRow = Math.max(1, Math.floor((this.width - 2 * MARGIN) / SMALL.width));
    const inRow = Math.min(perRow, threads.length);
    const left = (this.width - inRow * SMALL.width) / 2;
    threads.forEach((thread, i) => {
      const row = Math.floor(i / perRow);
      const x = left + (i % perRow) * SMALL.width;
      this.addWorker(thread, x, top + row * (SMALL.height + SMALL.gap), SMALL);
    });
    return top + Math.ceil(threads.length / perRow) * (SMALL.height + SMALL.gap);
  }

  private placeLocks(top: number): number {
    const { locks } = this.plan;
    if (locks.length === 0) return top;
    const pitch = LOCK.width + LOCK.gap;
    const perRow = Math.max(1, Math.floor((this.width - 2 * MARGIN + LOCK.gap) / pitch));
    const inRow = Math.min(perRow, locks.length);
    const left = (this.width - inRow * pitch + LOCK.gap) / 2;
    locks.forEach((primitive, i) => {
      const y = top + 0.8 + Math.floor(i / perRow) * (LOCK.height + 0.5);
      const { width, height } = LOCK;
      this.locks.push({ primitive, x: left + (i % perRow) * pitch, y, width, height });
    });
    return top + 0.8 + Math.ceil(locks.length / perRow) * (LOCK.height + 0.5);
  }

  /** Number of columns between a belt and a worker. */
  private distance(thread: number, belt: number): number {
    const column = this.columnOf.get(thread);
    const gap = this.beltGaps[belt];
    if (column === undefined) return Number.POSITIVE_INFINITY;
    return column <= gap ? gap - column : column - gap - 1;
  }

  private links(): LinkLine[] {
    const lines: LinkLine[] = [];
    this.belts.forEach((belt, index) => {
      const ends: [number[], Point, boolean][] = [
        [belt.slot.senders, belt.start, true],
        [belt.slot.receivers, belt.end, false],
      ];
      for (const [threads, end, sends] of ends) {
        const nearest = Math.min(...threads.map((it) => this.distance(it, index)));
        for (const thread of threads) {
          const worker = this.workerOf.get(thread);
          if (!worker) continue;
          const far = this.distance(thread, index) > Math.max(nearest, 1);
          const faint = far || this.crowded.has(thread);
          // Belts leave at their end in their direction.
          const outward = belt.slot.forward === sends ? -1 : 1;
          const path = this.link(belt, end, outward, this.beltBands[index], worker);
          lines.push({ belt: index, thread, sends, faint, path });
        }
      }
    });
    return lines;
  }

  /** From the end of a belt to a worker. */
  private link(
    belt: BeltBox,
    end: Point,
    outward: number,
    band: number,
    worker: WorkerBox,
  ): string {
    const { unit } = this;
    const reach = 2.3 * worker.figure;
    const toRight = worker.hands.x < end.x;
    const x = worker.hands.x + (toRight ? reach : -reach);
    const { y } = worker.hands;
    const at = (px: number, py: number) => `${round(px * unit)} ${round(py * unit)}`;
    const workerBand = this.bandOf.get(worker.thread) ?? band;
    if (workerBand !== band) {
      // Around, through the room between the bands.
      const channel = this.bandBottoms[Math.min(band, workerBand)] + BAND_GAP / 2;
      const near = end.x + outward * 1.2;
      const far = x + (toRight ? 1 : -1) * 1.2;
      return `M${at(end.x, end.y)} L${at(near, end.y)} L${at(near, channel)} L${at(far, channel)} L${at(far, y)} L${at(x, y)}`;
    }
    if ((x - end.x) * outward < 0) {
      // The worker is at the other end: below the belt, and up again.
      const low = belt.y + belt.height + 0.3;
      const turn = end.x + outward * 2.6;
      const near = worker.hands.x + (toRight ? reach * 1.6 : -reach * 1.6);
      return (
        `M${at(end.x, end.y)} C${at(turn, end.y)} ${at(turn, low)} ${at(end.x, low)} ` +
        `L${at(near, low)} Q${at(x, low)} ${at(x, y + worker.figure)}`
      );
    }
    const bend = Math.max(Math.abs(x - end.x) / 2, 1.5);
    const there = end.x + outward * bend;
    const here = x + (toRight ? bend : -bend);
    return `M${at(end.x, end.y)} C${at(there, end.y)} ${at(here, y)} ${at(x, y)}`;
  }
}

/** Where the message at `index` from the end of a belt stands: the middle of the parcel. */
export function placeOn(belt: BeltBox, index: number): Point {
  const inset = (belt.width - belt.places * belt.pitch) / 2;
  const fromEnd = inset + (index + 0.5) * belt.pitch;
  const x = belt.slot.forward ? belt.x + belt.width - fromEnd : belt.x + fromEnd;
  return { x, y: belt.surface - belt.parcel.height / 2 };
}

/** Number of places that a belt uses at some time. */
function wantedPlaces({ bound, maxDepth }: Slot): number {
  return Math.max(bound ?? maxDepth ?? 5, 1);
}

/** From the top of a belt to where messages enter and leave. */
function hub({ label, parcel, thickness }: BeltSize, bound: number | null): number {
  return bound === 0 ? parcel + thickness / 2 : label + parcel / 2;
}

function scaledPoint(point: Point, by: number): Point {
  return { x: point.x * by, y: point.y * by };
}

function scaledBox<T extends { x: number; y: number; width: number; height: number }>(
  box: T,
  by: number,
): T {
  const { x, y, width, height } = box;
  return { ...box, x: x * by, y: y * by, width: width * by, height: height * by };
}

function scaledWorker(box: WorkerBox, by: number): WorkerBox {
  return { ...scaledBox(box, by), hands: scaledPoint(box.hands, by) };
}

function scaledBelt(box: BeltBox, by: number): BeltBox {
  return {
    ...scaledBox(box, by),
    thickness: box.thickness * by,
    pitch: box.pitch * by,
    label: box.label * by,
    surface: box.surface * by,
    parcel: { width: box.parcel.width * by, height: box.parcel.height * by },
    start: scaledPoint(box.start, by),
    end: scaledPoint(box.end, by),
  };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

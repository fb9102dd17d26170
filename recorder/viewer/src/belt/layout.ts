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
  /** Small figures have their name at the right, large ones below. */
  small: boolean;
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
  compact: boolean;
  /** Number of parcels that can be seen on it. */
  places: number;
  /** Distance from place to place. */
  pitch: number;
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

/** All in units. */
const LARGE = { width: 10, height: 9.4, gap: 0.6, hands: 2.9 };
const SMALL = { width: 12.5, height: 3.9, gap: 0.5, hands: 1.9 };
const BELT = { height: 6.8, label: 1.6, parcel: 2.4, width: 3, maxWidth: 4.6 };
const COMPACT = { height: 5.5, label: 1.5, parcel: 1.9, width: 2.6, maxWidth: 4 };
const LOCK = { width: 12, height: 3.6, gap: 1 };
const MIN_GAP = 14;
const MAX_GAP = 34;
const EMPTY_GAP = 3;
const MARGIN = 1;
const BAND_GAP = 2.4;
/** More workers in a column than this are small, more belts compact. */
const MAX_LARGE_WORKERS = 4;
const MAX_LARGE_BELTS = 5;
/** Small workers in one column; more stand side by side. */
const MAX_SMALL_ROWS = 12;
/** Maximum number of parcels on all belts. */
const MAX_PARCELS = 200;
/** How much larger than the page's text it can be, to fill the room. */
const SCALES = [1.7, 1.55, 1.4, 1.25, 1.1, 1];

/** Fills `width` × `height` pixels, or becomes higher. `rem` is the size of the page's text. */
export function layout(plan: Plan, width: number, height: number, rem: number): Layout {
  for (const scale of SCALES) {
    const unit = rem * scale;
    const result = new Placement(plan, width / unit, unit).place();
    const fits = result.bands === 1 && result.layout.height <= height;
    if (fits || scale === 1) return result.layout;
  }
  throw new Error('unreachable');
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
  private readonly beltBands: number[] = [];
  private readonly bandBottoms: number[] = [];
  private readonly maxPlaces: number;

  constructor(
    private readonly plan: Plan,
    /** In units. */
    private readonly width: number,
    private readonly unit: number,
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

  private columnWidth(column: number): number {
    const count = this.plan.columns[column].length;
    if (count === 0) return 0;
    if (count <= MAX_LARGE_WORKERS) return LARGE.width;
    return SMALL.width * Math.ceil(count / MAX_SMALL_ROWS);
  }

  private gapWidth(gap: number): number {
    if (this.plan.gaps[gap].length > 0) return MIN_GAP;
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
    const extra = wide > 0 ? Math.min(spare / wide, MAX_GAP - MIN_GAP) : 0;
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
    const workers = this.plan.columns[column].length;
    const kind = workers <= MAX_LARGE_WORKERS ? LARGE : SMALL;
    const rows = kind === LARGE ? workers : Math.min(workers, MAX_SMALL_ROWS);
    const belts = this.plan.gaps[column].length;
    const belt = belts <= MAX_LARGE_BELTS ? BELT : COMPACT;
    return Math.max(rows * (kind.height + kind.gap) - kind.gap, belts * belt.height);
  }

  private placeColumn(column: number, band: number, x: number, top: number, height: number): void {
    const threads = this.plan.columns[column];
    const small = threads.length > MAX_LARGE_WORKERS;
    const kind = small ? SMALL : LARGE;
    const side = small ? Math.ceil(threads.length / MAX_SMALL_ROWS) : 1;
    const rows = Math.ceil(threads.length / side);
    // Spread out, but not far apart.
    const spare = Math.max(height - rows * kind.height, 0);
    const gap = rows > 1 ? Math.min(spare / (rows - 1), kind.gap * 3) : 0;
    const used = rows * kind.height + (rows - 1) * gap;
    threads.forEach((thread, i) => {
      const [row, sideways] = [Math.floor(i / side), i % side];
      const y = top + (height - used) / 2 + row * (kind.height + gap);
      this.addWorker(thread, x + sideways * SMALL.width, y, small);
      this.bandOf.set(thread, band);
    });
  }

  private addWorker(thread: number, x: number, y: number, small: boolean): void {
    const kind = small ? SMALL : LARGE;
    const hands = { x: x + (small ? SMALL.hands : LARGE.width / 2), y: y + kind.hands };
    const { width, height } = kind;
    const box = { thread, x, y, width, height, small, hands };
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
    const compact = slots.length > MAX_LARGE_BELTS;
    const kind = compact ? COMPACT : BELT;
    const meanY = (slot: Slot) => {
      const ys = [...slot.senders, ...slot.receivers].flatMap((thread) => {
        const box = this.workerOf.get(thread);
        return box && this.bandOf.get(thread) === band ? [box.hands.y] : [];
      });
      return ys.length > 0 ? sum(ys) / ys.length : top + height / 2;
    };
    const wanted = new Map(slots.map((slot) => [slot, meanY(slot)]));
    const order = [...slots].sort((a, b) => wanted.get(a)! - wanted.get(b)!);
    const spare = Math.max(height - order.length * kind.height, 0);
    const between = order.length > 1 ? Math.min(spare / (order.length - 1), 1.5) : 0;
    const used = order.length * kind.height + (order.length - 1) * between;
    const middle = sum([...wanted.values()]) / slots.length;
    // The surface of a single belt is level with the hands of its workers.
    const surface = kind.label + kind.parcel / 2;
    const ideal = order.length === 1 ? middle - surface : middle - used / 2;
    let y = Math.min(Math.max(ideal, top), top + height - used);
    for (const slot of order) {
      this.addBelt(slot, band, left, width, y, compact);
      y += kind.height + between;
    }
  }

  private addBelt(
    slot: Slot,
    band: number,
    left: number,
    room: number,
    y: number,
    compact: boolean,
  ): void {
    const kind = compact ? COMPACT : BELT;
    const lead = 1.6;
    const inner = room - 2 * lead - 1;
    const { bound } = slot;
    let places: number;
    let pitch: number = kind.width;
    if (bound === null) {
      places = Math.floor(inner / pitch);
    } else {
      const wanted = Math.max(bound, 1);
      places = Math.min(wanted, Math.floor(inner / pitch));
      pitch = Math.min(Math.max(inner / wanted, kind.width), kind.maxWidth);
    }
    places = Math.max(1, Math.min(places, this.maxPlaces));
    // Room for the label, and for the two hands of a rendezvous.
    const least = Math.min(inner + 1, 9);
    const width = Math.max(places * pitch + 1, least);
    const x = left + (room - width) / 2;
    const surface = y + kind.label + kind.parcel;
    const middle = surface - kind.parcel / 2;
    const [from, to] = slot.forward ? [x, x + width] : [x + width, x];
    this.beltBands.push(band);
    this.belts.push({
      slot,
      x,
      y,
      width,
      height: kind.height,
      compact,
      places,
      pitch,
      surface,
      parcel: { width: pitch - 0.4, height: kind.parcel - 0.2 },
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
      this.addWorker(thread, x, top + row * (SMALL.height + SMALL.gap), true);
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

  private links(): LinkLine[] {
    const lines: LinkLine[] = [];
    this.belts.forEach((belt, index) => {
      const ends: [number[], Point, boolean][] = [
        [belt.slot.senders, belt.start, true],
        [belt.slot.receivers, belt.end, false],
      ];
      for (const [threads, end, sends] of ends) {
        for (const thread of threads) {
          const worker = this.workerOf.get(thread);
          if (!worker) continue;
          // Belts leave at their end in their direction.
          const outward = belt.slot.forward === sends ? -1 : 1;
          const path = this.link(end, outward, this.beltBands[index], worker);
          lines.push({ belt: index, thread, sends, path });
        }
      }
    });
    return lines;
  }

  /** From the end of a belt to a worker. */
  private link(end: Point, outward: number, band: number, worker: WorkerBox): string {
    const { unit } = this;
    const reach = worker.small ? SMALL.hands : 2.4;
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
    pitch: box.pitch * by,
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

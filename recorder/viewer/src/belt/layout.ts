/** Where workers, belts and locks stand, in pixels. The same over the whole run. */

import {
  type BeltBox,
  type Layout,
  type LockBox,
  scaledBelt,
  scaledBox,
  scaledWorker,
  type WorkerBox,
} from './boxes';
import { linksOf, type Placed } from './links';
import type { Plan, Slot } from './plan';
import {
  BAND_GAP,
  BELT,
  type BeltSize,
  BIG_BELT,
  COMPACT,
  EMPTY_GAP,
  HUGE,
  LARGE,
  LEAD,
  LOCK,
  MARGIN,
  MAX_ARMS,
  MAX_EXTRA,
  MAX_LARGE_BELTS,
  MAX_LARGE_WORKERS,
  MAX_PARCELS,
  MAX_SMALL_WORKERS,
  MIN_GAP,
  MIN_PITCH,
  SMALL,
  TINY,
  type Trial,
  TRIALS,
  TRIALS_INSIDE,
  type WorkerSize,
} from './sizes';

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

/** How much wider than the page a picture can be laid out that is then made smaller. */
const STRETCHES = [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.65, 1.8];

/** Text of this size, in that of the page, is large enough: larger figures count for more. */
const LARGE_ENOUGH = 0.85;

/**
 * A picture that fits into `width` × `height` pixels as a whole. Its text is large enough if that is
 * possible; then its figures are as large as can be.
 */
export function layoutInside(plan: Plan, width: number, height: number, rem: number): Layout {
  let best: { layout: Layout; text: number } | undefined;
  for (const trial of TRIALS_INSIDE) {
    for (const stretch of STRETCHES) {
      const unit = rem * trial.scale;
      const placed = new Placement(plan, (width * stretch) / unit, unit, trial).place();
      const { layout, bands } = placed;
      const shrink = Math.min(width / layout.width, height / layout.height, 1);
      // A belt that goes on in the next row is hard to follow.
      const text = Math.min(unit * shrink, rem * LARGE_ENOUGH) / bands;
      if (!best || text > best.text) best = { layout, text };
    }
  }
  return best!.layout;
}

interface Band {
  first: number;
  last: number;
}

class Placement implements Placed {
  readonly belts: BeltBox[] = [];
  readonly workerOf = new Map<number, WorkerBox>();
  readonly beltBands: number[] = [];
  readonly beltGaps: number[] = [];
  readonly bandOf = new Map<number, number>();
  readonly columnOf = new Map<number, number>();
  readonly bandBottoms: number[] = [];
  readonly crowded = new Set<number>();
  private readonly workers: WorkerBox[] = [];
  private readonly locks: LockBox[] = [];
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
      links: linksOf(this, unit),
      locks: this.locks.map((it) => scaledBox(it, unit)),
    };
    return { layout, bands: Math.max(bands.length, 1) };
  }

  private workerSize(column: number): WorkerSize {
    const count = this.plan.columns[column].length;
    if (count > MAX_SMALL_WORKERS) return TINY;
    if (count > MAX_LARGE_WORKERS || this.trial.flat) return SMALL;
    return this.trial.big ? HUGE : LARGE;
  }

  private beltSize(gap: number): BeltSize {
    if (this.plan.gaps[gap].length > MAX_LARGE_BELTS || this.trial.flat) return COMPACT;
    return this.trial.big ? BIG_BELT : BELT;
  }

  /** Number of workers side by side in a column. */
  private side(column: number): number {
    const { height, gap } = this.workerSize(column);
    // Belts beside them can need the height anyway.
    const rows = Math.floor(this.beltsBeside(column) / (height + gap));
    return Math.ceil(this.plan.columns[column].length / Math.max(this.trial.rows, rows));
  }

  /** Height of the belts to the left and to the right of a column. */
  private beltsBeside(column: number): number {
    const gaps = [column - 1, column].filter((it) => it >= 0);
    return Math.max(...gaps.map((it) => this.plan.gaps[it].length * this.beltSize(it).height));
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
    // Few are spread out, but not far apart; many stand at their belts.
    const spare = Math.max(height - rows * size.height, 0) / rows;
    const gap = rows > MAX_LARGE_WORKERS ? spare : Math.min(spare, size.gap * 3);
    const first = top + (height - rows * (size.height + gap) + gap) / 2;
    threads.forEach((thread, i) => {
      const [row, sideways] = [Math.floor(i / side), i % side];
      const y = first + row * (size.height + gap);
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
    if (wanted * pitch > inner) pitch = Math.max(inner / wanted, Math.min(pitch, MIN_PITCH));
    else pitch = Math.max(pitch, Math.min(inner / few, size.maxPitch));
    const shrink = Math.min(1, 0.4 + (0.6 * pitch) / size.pitch);
    const most = Math.max(1, Math.min(Math.floor(inner / pitch + 1e-6), this.maxPlaces));
    const places = bound === null ? most : Math.min(wanted, most);
    // Room for the label. The arms of a rendezvous reach from worker to worker.
    const words = Math.max(10, slot.label.length * 0.66 + 5);
    const least = bound === 0 ? Math.min(room - 2.6, MAX_ARMS) : Math.min(inner + 1, words);
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
}

/** Number of places that a belt uses at some time. */
function wantedPlaces({ bound, maxDepth }: Slot): number {
  return Math.max(bound ?? maxDepth ?? 5, 1);
}

/** From the top of a belt to where messages enter and leave. */
function hub({ label, parcel, thickness }: BeltSize, bound: number | null): number {
  return bound === 0 ? parcel + thickness / 2 : label + parcel / 2;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

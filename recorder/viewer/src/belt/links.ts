/** The lines between workers and the ends of belts. */

import type { BeltBox, LinkLine, Point, WorkerBox } from './boxes';
import { BAND_GAP } from './sizes';

/** Workers and belts that have their places, in units. */
export interface Placed {
  belts: readonly BeltBox[];
  workerOf: ReadonlyMap<number, WorkerBox>;
  /** Of each belt: the row of columns that it stands in, and the column to its left. */
  beltBands: readonly number[];
  beltGaps: readonly number[];
  bandOf: ReadonlyMap<number, number>;
  columnOf: ReadonlyMap<number, number>;
  bandBottoms: readonly number[];
  /** Workers that stand side by side in their column. */
  crowded: ReadonlySet<number>;
}

/** Paths are in pixels, `unit` pixels for each unit. */
export function linksOf(placed: Placed, unit: number): LinkLine[] {
  const lines: LinkLine[] = [];
  placed.belts.forEach((belt, index) => {
    const ends: [number[], Point, boolean][] = [
      [belt.slot.senders, belt.start, true],
      [belt.slot.receivers, belt.end, false],
    ];
    for (const [threads, end, sends] of ends) {
      const nearest = Math.min(...threads.map((it) => distance(placed, it, index)));
      for (const thread of threads) {
        const worker = placed.workerOf.get(thread);
        if (!worker) continue;
        const isFar = distance(placed, thread, index) > Math.max(nearest, 1);
        const faint = isFar || placed.crowded.has(thread);
        // Belts leave at their end in their direction.
        const outward = belt.slot.forward === sends ? -1 : 1;
        const path = new Path(unit);
        draw(path, placed, index, end, outward, worker);
        lines.push({ belt: index, thread, sends, faint, path: path.text });
      }
    }
  });
  return lines;
}

/** Number of columns between a worker and a belt. */
function distance({ columnOf, beltGaps }: Placed, thread: number, belt: number): number {
  const column = columnOf.get(thread);
  if (column === undefined) return Number.POSITIVE_INFINITY;
  const gap = beltGaps[belt];
  return column <= gap ? gap - column : column - gap - 1;
}

/** Draws from the end of a belt to a worker. `outward`: away from the belt, 1 is to the right. */
function draw(
  path: Path,
  { belts, beltBands, bandOf, bandBottoms }: Placed,
  index: number,
  end: Point,
  outward: number,
  worker: WorkerBox,
): void {
  const { x: middle, y } = worker.hands;
  const reach = 2.3 * worker.figure;
  // The side of the worker that the line comes to.
  const side = middle < end.x ? 1 : -1;
  const x = middle + side * reach;
  const band = beltBands[index];
  const workerBand = bandOf.get(worker.thread) ?? band;
  path.move(end.x, end.y);
  if (workerBand !== band) {
    // Through the room between the bands.
    const between = bandBottoms[Math.min(band, workerBand)] + BAND_GAP / 2;
    const near = end.x + outward * 1.2;
    const far = x + side * 1.2;
    path.lines([near, end.y], [near, between], [far, between], [far, y], [x, y]);
  } else if ((x - end.x) * outward < 0) {
    // The worker is at the other end: below the belt, and up again.
    const low = belts[index].y + belts[index].height + 0.3;
    const turn = end.x + outward * 2.6;
    path.curve([turn, end.y], [turn, low], [end.x, low]);
    path.lines([middle + side * reach * 1.6, low]);
    path.bend([x, low], [x, y + worker.figure]);
  } else {
    const bend = Math.max(Math.abs(x - end.x) / 2, 1.5);
    path.curve([end.x + outward * bend, end.y], [x + side * bend, y], [x, y]);
  }
}

type Pair = readonly [x: number, y: number];

class Path {
  text = '';

  constructor(private readonly unit: number) {}

  move(x: number, y: number): void {
    this.add('M', [[x, y]]);
  }

  lines(...points: Pair[]): void {
    this.add('L', points);
  }

  curve(...points: [Pair, Pair, Pair]): void {
    this.add('C', points);
  }

  bend(...points: [Pair, Pair]): void {
    this.add('Q', points);
  }

  private add(command: string, points: readonly Pair[]): void {
    const numbers = points.flat().map((it) => Math.round(it * this.unit * 10) / 10);
    this.text += `${command}${numbers.join(' ')}`;
  }
}

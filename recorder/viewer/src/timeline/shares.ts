/** The states of one or several threads as shares of the time in each column of pixels. */

import { ACTIVITIES } from '../data/run';
import type { ThreadBins, Window } from '../data/window';
import { Columns } from './columns';
import type { Palette } from './palette';
import { type Scale, perNs, xOf } from './scene';

/**
 * Draws a stack of shares: running at the bottom, the waits above. The full height is that of `most`
 * threads.
 */
export function paintShares(
  scene: Scale & { readonly ctx: CanvasRenderingContext2D; readonly palette: Palette },
  window: Window,
  threads: readonly ThreadBins[],
  top: number,
  height: number,
  left: number,
  right: number,
  most = threads.length,
): void {
  if (threads.length === 0 || right <= left) return;
  const start = Math.max(left, xOf(scene, window.from));
  const end = Math.min(right, xOf(scene, window.to));
  if (end <= start) return;
  const columns = new Columns(scene.ctx, start, end, top, top + height);
  const sums = Array.from({ length: ACTIVITIES }, (_, activity) =>
    runningSum(window, threads, activity),
  );
  const nsOfColumn = (columns.x(1) - columns.x(0)) / perNs(scene);
  const rowsPerNs = columns.height / (nsOfColumn * most);
  const present = sums.flatMap((sum, activity) =>
    sum ? { sum, tile: scene.palette.activityTiles[activity] } : [],
  );
  const origin = (scene.from + columns.left / perNs(scene) - window.from) / window.binNs;
  const binsOfColumn = nsOfColumn / window.binNs;
  for (let column = 0; column < columns.width; column++) {
    const first = origin + column * binsOfColumn;
    let level = 0;
    let row = 0;
    for (const { sum, tile } of present) {
      const ns = sumUpTo(sum, first + binsOfColumn) - sumUpTo(sum, first);
      if (ns <= 0) continue;
      level += ns * rowsPerNs;
      // Something that occurs at all is seen, unless it is far below a pixel.
      const next = Math.max(Math.round(level), level - row > 0.1 ? row + 1 : row);
      columns.fill(column, row, next, tile);
      row = next;
    }
  }
  columns.draw();
}

/** For each bin the sum of all bins before it; `undefined` if the activity does not occur. */
function runningSum(
  window: Window,
  threads: readonly ThreadBins[],
  activity: number,
): Float64Array | undefined {
  let sum: Float64Array | undefined;
  for (const { ns } of threads) {
    const values = ns[activity];
    if (!values) continue;
    sum ??= new Float64Array(window.bins + 1);
    for (let bin = 0; bin < window.bins; bin++) sum[bin + 1] += values[bin];
  }
  if (sum) for (let bin = 1; bin <= window.bins; bin++) sum[bin] += sum[bin - 1];
  return sum;
}

/** The sum up to a place between two bins. */
function sumUpTo(sum: Float64Array, place: number): number {
  if (place <= 0) return 0;
  const bin = Math.floor(place);
  if (bin >= sum.length - 1) return sum[sum.length - 1];
  return sum[bin] + (place - bin) * (sum[bin + 1] - sum[bin]);
}

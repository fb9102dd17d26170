import type { Run } from '../data/run';
import type { Window } from '../data/window';
import type { Segment } from '../why/path';
import type { Detail } from './detail';
import type { Lanes } from './lanes';
import type { Palette } from './palette';

/** Everything that one picture of the lanes is drawn from. It does not change while it is drawn. */
export interface Scene {
  readonly ctx: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly run: Run;
  readonly lanes: Lanes;
  /** Times at the left and the right edge. */
  readonly from: number;
  readonly to: number;
  readonly width: number;
  /** The part of the width that is in view; the rest is for moves. Names stay inside of it. */
  readonly viewLeft: number;
  readonly viewRight: number;
  /** The visible part of the lanes, in px. */
  readonly top: number;
  readonly bottom: number;
  /** Sums of the whole run, for the parts that `window` does not cover. */
  readonly overview: Window | undefined;
  readonly window: Window | undefined;
  readonly detail: Detail | undefined;
  /** The end of the part of the run that is known. */
  readonly known: number;
  /** Whether the run is over and known as a whole. */
  readonly over: boolean;
  /** Greatest depth of each channel so far. */
  readonly greatest: ReadonlyMap<number, number>;
  /** The critical path, if it is shown. */
  readonly path: readonly Segment[] | undefined;
}

/** The parts of a scene that map times to px. */
export type Scale = Pick<Scene, 'from' | 'to' | 'width'>;

export function xOf(scene: Scale, time: number): number {
  return ((time - scene.from) / (scene.to - scene.from)) * scene.width;
}

/** Px per ns. */
export function perNs(scene: Scale): number {
  return scene.width / (scene.to - scene.from);
}

/** A part of the picture and the sums for it. */
export interface Part {
  readonly window: Window;
  readonly left: number;
  readonly right: number;
}

/** Splits the picture into the part that the window covers and the rest, for the overview. */
export function parts(scene: Scene): Part[] {
  const { window, overview, width } = scene;
  if (!window) return overview ? [{ window: overview, left: 0, right: width }] : [];
  const left = Math.min(Math.max(xOf(scene, window.from), 0), width);
  // After the end of the run there is nothing else to show.
  const isLast = window.to >= scene.known;
  const right = isLast ? width : Math.min(Math.max(xOf(scene, window.to), left), width);
  const all: Part[] = [{ window, left, right }];
  if (overview && left > 0) all.push({ window: overview, left: 0, right: left });
  if (overview && right < width) all.push({ window: overview, left: right, right: width });
  return all;
}

/** Limits drawing to a part of the picture while `draw` runs. */
export function clipped(scene: Scene, left: number, right: number, draw: () => void): void {
  const { ctx } = scene;
  if (right <= left) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, scene.top, right - left, scene.bottom - scene.top);
  ctx.clip();
  draw();
  ctx.restore();
}

/** What a layout consists of: workers, belts, locks and the lines between them. */

import type { Slot } from './plan';

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

export function scaledBox<T extends { x: number; y: number; width: number; height: number }>(
  box: T,
  by: number,
): T {
  const { x, y, width, height } = box;
  return { ...box, x: x * by, y: y * by, width: width * by, height: height * by };
}

export function scaledWorker(box: WorkerBox, by: number): WorkerBox {
  return { ...scaledBox(box, by), hands: scaledPoint(box.hands, by) };
}

export function scaledBelt(box: BeltBox, by: number): BeltBox {
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

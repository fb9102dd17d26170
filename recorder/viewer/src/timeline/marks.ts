import type { Kind } from '../data/run';
import type { Palette } from './palette';

export type Shape =
  | 'send'
  | 'receive'
  | 'refused'
  | 'timedOut'
  | 'spawn'
  | 'start'
  | 'end'
  | 'join'
  | 'lock'
  | 'unlock'
  | 'drop'
  | 'clone'
  | 'create'
  | 'panic'
  | 'log'
  | 'pause'
  | 'other';

/** Names of the shapes in the legend. */
export const SHAPE_NAMES: Partial<Record<Shape, string>> = {
  send: 'send',
  receive: 'receive',
  refused: 'nothing transferred',
  timedOut: 'timed out',
  spawn: 'spawn',
  start: 'start',
  end: 'end',
  join: 'join',
  lock: 'lock',
  unlock: 'unlock',
  drop: 'drop',
  clone: 'clone',
  create: 'new channel',
  panic: 'panic',
  log: 'log',
};

/** Which mark keeps its name if several are in one place; the greatest. */
export const RANK: Record<Shape, number> = {
  panic: 10,
  timedOut: 9,
  send: 8,
  receive: 8,
  refused: 7,
  spawn: 6,
  join: 6,
  lock: 5,
  start: 4,
  end: 4,
  log: 4,
  pause: 4,
  drop: 3,
  create: 3,
  clone: 2,
  unlock: 2,
  other: 1,
};

const FAILED = new Set(['full', 'empty', 'disconnected']);

export function shapeOf(kind: Kind): Shape {
  switch (kind.group) {
    case 'channelCreated':
      return 'create';
    case 'senderCloned':
    case 'receiverCloned':
      return 'clone';
    case 'senderDropped':
    case 'receiverDropped':
      return 'drop';
    case 'threadStarted':
      return 'start';
    case 'threadEnded':
      return kind.note?.includes('panic') ? 'panic' : 'end';
    case 'panicked':
      return 'panic';
    case 'log':
      return 'log';
    case 'paused':
    case 'resumed':
      return 'pause';
    default:
  }
  if (kind.ending === 'timedOut') return 'timedOut';
  if (kind.ending && FAILED.has(kind.ending)) return 'refused';
  if (kind.send) return 'send';
  if (kind.receive) return 'receive';
  const call = kind.call ?? kind.verb;
  if (/^(spawn|fork)/.test(call)) return 'spawn';
  if (/^join|^scope/.test(call)) return 'join';
  if (/unlock|release/.test(call)) return 'unlock';
  if (/lock|read|write|acquire/.test(call)) return 'lock';
  return 'other';
}

/** Draws a mark with its middle at `x`, `y` and a radius of `r`. */
export function drawMark(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  shape: Shape,
  x: number,
  y: number,
  r: number,
): void {
  ctx.lineWidth = Math.max(1.25, r / 4);
  ctx.strokeStyle = palette.text;
  ctx.fillStyle = FILLED.has(shape) ? palette.text : palette.ground;
  ctx.beginPath();
  OUTLINES[shape](ctx, x, y, r);
  if (shape === 'panic') {
    ctx.fillStyle = palette.error;
    ctx.strokeStyle = palette.ground;
    ctx.fill();
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x, y - r * 0.55);
    ctx.lineTo(x, y + r * 0.1);
    ctx.moveTo(x, y + r * 0.4);
    ctx.lineTo(x, y + r * 0.55);
    ctx.stroke();
    return;
  }
  if (STROKED.has(shape)) {
    // A cross or a plus needs a light edge to be seen on every bar.
    const width = ctx.lineWidth;
    ctx.strokeStyle = palette.ground;
    ctx.lineWidth = width + 2.5;
    ctx.stroke();
    ctx.strokeStyle = palette.text;
    ctx.lineWidth = width + 0.5;
    ctx.stroke();
    return;
  }
  ctx.fill();
  if (FILLED.has(shape)) {
    ctx.strokeStyle = palette.ground;
    ctx.lineWidth = 1;
  }
  ctx.stroke();
}

const FILLED = new Set<Shape>(['receive', 'start', 'end', 'lock', 'pause']);
const STROKED = new Set<Shape>(['drop', 'clone']);

type Outline = (ctx: CanvasRenderingContext2D, x: number, y: number, r: number) => void;

const circle: Outline = (ctx, x, y, r) => ctx.arc(x, y, r, 0, 2 * Math.PI);

const square: Outline = (ctx, x, y, r) => ctx.rect(x - r * 0.8, y - r * 0.8, r * 1.6, r * 1.6);

const diamond: Outline = (ctx, x, y, r) => polygon(ctx, [x, y - r, x + r, y, x, y + r, x - r, y]);

const OUTLINES: Record<Shape, Outline> = {
  send: (ctx, x, y, r) => polygon(ctx, [x - r * 0.8, y - r, x + r * 1.1, y, x - r * 0.8, y + r]),
  receive: circle,
  refused(ctx, x, y, r) {
    circle(ctx, x, y, r * 0.9);
    ctx.moveTo(x - r * 0.6, y + r * 0.6);
    ctx.lineTo(x + r * 0.6, y - r * 0.6);
  },
  timedOut(ctx, x, y, r) {
    // A clock.
    circle(ctx, x, y, r);
    ctx.moveTo(x, y - r * 0.65);
    ctx.lineTo(x, y);
    ctx.lineTo(x + r * 0.5, y + r * 0.3);
  },
  spawn: diamond,
  start: diamond,
  end: (ctx, x, y, r) => ctx.rect(x - r * 0.35, y - r * 1.2, r * 0.7, r * 2.4),
  join: (ctx, x, y, r) => ctx.rect(x - r * 0.45, y - r * 1.1, r * 0.9, r * 2.2),
  lock: square,
  unlock: square,
  drop(ctx, x, y, r) {
    ctx.moveTo(x - r * 0.8, y - r * 0.8);
    ctx.lineTo(x + r * 0.8, y + r * 0.8);
    ctx.moveTo(x + r * 0.8, y - r * 0.8);
    ctx.lineTo(x - r * 0.8, y + r * 0.8);
  },
  clone(ctx, x, y, r) {
    ctx.moveTo(x - r, y);
    ctx.lineTo(x + r, y);
    ctx.moveTo(x, y - r);
    ctx.lineTo(x, y + r);
  },
  create: circle,
  panic(ctx, x, y, r) {
    const points: number[] = [];
    for (let n = 0; n < 16; n++) {
      const size = n % 2 ? r * 1.15 : r * 1.6;
      points.push(x + size * Math.sin((n * Math.PI) / 8), y - size * Math.cos((n * Math.PI) / 8));
    }
    polygon(ctx, points);
  },
  log: (ctx, x, y, r) => polygon(ctx, [x - r * 0.7, y - r, x + r * 0.7, y - r, x, y + r * 0.4]),
  pause(ctx, x, y, r) {
    ctx.rect(x - r * 0.8, y - r, r * 0.5, r * 2);
    ctx.rect(x + r * 0.3, y - r, r * 0.5, r * 2);
  },
  other: (ctx, x, y, r) => circle(ctx, x, y, r * 0.6),
};

function polygon(ctx: CanvasRenderingContext2D, points: readonly number[]): void {
  ctx.moveTo(points[0], points[1]);
  for (let n = 2; n < points.length; n += 2) ctx.lineTo(points[n], points[n + 1]);
  ctx.closePath();
}

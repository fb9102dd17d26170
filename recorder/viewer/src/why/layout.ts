/**
 * Where the boxes, arrows and labels of a picture are, in rem. Nothing overlaps: boxes and labels
 * have fixed sizes, and each label has a place of its own.
 *
 * The spine is a ring in two columns, down on the left and up on the right. The other boxes are in
 * rows below it, those that wait for the spine first. Their arrows leave at the top, and reach what
 * is not right above them by a lane at the side.
 */

import type { Arrow, Picture } from './picture';

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PlacedArrow {
  arrow: Arrow;
  /** An SVG path. */
  path: string;
  /** Where its text is; without one it is only in the list. */
  label?: Area & { align: 'left' | 'center' | 'right' | 'over' | 'under' };
}

export interface Layout {
  width: number;
  height: number;
  boxes: Map<string, Area>;
  arrows: PlacedArrow[];
}

export const BOX = { width: 15, height: 5.9 } as const;
/** Between the columns of the ring. */
const GAP = 14;
/** At the right of a curve, over or under it, where it bends away. */
const CROSS_LABEL = { width: 10, height: 4.6 } as const;
const BESIDE_CURVE = 0.8;
/** Beside a level arrow, which can be seen in full. */
const LEVEL_LABEL = { width: 12.5, height: 4.6 } as const;
const SIDE_LABEL = { width: 7, height: 4.8 } as const;
/** From a box of the ring to the next one below. */
const PITCH = BOX.height + 6;
const MARGIN = 0.75;
/** Beside the boxes, for arrows that have to go around. */
const LANES = 2.5;
const COLUMNS = 3;
const COLUMN_GAP = 1.5;
const ROW_LABEL = 2.6;
/** Between a row and what is above it. */
const ROW_GAP = 2.2;

type Label = NonNullable<PlacedArrow['label']>;
type Point = readonly [x: number, y: number];

export function layOut(picture: Picture): Layout {
  const { spine, closed } = picture;
  const rest = picture.boxes.filter((box) => !spine.includes(box.key));
  const columns = Math.min(COLUMNS, rest.length);
  const spineWidth = spine.length > 1 ? 2 * BOX.width + GAP : BOX.width + (closed ? GAP : 0);
  const rowWidth = columns * BOX.width + Math.max(0, columns - 1) * COLUMN_GAP;
  const inner = Math.max(spineWidth, rowWidth);
  const left = MARGIN + (rest.length > 0 ? LANES : 0);
  const width = inner + 2 * left;

  const boxes = new Map<string, Area>();
  const bottom = placeSpine(spine, left + (inner - spineWidth) / 2, boxes);
  const rows = placeRows(picture, { x: left, width: inner }, bottom, columns, boxes);

  const arrows: PlacedArrow[] = [];
  const labelled = new Set<string>();
  const lanes = { left: 0, right: 0 };
  for (const arrow of picture.arrows) {
    const from = boxes.get(arrow.from);
    const to = boxes.get(arrow.to);
    if (!from || !to) continue;
    const at = spine.indexOf(arrow.from);
    const next = spine.indexOf(arrow.to);
    if (at >= 0 && next >= 0) {
      const isNext = next === at + 1 || (closed && at === spine.length - 1 && next === 0);
      arrows.push(isNext ? spineArrow(arrow, from, to, spine.length) : chord(arrow, from, to));
      continue;
    }
    const lower = from.y > to.y || (from.y === to.y && at < 0) ? arrow.from : arrow.to;
    const area = boxes.get(lower) as Area;
    const upper = lower === arrow.from ? to : from;
    const label: Label | undefined = labelled.has(lower)
      ? undefined
      : { x: area.x, y: area.y - ROW_LABEL, width: area.width, height: ROW_LABEL - 0.5, align: 'center' };
    labelled.add(lower);
    const points = route(area, upper, rows, width, lanes);
    if (lower === arrow.to) points.reverse();
    arrows.push({ arrow, path: rounded(points), label });
  }
  return { width, height: rows.bottom + MARGIN, boxes, arrows };
}

/** Places the ring; returns its lower end. */
function placeSpine(spine: readonly string[], x: number, boxes: Map<string, Area>): number {
  const downwards = Math.ceil(spine.length / 2);
  const upwards = spine.length - downwards;
  // Labels of level arrows are beside the boxes, and a little higher or lower.
  const isLevel = spine.length > 1 && spine.length % 2 === 0;
  const overhang = isLevel ? LEVEL_LABEL.height - BOX.height / 2 + 1.2 : 0;
  const top = MARGIN + overhang;
  const centred = ((downwards - upwards) * PITCH) / 2;
  spine.forEach((key, i) => {
    const isLeft = i < downwards;
    const row = isLeft ? i : spine.length - 1 - i;
    boxes.set(key, {
      ...BOX,
      x: isLeft ? x : x + BOX.width + GAP,
      y: top + row * PITCH + (isLeft ? 0 : centred),
    });
  });
  return top + (downwards - 1) * PITCH + BOX.height + overhang;
}

interface Rows {
  /** By box: the number of its row. */
  rowOf: Map<Area, number>;
  bottom: number;
}

/** Places the boxes that are not in the spine, the nearest first. */
function placeRows(
  picture: Picture,
  { x, width }: Pick<Area, 'x' | 'width'>,
  top: number,
  columns: number,
  boxes: Map<string, Area>,
): Rows {
  const rows: Rows = { rowOf: new Map(), bottom: top };
  const placed = new Set(picture.spine);
  let left = picture.boxes.filter((box) => !placed.has(box.key));
  for (let row = 0; left.length > 0; ) {
    const isNear = (key: string) =>
      picture.arrows.some(
        ({ from, to }) => (from === key && placed.has(to)) || (to === key && placed.has(from)),
      );
    const near = left.filter((box) => isNear(box.key));
    const layer = near.length > 0 ? near : left;
    left = left.filter((box) => !layer.includes(box));
    const wished = new Map(layer.map((box) => [box.key, wishedX(box.key, picture, boxes)]));
    layer.sort((a, b) => (wished.get(a.key) ?? 0) - (wished.get(b.key) ?? 0));
    for (let i = 0; i < layer.length; i += columns, row += 1) {
      rows.bottom += ROW_GAP + ROW_LABEL;
      const inRow = layer.slice(i, i + columns);
      const xs = spread(inRow.map((box) => wished.get(box.key) ?? x), x, width);
      inRow.forEach((box, column) => {
        const area = { ...BOX, x: xs[column] ?? x, y: rows.bottom };
        boxes.set(box.key, area);
        rows.rowOf.set(area, row);
      });
      rows.bottom += BOX.height;
    }
    for (const box of layer) placed.add(box.key);
  }
  return rows;
}

/** Where a box would be right below those that it has arrows with. */
function wishedX(key: string, picture: Picture, boxes: ReadonlyMap<string, Area>): number {
  const others = picture.arrows.flatMap(({ from, to }) => {
    const other = from === key ? boxes.get(to) : to === key ? boxes.get(from) : undefined;
    return other ? [other.x] : [];
  });
  return others.length > 0 ? others.reduce((sum, x) => sum + x, 0) / others.length : 0;
}

/** Moves boxes of a row apart, between `left` and `left + width`. */
function spread(wished: readonly number[], left: number, width: number): number[] {
  const step = BOX.width + COLUMN_GAP;
  const xs: number[] = [];
  wished.forEach((wish, i) => xs.push(Math.max(wish, left, i > 0 ? (xs[i - 1] ?? 0) + step : left)));
  let limit = left + width - BOX.width;
  for (let i = xs.length - 1; i >= 0; i -= 1, limit -= step) xs[i] = Math.min(xs[i] ?? 0, limit);
  return xs;
}

/** An arrow from a box of the spine to the next one. */
function spineArrow(arrow: Arrow, from: Area, to: Area, length: number): PlacedArrow {
  if (from === to) {
    const [x, y] = [from.x + from.width, middle(from)];
    const path = `M ${x} ${y - 1.6} C ${x + 4.5} ${y - 3.4}, ${x + 4.5} ${y + 3.4}, ${x} ${y + 1.6}`;
    return { arrow, path, label: { ...CROSS_LABEL, x: x + 4, y: y - CROSS_LABEL.height / 2, align: 'left' } };
  }
  if (from.x === to.x) {
    const isDown = to.y > from.y;
    const [start, end] = isDown ? [from.y + from.height, to.y] : [from.y, to.y + to.height];
    const x = centre(from);
    const y = (start + end) / 2 - SIDE_LABEL.height / 2;
    const label: Label = isDown
      ? { ...SIDE_LABEL, x: x - 0.5 - SIDE_LABEL.width, y, align: 'right' }
      : { ...SIDE_LABEL, x: x + 0.5, y, align: 'left' };
    return { arrow, path: `M ${x} ${start} L ${x} ${end}`, label };
  }
  const isRight = to.x > from.x;
  const start = isRight ? from.x + from.width : from.x;
  const end = isRight ? to.x : to.x + to.width;
  const isPair = length === 2;
  const isLevel = from.y === to.y;
  // Two arrows at the same side of a box go beside each other.
  const shift = isPair ? (isRight ? -0.9 : 0.9) : isLevel ? 0 : isRight ? 0.9 : -0.9;
  const y1 = middle(from) + (isPair || !isRight ? shift : 0);
  const y2 = middle(to) + (isPair || isRight ? shift : 0);
  const half = (end - start) / 2;
  const x = start + half;
  if (!isLevel) {
    const path = `M ${start} ${y1} C ${x} ${y1}, ${x} ${y2}, ${end} ${y2}`;
    const y = (y1 + y2) / 2 - (isRight ? 0 : CROSS_LABEL.height);
    const align = isRight ? 'under' : 'over';
    return { arrow, path, label: { ...CROSS_LABEL, x: x + BESIDE_CURVE, y, align } };
  }
  const isBelow = isPair ? !isRight : isRight;
  const y = isBelow ? Math.max(y1, y2) + 0.3 : Math.min(y1, y2) - LEVEL_LABEL.height - 0.3;
  const label: Label = { ...LEVEL_LABEL, x: x - LEVEL_LABEL.width / 2, y, align: 'center' };
  return { arrow, path: `M ${start} ${y1} L ${end} ${y2}`, label };
}

/** An arrow across the ring. */
function chord(arrow: Arrow, from: Area, to: Area): PlacedArrow {
  if (from === to) return { arrow, path: spineArrow(arrow, from, to, 1).path };
  const isLeft = (area: Area) => area.x < Math.max(from.x, to.x) || from.x === to.x;
  const inwards = (area: Area): Point =>
    isLeft(area) ? [area.x + area.width, middle(area) + 1.8] : [area.x, middle(area) + 1.8];
  const [[x1, y1], [x2, y2]] = [inwards(from), inwards(to)];
  const bend = from.x === to.x ? GAP / 2 : 0;
  const x = (x1 + x2) / 2 + bend;
  return { arrow, path: `M ${x1} ${y1} C ${x} ${y1}, ${x} ${y2}, ${x2} ${y2}` };
}

/** The way from the top of a box in a row to one that is further up. */
function route(
  from: Area,
  to: Area,
  rows: Rows,
  width: number,
  lanes: { left: number; right: number },
): Point[] {
  const above = from.y - ROW_LABEL - ROW_GAP / 2;
  const start: Point = [centre(from), from.y];
  const row = rows.rowOf.get(from) ?? 0;
  const isAdjacent = rows.rowOf.has(to) ? rows.rowOf.get(to) === row - 1 : row === 0;
  const bottom = to.y + to.height;
  if (isAdjacent && (rows.rowOf.has(to) || above - bottom < PITCH / 2 + ROW_GAP + ROW_LABEL)) {
    return [start, [centre(from), above], [centre(to), above], [centre(to), bottom]];
  }
  const isLeft = centre(to) <= width / 2;
  const isInRow = rows.rowOf.has(to);
  const lane = isLeft ? lanes.left++ : lanes.right++;
  const inset = MARGIN + LANES - 0.8 - (lane % 4) * 0.5;
  const x = isLeft ? inset : width - inset;
  if (isInRow) {
    const below = bottom + ROW_GAP / 2;
    return [start, [centre(from), above], [x, above], [x, below], [centre(to), below], [centre(to), bottom]];
  }
  const side = isLeft ? to.x : to.x + to.width;
  const y = middle(to) + ((lane % 4) - 1) * 0.5;
  return [start, [centre(from), above], [x, above], [x, y], [side, y]];
}

/** A path with right angles and rounded corners. */
function rounded(points: readonly Point[]): string {
  const RADIUS = 0.6;
  const parts: string[] = [];
  points.forEach((point, i) => {
    const before = points[i - 1];
    const after = points[i + 1];
    if (!before) parts.push(`M ${point[0]} ${point[1]}`);
    else if (!after) parts.push(`L ${point[0]} ${point[1]}`);
    else {
      const [x1, y1] = towards(point, before, RADIUS);
      const [x2, y2] = towards(point, after, RADIUS);
      parts.push(`L ${x1} ${y1} Q ${point[0]} ${point[1]} ${x2} ${y2}`);
    }
  });
  return parts.join(' ');
}

function towards([x, y]: Point, [toX, toY]: Point, distance: number): Point {
  const length = Math.hypot(toX - x, toY - y);
  const share = length === 0 ? 0 : Math.min(distance, length / 2) / length;
  return [x + (toX - x) * share, y + (toY - y) * share];
}

function centre(area: Area): number {
  return area.x + area.width / 2;
}

function middle(area: Area): number {
  return area.y + area.height / 2;
}

/** Text on the canvas: what fits, without measuring anything twice. */

const MAX_MEASURED = 5_000;
const widths = new Map<string, Map<string, number>>();

export function textWidth(ctx: CanvasRenderingContext2D, text: string): number {
  let known = widths.get(ctx.font);
  if (!known) {
    known = new Map();
    widths.set(ctx.font, known);
  }
  let width = known.get(text);
  if (width === undefined) {
    if (known.size > MAX_MEASURED) known.clear();
    width = ctx.measureText(text).width;
    known.set(text, width);
  }
  return width;
}

/** The first of `candidates` that fits. */
export function fitting(
  ctx: CanvasRenderingContext2D,
  candidates: readonly string[],
  room: number,
): string | undefined {
  return candidates.find((text) => text && textWidth(ctx, text) <= room);
}

/** Draws text on a patch of `ground`, so that lines below it do not disturb it. */
export function textOn(
  ctx: CanvasRenderingContext2D,
  text: string,
  x: number,
  baseline: number,
  size: number,
  colour: string,
  ground: string | CanvasPattern,
): void {
  ctx.globalAlpha = 0.82;
  ctx.fillStyle = ground;
  ctx.fillRect(x - 2, baseline - size * 0.9, textWidth(ctx, text) + 4, size * 1.2);
  ctx.globalAlpha = 1;
  ctx.fillStyle = colour;
  ctx.fillText(text, x, baseline);
}

/** Shortens a value for a label. */
export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

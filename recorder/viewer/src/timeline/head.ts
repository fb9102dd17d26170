/** The fixed rows above the lanes: the whole run, the axis of time, the findings. */

import type { Finding } from '../data/run';
import type { Camera } from './camera';
import type { Palette } from './palette';
import { type Ticks, ticks } from './ticks';
import { shortened, textWidth } from './texts';

interface Row {
  readonly top: number;
  readonly height: number;
}

export interface Head {
  readonly overview: Row;
  readonly axis: Row;
  readonly flags: Row;
  readonly height: number;
}

export function headRows(em: number, hasFindings: boolean): Head {
  const overview = { top: 2, height: Math.round(2.6 * em) };
  const axis = { top: overview.top + overview.height + 2, height: Math.round(1.9 * em) };
  const flags = { top: axis.top + axis.height, height: hasFindings ? Math.round(1.9 * em) : 0 };
  return { overview, axis, flags, height: flags.top + flags.height };
}

/** Draws the frame around the part of the run that is visible; the rest becomes pale. */
export function drawWindowFrame(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  row: Row,
  left: number,
  right: number,
  width: number,
): void {
  ctx.fillStyle = palette.ground;
  ctx.globalAlpha = 0.62;
  ctx.fillRect(0, row.top, left, row.height);
  ctx.fillRect(right, row.top, width - right, row.height);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = palette.accent;
  ctx.lineWidth = 2;
  ctx.strokeRect(left + 1, row.top + 1, Math.max(right - left - 2, 1), row.height - 2);
  ctx.fillStyle = palette.accent;
  for (const x of [left, right])
    ctx.fillRect(x - 2.5, row.top + row.height * 0.25, 5, row.height * 0.5);
}

/** How many labels fit on an axis. */
export function labelCount(palette: Palette, width: number): number {
  return width / (palette.small * 8);
}

/** Draws the axis. Returns its ticks. */
export function drawAxis(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  row: Row,
  camera: Camera,
  width: number,
  avoid: readonly { left: number; right: number }[] = [],
): Ticks {
  const found = ticks(camera.from, camera.to, labelCount(palette, width));
  const x = (time: number) => Math.round(((time - camera.from) / camera.span) * width) + 0.5;
  const base = row.top + row.height;
  ctx.fillStyle = palette.panel;
  ctx.fillRect(0, row.top, width, row.height);
  ctx.strokeStyle = palette.lineStrong;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const time of found.minor) {
    ctx.moveTo(x(time), base - 4);
    ctx.lineTo(x(time), base);
  }
  for (const { time } of found.major) {
    ctx.moveTo(x(time), base - 9);
    ctx.lineTo(x(time), base);
  }
  ctx.stroke();
  ctx.font = palette.smallFont;
  ctx.fillStyle = palette.muted;
  const baseline = row.top + palette.small * 1.15;
  for (const { time, label } of found.major) {
    const at = x(time) + 4;
    const end = at + textWidth(ctx, label);
    if (end > width || avoid.some(({ left, right }) => at < right && end > left)) continue;
    ctx.fillText(label, at, baseline);
  }
  return found;
}

export interface Flag {
  readonly finding: number;
  readonly left: number;
  readonly right: number;
}

/** Draws a flag for each finding at its start. Returns where they are; the worst are kept apart. */
export function drawFlags(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  row: Row,
  findings: readonly Finding[],
  camera: Camera,
  width: number,
  selected: number | undefined,
): Flag[] {
  if (row.height === 0) return [];
  ctx.fillStyle = palette.ground;
  ctx.fillRect(0, row.top, width, row.height);
  ctx.font = palette.boldFont;
  const x = (time: number) => ((time - camera.from) / camera.span) * width;
  const flags: Flag[] = [];
  const height = row.height - 6;
  findings.forEach((finding, index) => {
    const begin = x(finding.from);
    const end = Math.max(x(finding.to), begin);
    if (end < 0 || begin > width) return;
    const colour = severityColour(palette, finding);
    // The time that the finding is about, as a line below the flags.
    const [from, to] = [Math.max(begin, 0), Math.min(end, width)];
    ctx.fillStyle = colour;
    ctx.fillRect(
      to - from < 8 ? from - 4 : from,
      row.top + row.height - 3,
      Math.max(to - from, 8),
      3,
    );
    const name = finding.code.replaceAll(/[_-]/g, ' ');
    const texts = [shortened(finding.what, 80), shortened(finding.what, 40), '']
      .slice(findings.length > 1 ? 1 : 0)
      .map((what) => (what ? `${name}: ${what}` : name));
    for (const text of [...texts, '!']) {
      const wide = textWidth(ctx, text) + 14;
      if (text !== '!' && wide > width * 0.6) continue;
      const wanted = Math.min(Math.max(begin, 0), width - wide);
      const isLong = text !== '!' && text !== name;
      const left = freePlace(flags, wanted, wide, isLong ? 0 : width / 2);
      if (left === undefined || left + wide > width) continue;
      flags.push({ finding: index, left, right: left + wide });
      drawFlag(ctx, palette, left, row.top + 1, wide, height, colour, text, index === selected);
      return;
    }
  });
  return flags;
}

/** The first place at `wanted` or at most `shift` px to the right of it that covers no other flag. */
function freePlace(
  flags: readonly Flag[],
  wanted: number,
  wide: number,
  shift: number,
): number | undefined {
  let left = wanted;
  for (;;) {
    const other = flags.find((flag) => left < flag.right + 3 && left + wide > flag.left - 3);
    if (!other) return left;
    left = other.right + 4;
    if (left > wanted + shift) return undefined;
  }
}

function drawFlag(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  left: number,
  top: number,
  width: number,
  height: number,
  colour: string,
  text: string,
  selected: boolean,
): void {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(left, top);
  ctx.lineTo(left + width - 5, top);
  ctx.lineTo(left + width, top + height / 2);
  ctx.lineTo(left + width - 5, top + height);
  ctx.lineTo(left, top + height);
  ctx.closePath();
  ctx.fill();
  if (selected) {
    ctx.strokeStyle = palette.text;
    ctx.lineWidth = 2;
    ctx.stroke();
  }
  ctx.fillStyle = palette.ground;
  ctx.fillText(text, left + 5, top + height / 2 + palette.small * 0.36);
}

export function severityColour(palette: Palette, { severity }: Pick<Finding, 'severity'>): string {
  return severity === 'error'
    ? palette.error
    : severity === 'warning'
      ? palette.warning
      : palette.note;
}

import { ACTIVITY_VARIABLES } from '../data/run';
import { type Tile, plainTile, tileOf } from './columns';

type Pattern = 'plain' | 'up' | 'down' | 'cross' | 'dots' | 'lines' | 'bars';

/** Patterns of the activities in black and white: lightness alone cannot separate them. */
const PATTERNS: readonly Pattern[] = [
  'plain',
  'up',
  'down',
  'cross',
  'dots',
  'dots',
  'dots',
  'lines',
  'lines',
  'bars',
  'plain',
  'plain',
  'cross',
];
const LIGHTNESS: readonly number[] = [95, 205, 235, 215, 200, 215, 230, 225, 240, 215, 252, 170, 190];

/** Colours and fonts of the page, read once for each look. */
export interface Palette {
  readonly em: number;
  readonly small: number;
  readonly font: string;
  readonly smallFont: string;
  readonly boldFont: string;
  readonly ground: string;
  readonly panel: string;
  readonly raised: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly selected: string;
  readonly selectedLine: string;
  readonly arrow: string;
  readonly depth: string;
  readonly bound: string;
  readonly error: string;
  readonly warning: string;
  readonly note: string;
  readonly onActivity: string;
  readonly onRunning: string;
  readonly blackWhite: boolean;
  /** By activity: what a canvas fills with, and the same as pixels. */
  readonly activities: readonly (string | CanvasPattern)[];
  readonly activityTiles: readonly Tile[];
  readonly depthTile: Tile;
  /** For depths that the queue has in a part of the time only. */
  readonly paleDepthTile: Tile;
  readonly heldTile: Tile;
}

interface Fill {
  readonly style: string | CanvasPattern;
  readonly tile: Tile;
}

export function readPalette(root: HTMLElement, ctx: CanvasRenderingContext2D): Palette {
  const style = getComputedStyle(root);
  const colour = (name: string) => style.getPropertyValue(name).trim() || '#808080';
  const blackWhite = document.documentElement.dataset.ink === 'bw';
  const em = parseFloat(getComputedStyle(document.documentElement).fontSize) || 14;
  const family = style.fontFamily || 'sans-serif';
  // Projected text must not be smaller than 18 px.
  const projector = document.documentElement.hasAttribute('data-projector');
  const small = projector ? Math.max(18, em * 0.9) : Math.round(em * 0.86);
  const ground = colour('--ground');
  const text = colour('--text');
  const fills = ACTIVITY_VARIABLES.map((name, activity): Fill => {
    if (blackWhite) return pattern(ctx, PATTERNS[activity], LIGHTNESS[activity], em);
    if (name === '--paused') return drawn(ctx, 'up', colour(name), ground, em);
    return plain(colour(name));
  });
  return {
    em,
    small,
    font: `${em}px ${family}`,
    smallFont: `${small}px ${family}`,
    boldFont: `600 ${small}px ${family}`,
    ground,
    panel: colour('--panel'),
    raised: colour('--raised'),
    line: colour('--line'),
    lineStrong: colour('--line-strong'),
    text,
    muted: colour('--muted'),
    accent: colour('--accent'),
    accentSoft: colour('--accent-soft'),
    selected: colour('--selected'),
    selectedLine: colour('--selected-line'),
    arrow: colour('--arrow'),
    depth: colour('--depth'),
    bound: colour('--bound'),
    error: colour('--error'),
    warning: colour('--warning'),
    note: colour('--note'),
    onActivity: colour('--on-activity'),
    onRunning: blackWhite ? '#ffffff' : colour('--on-activity'),
    blackWhite,
    activities: fills.map(({ style }) => style),
    activityTiles: fills.map(({ tile }) => tile),
    depthTile: plainTile(colour('--depth'), 0.7),
    paleDepthTile: plainTile(colour('--depth'), 0.4),
    heldTile: plainTile(colour('--muted'), 0.7),
  };
}

function plain(colour: string): Fill {
  return { style: colour, tile: plainTile(colour) };
}

function pattern(ctx: CanvasRenderingContext2D, name: Pattern, light: number, em: number): Fill {
  const paper = `rgb(${light} ${light} ${light})`;
  return name === 'plain' ? plain(paper) : drawn(ctx, name, '#4a4a4a', paper, em);
}

function drawn(
  ctx: CanvasRenderingContext2D,
  name: Pattern,
  ink: string,
  paper: string,
  em: number,
): Fill {
  const size = Math.round(em * 0.6);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  const on = canvas.getContext('2d', { willReadFrequently: true });
  if (!on) return plain(paper);
  on.fillStyle = paper;
  on.fillRect(0, 0, size, size);
  on.strokeStyle = on.fillStyle = ink;
  on.lineWidth = 1;
  on.beginPath();
  if (name === 'up' || name === 'cross') diagonal(on, size, 1);
  if (name === 'down' || name === 'cross') diagonal(on, size, -1);
  if (name === 'lines') {
    on.moveTo(0, size / 2);
    on.lineTo(size, size / 2);
  }
  if (name === 'bars') {
    on.moveTo(size / 2, 0);
    on.lineTo(size / 2, size);
  }
  on.stroke();
  if (name === 'dots') on.fillRect(size / 2 - 1, size / 2 - 1, 2, 2);
  return { style: ctx.createPattern(canvas, 'repeat') ?? paper, tile: tileOf(on, size) };
}

/** Three pieces of a diagonal, so that the tiles join without a gap. */
function diagonal(on: CanvasRenderingContext2D, size: number, direction: number) {
  for (const shift of [-size, 0, size]) {
    on.moveTo(shift - 1, direction > 0 ? size + 1 : -1);
    on.lineTo(shift + size + 1, direction > 0 ? -1 : size + 1);
  }
}

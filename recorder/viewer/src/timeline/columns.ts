/**
 * Bars that change in each column of pixels. Tens of thousands of small rectangles would take the
 * canvas too long, so the pixels are written here and drawn as one image.
 */

/** A colour or a pattern: `size` × `size` pixels that repeat. */
export interface Tile {
  readonly size: number;
  readonly pixels: Uint32Array;
}

const canvas = document.createElement('canvas');
const scratch = canvas.getContext('2d', { willReadFrequently: true });
/** Used by one `Columns` after the other. */
let image = new ImageData(1, 1);
let pixels = new Uint32Array(image.data.buffer);

function reserve(width: number, height: number): void {
  if (image.width < width || image.height < height) {
    image = new ImageData(Math.max(image.width, width), Math.max(image.height, height));
    pixels = new Uint32Array(image.data.buffer);
    canvas.width = image.width;
    canvas.height = image.height;
  }
  pixels.fill(0, 0, image.width * height);
}

export class Columns {
  /** Number of columns and of rows, in pixels of the screen. */
  readonly width: number;
  readonly height: number;
  /** Left edge in px of the page. */
  readonly left: number;
  private readonly ratio: number;

  constructor(
    private readonly ctx: CanvasRenderingContext2D,
    left: number,
    right: number,
    private readonly top: number,
    bottom: number,
  ) {
    this.ratio = ctx.getTransform().a;
    const first = Math.floor(left * this.ratio);
    this.left = first / this.ratio;
    this.width = Math.max(Math.ceil(right * this.ratio) - first, 1);
    this.height = Math.max(Math.round((bottom - top) * this.ratio), 1);
    reserve(this.width, this.height);
  }

  /** The x of the left edge of a column, in px of the page. */
  x(column: number): number {
    return this.left + column / this.ratio;
  }

  /** Fills rows `from` to `to` (exclusive) of a column; row 0 is at the bottom. */
  fill(column: number, from: number, to: number, tile: Tile): void {
    const { height } = this;
    const { size } = tile;
    const stride = image.width;
    const first = Math.max(height - to, 0);
    const last = Math.min(height - from, height);
    let at = first * stride + column;
    if (size === 1) {
      const [pixel] = tile.pixels;
      for (let row = first; row < last; row++, at += stride) pixels[at] = pixel;
      return;
    }
    const shift = column % size;
    for (let row = first; row < last; row++, at += stride) {
      pixels[at] = tile.pixels[(row % size) * size + shift];
    }
  }

  draw(): void {
    if (!scratch) return;
    const { width, height, ratio, ctx } = this;
    scratch.putImageData(image, 0, 0, 0, 0, width, height);
    ctx.drawImage(canvas, 0, 0, width, height, this.left, this.top, width / ratio, height / ratio);
  }
}

/** A plain colour as a tile. `alpha` is from 0 to 1. */
export function plainTile(colour: string, alpha = 1): Tile {
  return { size: 1, pixels: Uint32Array.of(pixelOf(colour, alpha)) };
}

/** The pixels of a drawn pattern. */
export function tileOf(pattern: CanvasRenderingContext2D, size: number): Tile {
  const { data } = pattern.getImageData(0, 0, size, size);
  return { size, pixels: new Uint32Array(data.buffer.slice(0)) };
}

function pixelOf(colour: string, alpha: number): number {
  if (!scratch) return 0;
  scratch.clearRect(0, 0, 1, 1);
  scratch.fillStyle = colour;
  scratch.fillRect(0, 0, 1, 1);
  const { data } = scratch.getImageData(0, 0, 1, 1);
  data[3] = Math.round(data[3] * alpha);
  return new Uint32Array(data.buffer)[0];
}

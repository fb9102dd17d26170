/**
 * Bars that change in each column of pixels. Tens of thousands of small rectangles would take the
 * canvas too long, so the pixels are written here and drawn as one image.
 */

/** A colour or a pattern: `size` × `size` pixels that repeat. */
export interface Tile {
  readonly size: number;
  readonly pixels: Uint32Array;
}

/** The image in which one `Columns` after the other is drawn. */
class Scratch {
  readonly canvas = document.createElement('canvas');
  readonly ctx = this.canvas.getContext('2d', { willReadFrequently: true });
  image = new ImageData(1, 1);
  pixels = new Uint32Array(this.image.data.buffer);

  /** Makes room, and clears it. */
  reserve(width: number, height: number): void {
    const { image } = this;
    if (image.width < width || image.height < height) {
      this.image = new ImageData(Math.max(image.width, width), Math.max(image.height, height));
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.canvas.width = this.image.width;
      this.canvas.height = this.image.height;
    }
    this.pixels.fill(0, 0, this.image.width * height);
  }
}

let shared: Scratch | undefined;

function scratch(): Scratch {
  shared ??= new Scratch();
  return shared;
}

export class Columns {
  /** Number of columns and of rows, in pixels of the screen. */
  readonly width: number;
  readonly height: number;
  /** Left edge in px of the page. */
  readonly left: number;
  private readonly ratio: number;
  private readonly scratch = scratch();

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
    this.scratch.reserve(this.width, this.height);
  }

  /** The x of the left edge of a column, in px of the page. */
  x(column: number): number {
    return this.left + column / this.ratio;
  }

  /** Fills rows `from` to `to` (exclusive) of a column; row 0 is at the bottom. */
  fill(column: number, from: number, to: number, tile: Tile): void {
    const { height } = this;
    const { size } = tile;
    const { pixels, image } = this.scratch;
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
    const { width, height, ratio, ctx } = this;
    const { canvas, image } = this.scratch;
    this.scratch.ctx?.putImageData(image, 0, 0, 0, 0, width, height);
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
  const { ctx } = scratch();
  if (!ctx) return 0;
  ctx.clearRect(0, 0, 1, 1);
  ctx.fillStyle = colour;
  ctx.fillRect(0, 0, 1, 1);
  const { data } = ctx.getImageData(0, 0, 1, 1);
  data[3] = Math.round(data[3] * alpha);
  return new Uint32Array(data.buffer)[0];
}

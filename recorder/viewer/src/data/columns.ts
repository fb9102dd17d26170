/** Columns of varints (unsigned LEB128), each after its length in bytes. */

export class DamagedData extends Error {
  constructor(what: string) {
    super(`The data of the page is damaged: ${what}.`);
    this.name = 'DamagedData';
  }
}

/** Reads the numbers of a column one after the other. */
export class Column {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** The next number. It is exact up to 2^53. */
  next(): number {
    const { bytes } = this;
    let byte = bytes[this.at++];
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    byte = bytes[this.at++];
    value |= (byte & 0x7f) << 7;
    if (byte < 0x80) return value;
    byte = bytes[this.at++];
    value |= (byte & 0x7f) << 14;
    if (byte < 0x80) return value;
    // Bit operations end at 32 bits.
    let factor = 1 << 21;
    do {
      if (this.at >= bytes.length) throw new DamagedData('a number is cut off');
      byte = bytes[this.at++];
      value += (byte & 0x7f) * factor;
      factor *= 128;
    } while (byte >= 0x80);
    return value;
  }

  /** The next signed number. */
  signed(): number {
    return unzigzag(this.next());
  }

  /** The next optional number, or `none`. */
  optional(none: number): number {
    const value = this.next();
    return value === 0 ? none : value - 1;
  }

  /** The next `length` bytes. */
  take(length: number): Uint8Array {
    const start = this.at;
    this.at += length;
    if (this.at > this.bytes.length) throw new DamagedData('a text is cut off');
    return this.bytes.subarray(start, this.at);
  }

  /** Whether all `count` numbers are 0. */
  isZero(count: number): boolean {
    const { bytes } = this;
    if (bytes.length !== count) return false;
    for (let i = 0; i < count; i++) if (bytes[i] !== 0) return false;
    return true;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Throws if more numbers were read than there are, or fewer. */
  finish(): void {
    if (this.at !== this.bytes.length) throw new DamagedData('a column has the wrong length');
  }
}

/** Undoes the zigzag encoding of a signed number. */
export function unzigzag(value: number): number {
  // Bit operations have 32 bits; numbers have up to 53.
  if (value < 2 ** 31) return (value >>> 1) ^ -(value & 1);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Divides a piece into its columns. */
export function columnsOf(piece: Uint8Array): Column[] {
  const columns: Column[] = [];
  const lengths = new Column(piece);
  while (!lengths.isAtEnd) columns.push(new Column(lengths.take(lengths.next())));
  return columns;
}

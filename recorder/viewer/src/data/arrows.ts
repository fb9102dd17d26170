/** Counts arrows with the same threads and the same bins. A hash table without objects. */

import type { Arrows } from './window';

export class ArrowCounter {
  private length = 0;
  private from = new Int32Array(1024);
  private to = new Int32Array(1024);
  private start = new Float64Array(1024);
  private end = new Float64Array(1024);
  private count = new Float64Array(1024);
  /** Indices of the bundles, plus one; 0 is free. At least twice as long as the columns. */
  private slots = new Int32Array(2048);

  add(from: number, to: number, start: number, end: number, count: number): void {
    if (this.length === this.from.length) this.grow();
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = hash(from, to, start, end) & mask;
    while (slots[slot] !== 0) {
      const i = slots[slot] - 1;
      if (
        this.start[i] === start &&
        this.end[i] === end &&
        this.from[i] === from &&
        this.to[i] === to
      ) {
        this.count[i] += count;
        return;
      }
      slot = (slot + 1) & mask;
    }
    const i = this.length++;
    slots[slot] = i + 1;
    this.from[i] = from;
    this.to[i] = to;
    this.start[i] = start;
    this.end[i] = end;
    this.count[i] = count;
  }

  finish(): Arrows {
    const { length } = this;
    return {
      length,
      from: this.from.subarray(0, length),
      to: this.to.subarray(0, length),
      start: this.start.subarray(0, length),
      end: this.end.subarray(0, length),
      count: this.count.subarray(0, length),
    };
  }

  private grow(): void {
    const size = this.length * 2;
    const copy = <T extends Int32Array | Float64Array>(larger: T, values: T): T => {
      larger.set(values);
      return larger;
    };
    this.from = copy(new Int32Array(size), this.from);
    this.to = copy(new Int32Array(size), this.to);
    this.start = copy(new Float64Array(size), this.start);
    this.end = copy(new Float64Array(size), this.end);
    this.count = copy(new Float64Array(size), this.count);
    this.slots = new Int32Array(size * 2);
    const mask = this.slots.length - 1;
    for (let i = 0; i < this.length; i++) {
      let slot = hash(this.from[i], this.to[i], this.start[i], this.end[i]) & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = i + 1;
    }
  }
}

function hash(from: number, to: number, start: number, end: number): number {
  let h = Math.imul(start | 0, 0x9e3779b1) ^ Math.imul(end | 0, 0x85ebca6b);
  h ^= Math.imul(from, 0xc2b2ae35) ^ Math.imul(to, 0x27d4eb2f);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

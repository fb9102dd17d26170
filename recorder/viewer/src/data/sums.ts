/** Adds up tiles and chunks into the bins of a window. Both give the same sums. */

import { ArrowCounter } from './arrows';
import { type Chunk, NONE, TargetType } from './chunk';
import { ACTIVITIES, type Kind } from './run';
import { type Segment, TILE_BINS } from './tile';
import type { ChannelBins, EventRange, LockBins, ThreadBins, Window } from './window';

const IS_SEND = 1;
const IS_RECEIVE = 2;
const IS_WAIT = 4;

function flagsOf({ group, send, receive }: Kind): number {
  return (
    (send ? IS_SEND : 0) |
    (receive ? IS_RECEIVE : 0) |
    (group === 'wait' || group === 'returning' ? IS_WAIT : 0)
  );
}

interface ThreadSums {
  ns: (Float64Array | undefined)[];
  events: Uint32Array;
}

interface ChannelSums {
  min: Float64Array;
  max: Float64Array;
  last: Float64Array;
  sent: Uint32Array;
  received: Uint32Array;
}

export class Sums {
  readonly binNs: number;
  private readonly threads: ThreadSums[] = [];
  private readonly channels: ChannelSums[] = [];
  private readonly depthBefore = new Map<number, number>();
  private readonly locks: Float64Array[] = [];
  private readonly arrows = new ArrowCounter();
  private readonly from: number;
  private readonly to: number;
  /** For each kind of event. */
  private readonly flags: Uint8Array;

  /** Bins of 2^`level` nanoseconds, of which `firstBin` counts from time 0. */
  constructor(
    level: number,
    private readonly firstBin: number,
    private readonly bins: number,
    kinds: readonly Kind[],
  ) {
    this.flags = Uint8Array.from(kinds, flagsOf);
    this.binNs = 2 ** level;
    this.from = firstBin * this.binNs;
    this.to = this.from + bins * this.binNs;
  }

  /** Adds a segment of a tile of the same level. */
  addSegment(segment: Segment): void {
    const { bins, firstBin } = this;
    const { threads, channels, locks, arrows } = segment;
    for (let i = 0; i < threads.length; i++) {
      const first = Math.max(0, threads.bin[i] - firstBin);
      const last = Math.min(bins, threads.bin[i] + threads.run[i] - firstBin);
      if (first >= last) continue;
      const sums = this.thread(threads.lane[i]);
      if (threads.events[i] > 0) {
        for (let bin = first; bin < last; bin++) sums.events[bin] += threads.events[i];
      }
      for (let j = threads.first[i]; j < threads.first[i + 1]; j++) {
        const ns = this.activity(sums, threads.activity[j]);
        for (let bin = first; bin < last; bin++) ns[bin] += threads.ns[j];
      }
    }
    for (let i = 0; i < channels.length; i++) {
      const first = Math.max(0, channels.bin[i] - firstBin);
      const last = Math.min(bins, channels.bin[i] + channels.run[i] - firstBin);
      if (first >= last) continue;
      const sums = this.channel(channels.lane[i]);
      for (let bin = first; bin < last; bin++) {
        sums.sent[bin] += channels.sent[i];
        sums.received[bin] += channels.received[i];
        addDepth(sums, bin, channels.min[i], channels.max[i]);
      }
    }
    for (let i = 0; i < locks.length; i++) {
      const first = Math.max(0, locks.bin[i] - firstBin);
      const last = Math.min(bins, locks.bin[i] + locks.run[i] - firstBin);
      if (first >= last) continue;
      const held = this.lock(locks.lane[i]);
      for (let bin = first; bin < last; bin++) held[bin] += locks.held[i];
    }
    for (let i = 0; i < arrows.length; i++) {
      const start = arrows.start[i] - firstBin;
      const end = arrows.end[i] - firstBin;
      if (end >= 0 && start < bins) {
        this.arrows.add(arrows.from[i], arrows.to[i], start, end, arrows.count[i]);
      }
    }
  }

  /** Adds the events of a chunk. */
  addChunk(chunk: Chunk): void {
    const { bins, firstBin, binNs, flags } = this;
    const { length, time, now, duration, thread, kind, targetType, target, depth } = chunk;
    for (let i = 0; i < length; i++) {
      // A wait counts where it ends, as in tiles.
      const flag = flags[kind[i]];
      const isOver = duration[i] > 0 && (flag & IS_WAIT) !== 0;
      const at = isOver && now[i] > time[i] ? now[i] : time[i];
      const bin = Math.floor(at / binNs) - firstBin;
      if (chunk.from[i] !== NONE) {
        const start = Math.floor(chunk.fromTime[i] / binNs) - firstBin;
        if (bin >= 0 && start < bins) this.arrows.add(chunk.from[i], thread[i], start, bin, 1);
      }
      if (bin < 0 || bin >= bins) continue;
      this.thread(thread[i]).events[bin]++;
      if (depth[i] !== NONE && targetType[i] === TargetType.channel) {
        const sums = this.channel(target[i]);
        if (flag & IS_SEND) sums.sent[bin]++;
        if (flag & IS_RECEIVE) sums.received[bin]++;
        addDepth(sums, bin, depth[i], depth[i]);
        sums.last[bin] = depth[i];
      }
    }
    const { states, holds } = chunk;
    for (let i = 0; i < states.length; i++) {
      if (states.end[i] <= this.from || states.begin[i] >= this.to) continue;
      const ns = this.activity(this.thread(states.thread[i]), states.activity[i]);
      this.addTime(ns, states.begin[i], states.end[i]);
    }
    for (let i = 0; i < holds.length; i++) {
      if (holds.end[i] <= this.from || holds.begin[i] >= this.to) continue;
      this.addTime(this.lock(holds.primitive[i]), holds.begin[i], holds.end[i]);
    }
  }

  /**
   * Sets the queue depths before the first bin from `chunk`, the last one that starts before it.
   * Without one all queues were empty.
   */
  startFrom(chunk: Chunk | undefined): void {
    if (!chunk) return;
    for (const { channel, depth } of chunk.channels) this.depthBefore.set(channel, depth);
    for (let i = 0; i < chunk.length && chunk.now[i] < this.from; i++) {
      if (chunk.depth[i] !== NONE && chunk.targetType[i] === TargetType.channel) {
        this.depthBefore.set(chunk.target[i], chunk.depth[i]);
      }
    }
  }

  finish(exact: boolean, eventCount: number, events: EventRange[] | undefined): Window {
    const channels = new Map<number, ChannelBins>();
    this.channels.forEach((sums, channel) => {
      const depthBefore = this.depthBefore.get(channel) ?? 0;
      // Events and tiles can share a bin, so that neither has the last depth.
      if (!exact) sums.last.fill(NaN);
      fillLast(sums, depthBefore);
      channels.set(channel, { ...sums, depthBefore });
    });
    const still = { ...this.newChannel(), depthBefore: 0 };
    for (const [channel, depthBefore] of this.depthBefore) {
      if (depthBefore > 0 && !channels.has(channel)) channels.set(channel, { ...still, depthBefore });
    }
    const threads = new Map<number, ThreadBins>();
    this.threads.forEach((sums, thread) => threads.set(thread, sums));
    const locks = new Map<number, LockBins>();
    this.locks.forEach((held, lock) => locks.set(lock, { held }));
    return {
      from: this.from,
      to: this.to,
      binNs: this.binNs,
      bins: this.bins,
      exact,
      eventCount,
      threads,
      channels,
      locks,
      arrows: this.arrows.finish(),
      events,
    };
  }

  private thread(index: number): ThreadSums {
    return (this.threads[index] ??= {
      ns: new Array(ACTIVITIES).fill(undefined),
      events: new Uint32Array(this.bins),
    });
  }

  private activity(sums: ThreadSums, activity: number): Float64Array {
    return (sums.ns[activity] ??= new Float64Array(this.bins));
  }

  private channel(index: number): ChannelSums {
    return (this.channels[index] ??= this.newChannel());
  }

  private newChannel(): ChannelSums {
    return {
      min: new Float64Array(this.bins).fill(NaN),
      max: new Float64Array(this.bins).fill(NaN),
      last: new Float64Array(this.bins).fill(NaN),
      sent: new Uint32Array(this.bins),
      received: new Uint32Array(this.bins),
    };
  }

  private lock(index: number): Float64Array {
    return (this.locks[index] ??= new Float64Array(this.bins));
  }

  /** Adds the time between `begin` and `end` to the bins in which it is. */
  private addTime(into: Float64Array, begin: number, end: number): void {
    const { binNs, from } = this;
    let at = Math.max(begin, from);
    const to = Math.min(end, this.to);
    for (let bin = Math.floor((at - from) / binNs); at < to; bin++) {
      const next = Math.min(to, from + (bin + 1) * binNs);
      into[bin] += next - at;
      at = next;
    }
  }
}

function addDepth(sums: ChannelSums, bin: number, min: number, max: number): void {
  // Written so that NaN is replaced.
  if (!(sums.min[bin] <= min)) sums.min[bin] = min;
  if (!(sums.max[bin] >= max)) sums.max[bin] = max;
}

/** Derives the last depth of each bin where only sums are known. */
function fillLast(sums: ChannelSums, depthBefore: number): void {
  let depth = depthBefore;
  for (let bin = 0; bin < sums.last.length; bin++) {
    if (Number.isNaN(sums.min[bin])) continue;
    if (Number.isNaN(sums.last[bin])) {
      // Within the extremes, because messages are also lost without being received.
      depth += sums.sent[bin] - sums.received[bin];
      depth = Math.min(Math.max(depth, sums.min[bin]), sums.max[bin]);
      sums.last[bin] = depth;
    }
    depth = sums.last[bin];
  }
}

/** Number of the tile that contains a bin. */
export function tileOf(bin: number): number {
  return Math.floor(bin / TILE_BINS);
}

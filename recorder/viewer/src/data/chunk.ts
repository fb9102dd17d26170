/** A decoded chunk: some thousand events in columns. */

export const TargetType = { channel: 0, primitive: 1, thread: 2, callsite: 3 } as const;

/** In columns of indices and of optional numbers: not given. */
export const NONE = -1;

/** In `length`: the event has begun, and its end is not known. */
export const UNKNOWN_END = -1;

/**
 * One entry for each event, in the order of the replay. Event `i` is step `firstStep + i`. Columns
 * of times are `Float64Array`, because nanoseconds do not fit in 32 bits.
 */
export interface Chunk {
  /** Number of the chunk. */
  readonly number: number;
  readonly begin: number;
  readonly end: number;
  readonly firstStep: number;
  /** Number of events. */
  readonly length: number;
  readonly kind: Uint16Array;
  readonly thread: Uint32Array;
  /** When each event started. A wait that is over comes after what ended it, so it lies back. */
  readonly time: Float64Array;
  /** The time of the run when each event comes. It never decreases. */
  readonly now: Float64Array;
  /** How long each event lasts: 0 for an instant, or `UNKNOWN_END`. */
  readonly duration: Float64Array;
  /** `TargetType`, or `NONE`. */
  readonly targetType: Int8Array;
  /** Index of the target, or `NONE`. */
  readonly target: Int32Array;
  /** Or `NONE`. */
  readonly place: Int32Array;
  /** Or `NONE`. */
  readonly endpoint: Int32Array;
  /** The number of the message in its channel, or `NONE`. */
  readonly message: Float64Array;
  /** The thread whose event led to this one, or `NONE`. */
  readonly from: Int32Array;
  /** The time of that event; only where `from` is given. */
  readonly fromTime: Float64Array;
  /** From the start of the send to the end of the receive, or `NONE`. */
  readonly latency: Float64Array;
  /** Number of messages in the queue after the event, or `NONE`. */
  readonly depth: Float64Array;
  /** When its thread received the message that led to this send, or `NONE`. */
  readonly cause: Float64Array;
  /** How long the operation had waited, or `NONE`. */
  readonly waited: Float64Array;
  /** Or `NONE`. */
  readonly timeout: Float64Array;
  /** Index into `texts`, or `NONE`. */
  readonly text: Int32Array;
  readonly texts: readonly string[];
  readonly states: StatePieces;
  readonly holds: HoldPieces;
  readonly waiting: readonly OpenWait[];
  readonly channels: readonly ChannelState[];
  /** Threads that have begun and not ended at the start of the chunk. */
  readonly alive: readonly number[];
  /** Approximate size in memory. */
  readonly bytes: number;
}

/** What threads do: pieces of time, grouped by thread and in the order of time in each thread. */
export interface StatePieces {
  readonly length: number;
  readonly thread: Uint32Array;
  readonly begin: Float64Array;
  readonly end: Float64Array;
  readonly activity: Uint8Array;
}

/** Pieces of the time in which locks are held. */
export interface HoldPieces {
  readonly length: number;
  readonly primitive: Uint32Array;
  readonly thread: Uint32Array;
  readonly begin: Float64Array;
  readonly end: Float64Array;
  /** 1: shared; 2: goes on after the piece. */
  readonly flags: Uint8Array;
}

/** A wait that is open at the start of a chunk. */
export interface OpenWait {
  thread: number;
  kind: number;
  since: number;
  targetType: number;
  target: number;
  place: number;
  timeout?: number;
}

/** A channel at the start of a chunk. */
export interface ChannelState {
  channel: number;
  sent: number;
  received: number;
  depth: number;
  /** Number of live senders. */
  senders: number;
  receivers: number;
}

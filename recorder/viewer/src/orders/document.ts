/** The document with all orders of a program, as the recorder writes it. */

export interface OrdersDocument {
  program: string;
  threads: string[];
  /** `senders` is their number at the start. */
  channels: { label: string; bound: number | null; senders: number }[];
  primitives: { label: string; kind: string }[];
  files: { file: string; first: number; lines: string[] }[];
  outcomes: { kind: OutcomeKind; title: string; chain: string[] }[];
  moves: Move[];
  orders: OrderDocument[];
}

export type OutcomeKind = 'hang' | 'panic' | 'failure' | 'endless' | 'loss' | 'ok';

/** A step of a thread. */
export interface Move {
  thread: number;
  /** What it does, once that is known: `receives #1 from jobs`. */
  does: string;
  /** What the thread is about to do: `receives from jobs`. */
  intends: string;
  place?: [file: string, line: number];
  wait?: { verb: string; on: Target };
  effects: Effect[];
}

export type Target = { channel: number } | { primitive: number } | { thread: number } | 'nothing';

export type Effect =
  | { send: { channel: number; message: number; value: string | null } }
  /** Comes to a rendezvous channel with a message, and waits there until it is received. */
  | { offer: { channel: number; message: number; value: string | null } }
  | { receive: { channel: number; message: number } }
  /** Comes to a rendezvous channel, and waits there for the first message. */
  | { take: { channel: number } }
  | { cloneSender: { channel: number } }
  | { dropSender: { channel: number } }
  | { dropReceiver: { channel: number } }
  | { hold: { primitive: number; shared: boolean } }
  | { release: { primitive: number } }
  /** Waits for a lock that others can read; nobody else begins to. */
  | { queue: { primitive: number } }
  /** Another thread gets the lock that it waits for. */
  | { handOver: { primitive: number; thread: number } }
  | { spawn: { thread: number } }
  | { panic: object }
  | { end: object };

/** Orders that differ only in steps that do not affect each other, as one run. */
export interface OrderDocument {
  outcome: number;
  steps: [move: number, before: number[]][];
  /** What threads waited for at the end. */
  waiting: number[];
  printed: string;
}

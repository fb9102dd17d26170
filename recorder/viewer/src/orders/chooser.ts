/**
 * Who can go next.
 *
 * Of all orders that differ only in steps that do not affect each other, one was run. Its steps know
 * what has to come before them, so these runs stand for all orders: a thread can go on if its next step
 * in one of the runs that agree with all choices so far has nothing left that must come before.
 */

export interface Step {
  readonly thread: number;
  /** What it does: the same number in all orders. */
  readonly move: number;
  /** Indices of the last steps that have to come before. */
  readonly before: readonly number[];
  /** Whether the program ends with it, whatever other threads have left to do. */
  readonly isLast: boolean;
}

export interface Order {
  readonly steps: readonly Step[];
}

interface Indexed {
  readonly order: Order;
  /** By thread: the indices of its steps. */
  readonly ofThread: readonly (readonly number[])[];
  /** By step: how many steps of its thread come before it. */
  readonly rank: readonly number[];
}

/** A thread that can go on. */
export interface Choice {
  readonly thread: number;
  readonly move: number;
}

export class Chooser {
  private readonly orders: readonly Indexed[];

  constructor(
    orders: readonly Order[],
    readonly threads: number,
  ) {
    this.orders = orders.map((order) => {
      const ofThread: number[][] = Array.from({ length: threads }, () => []);
      const rank = order.steps.map(({ thread }, i) => ofThread[thread].push(i) - 1);
      return { order, ofThread, rank };
    });
  }

  start(): Position {
    const all = this.orders.map((_, i) => i);
    return new Position(this.orders, all, new Array<number>(this.threads).fill(0), false);
  }

  /** The position after these threads went on, one after the other; `undefined` if one could not. */
  after(path: readonly number[]): Position | undefined {
    let position: Position | undefined = this.start();
    for (const thread of path) position = position?.choose(thread);
    return position;
  }
}

/** After some choices. */
export class Position {
  constructor(
    private readonly all: readonly Indexed[],
    /** The orders that agree with all choices. */
    readonly possible: readonly number[],
    /** By thread: the number of its steps so far. */
    readonly counts: readonly number[],
    /** Whether the program has ended. */
    readonly hasEnded: boolean,
  ) {}

  /** The threads that can go on. */
  choices(): Choice[] {
    const choices: Choice[] = [];
    if (this.hasEnded) return choices;
    for (let thread = 0; thread < this.counts.length; thread += 1) {
      const order = this.possible.find((it) => this.ready(it, thread));
      const step = order === undefined ? undefined : this.ready(order, thread);
      if (step) choices.push({ thread, move: step.move });
    }
    return choices;
  }

  choose(thread: number): Position | undefined {
    if (this.hasEnded) return undefined;
    const possible = this.possible.filter((it) => this.ready(it, thread));
    if (possible.length === 0) return undefined;
    const counts = this.counts.map((count, it) => (it === thread ? count + 1 : count));
    const isLast = this.ready(possible[0], thread)?.isLast ?? false;
    return new Position(this.all, possible, counts, isLast);
  }

  /** What a thread does next in some order, whether it can already or not. */
  next(thread: number): Step | undefined {
    for (const it of this.possible) {
      const step = this.nextIn(it, thread);
      if (step !== undefined) return this.all[it].order.steps[step];
    }
    return undefined;
  }

  /** The order in which all steps are done: the end of the game. */
  get reached(): number | undefined {
    return this.possible.find((it) => {
      const { ofThread } = this.all[it];
      return ofThread.every((steps, thread) => steps.length === this.counts[thread]);
    });
  }

  private nextIn(order: number, thread: number): number | undefined {
    return this.all[order].ofThread[thread]?.[this.counts[thread]];
  }

  /** The next step of a thread in an order, if nothing has to come before it any more. */
  private ready(order: number, thread: number): Step | undefined {
    const index = this.nextIn(order, thread);
    if (index === undefined) return undefined;
    const { order: { steps }, rank } = this.all[order];
    const isDone = (it: number) => rank[it] < this.counts[steps[it].thread];
    return steps[index].before.every(isDone) ? steps[index] : undefined;
  }
}

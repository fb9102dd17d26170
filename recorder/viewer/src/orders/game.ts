/** The choices so far, and the moves that a played order still has. */

import { Chooser, type Order, type Position } from './chooser';
import type { Move, OrderDocument, OrdersDocument, OutcomeKind } from './document';
import { blockedAfter, type Prospect } from './state';
import { nodeOf, treeOf, type Node } from './tree';

export interface Outcome {
  readonly kind: OutcomeKind;
  readonly title: string;
  readonly chain: readonly string[];
}

export class Game {
  readonly tree: Node;
  /** The outcomes that orders have, the worst first. */
  readonly outcomes: readonly number[];
  /** Outcomes that the reader has reached. */
  readonly found = new Set<number>();
  /** Orders that the reader has reached. */
  readonly seen = new Set<number>();
  /** The threads that went on, one after the other. */
  path: readonly number[] = [];
  /** The threads that go on next if an order is played, or after an undo. */
  planned: readonly number[] = [];
  position: Position;
  private readonly chooser: Chooser;
  private readonly orders: readonly Order[];

  constructor(readonly document: OrdersDocument) {
    this.orders = document.orders.map((order) => this.stepsOf(order));
    this.chooser = new Chooser(this.orders, document.threads.length);
    this.tree = treeOf(this.orders);
    this.position = this.chooser.start();
    this.outcomes = [...new Set(document.orders.map(({ outcome }) => outcome))].sort(
      (a, b) => rankOf(document.outcomes[a].kind) - rankOf(document.outcomes[b].kind) || a - b,
    );
  }

  /** The moves so far. */
  get moves(): Move[] {
    const { moves } = this.document;
    const made: Move[] = [];
    let position = this.chooser.start();
    for (const thread of this.path) {
      const choice = position.choices().find((it) => it.thread === thread);
      const after = position.choose(thread);
      if (!choice || !after) break;
      made.push(moves[choice.move]);
      position = after;
    }
    return made;
  }

  /** The order that was reached, if all its steps are done. */
  get reached(): number | undefined {
    return this.position.reached;
  }

  /** Whether the main thread has ended, and the program with it, before others had done all. */
  get endedEarly(): boolean {
    return this.position.hasEnded && this.reached === undefined;
  }

  get outcome(): Outcome | undefined {
    const { reached } = this;
    return reached === undefined ? undefined : this.outcomeOf(reached);
  }

  outcomeOf(order: number): Outcome {
    return this.document.outcomes[this.document.orders[order].outcome];
  }

  /** The lowest node of the tree that has all orders that are still possible. */
  get node(): Node {
    return nodeOf(this.tree, this.position.possible);
  }

  /** What each thread does next: of those that have not ended. */
  prospects(): Prospect[] {
    const { moves, orders, threads } = this.document;
    const choices = new Map(this.position.choices().map((it) => [it.thread, it.move]));
    const blocked = blockedAfter(this.moves);
    const prospects: Prospect[] = [];
    threads.forEach((_, thread) => {
      const choice = choices.get(thread);
      if (choice !== undefined) {
        prospects.push({ thread, move: moves[choice], canGo: true });
        return;
      }
      const began = blocked.get(thread);
      if (began && !this.position.hasEnded) {
        // Its effects are there already.
        prospects.push({ thread, move: { ...began, effects: [] }, canGo: false });
        return;
      }
      const next = this.position.next(thread)?.move;
      const waits = this.position.possible.flatMap((it) => orders[it].waiting);
      const move = next ?? waits.find((it) => moves[it].thread === thread);
      if (move !== undefined) prospects.push({ thread, move: moves[move], canGo: false });
    });
    return prospects;
  }

  /** Lets a thread go on. Returns whether it can. */
  choose(thread: number): boolean {
    const position = this.position.choose(thread);
    if (!position) return false;
    this.planned = this.planned[0] === thread ? this.planned.slice(1) : [];
    this.path = [...this.path, thread];
    this.position = position;
    const { reached } = this;
    if (reached !== undefined) {
      this.seen.add(reached);
      this.found.add(this.document.orders[reached].outcome);
    }
    return true;
  }

  /** The next move of the order that is played, or the only one that is possible. */
  next(): number | undefined {
    if (this.planned.length > 0) return this.planned[0];
    const choices = this.position.choices();
    return choices.length === 1 ? choices[0].thread : undefined;
  }

  undo(): boolean {
    const last = this.path.at(-1);
    if (last === undefined) return false;
    this.go(this.path.slice(0, -1), [last, ...this.planned]);
    return true;
  }

  restart(): void {
    this.go([], []);
  }

  /** To the start of an order, which is played from there. */
  load(order: number): void {
    this.go([], this.orders[order].steps.map(({ thread }) => thread));
  }

  private go(path: readonly number[], planned: readonly number[]): void {
    this.path = path;
    this.planned = planned;
    this.position = this.chooser.after(path) ?? this.chooser.start();
  }

  private stepsOf({ steps }: OrderDocument): Order {
    const { moves } = this.document;
    return {
      steps: steps.map(([move, before]) => {
        const { thread, effects } = moves[move];
        // The process ends with its main thread.
        const isLast = thread === 0 && effects.some((it) => 'end' in it);
        return { thread, move, before, isLast };
      }),
    };
  }
}

const KINDS: readonly OutcomeKind[] = ['hang', 'panic', 'failure', 'endless', 'loss', 'ok'];

function rankOf(kind: OutcomeKind): number {
  return KINDS.indexOf(kind);
}

/** The orders as a tree: where the next thread makes a difference, it branches. */

import type { Order } from './chooser';

export interface Node {
  /** The step with which this branch begins, and how many follow up to the next branch. */
  readonly move: number | undefined;
  readonly more: number;
  readonly children: readonly Node[];
  /** The orders below. */
  readonly leaves: readonly number[];
}

/** The tree of all orders. A leaf has no children and one order. */
export function treeOf(orders: readonly Order[]): Node {
  const all = orders.map((_, i) => i);
  return branch(orders, all, 0, undefined);
}

/** The branch of these orders, which are the same up to step `from`. */
function branch(orders: readonly Order[], leaves: readonly number[], from: number, move: number | undefined): Node {
  let at = from;
  const moveAt = (order: number) => orders[order].steps[at]?.move;
  while (leaves.length > 1 && leaves.every((it) => moveAt(it) !== undefined && moveAt(it) === moveAt(leaves[0]))) at += 1;
  if (leaves.length === 1) return { move, more: orders[leaves[0]].steps.length - from, children: [], leaves };
  const groups = new Map<number, number[]>();
  for (const order of leaves) {
    const key = moveAt(order) ?? -1;
    groups.set(key, [...(groups.get(key) ?? []), order]);
  }
  const children = [...groups].map(([first, of]) => branch(orders, of, at + 1, first));
  return { move, more: at - from, children, leaves };
}

/** The lowest node that has all of these orders. */
export function nodeOf(root: Node, orders: readonly number[]): Node {
  const child = root.children.find((it) => orders.every((order) => it.leaves.includes(order)));
  return child ? nodeOf(child, orders) : root;
}

/** A node with its place in the picture. */
export interface Placed {
  readonly node: Node;
  readonly depth: number;
  /** Its row; between two rows for a branch. */
  readonly row: number;
  readonly parent: Placed | undefined;
  /** Whether the branches of this node are folded. */
  readonly isFolded: boolean;
}

/** The nodes from top to bottom. `folds` decides which branches are one row. */
export function place(root: Node, folds: (node: Node) => boolean): { nodes: Placed[]; rows: number; depth: number } {
  const nodes: Placed[] = [];
  let rows = 0;
  let deepest = 0;
  const add = (node: Node, depth: number, parent: Placed | undefined): Placed => {
    deepest = Math.max(deepest, depth);
    const isFolded = node.children.length > 0 && folds(node);
    const placed = { node, depth, row: 0, parent, isFolded };
    nodes.push(placed);
    if (node.children.length === 0 || isFolded) {
      placed.row = rows;
      rows += 1;
      return placed;
    }
    const children = node.children.map((it) => add(it, depth + 1, placed));
    placed.row = (children[0].row + children[children.length - 1].row) / 2;
    return placed;
  };
  add(root, 0, undefined);
  return { nodes, rows, depth: deepest };
}

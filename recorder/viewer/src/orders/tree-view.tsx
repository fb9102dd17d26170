/** The tree of all orders: where the next thread makes a difference, it branches. */

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { threadName } from '../app/words';
import { shortened } from '../belt/status';
import type { Run } from '../data/run';
import type { Game } from './game';
import { type Node, place, type Placed } from './tree';
import { outcomeName } from './words';

/** More leaves than this are folded where they come out alike. */
const MAX_LEAVES = 60;

/** Sizes in rem. */
const ROW = 1.75;
const LEAF_WIDTH = 7.6;
/** With a number of orders. */
const FOLDED_WIDTH = 11.5;
const MIN_COLUMN = 1.6;

interface TreeProps {
  game: Game;
  run: Run;
  /** Width of the panel in rem. */
  width: number;
  /** Height of the panel in rem. */
  height: number;
  onPlay(order: number): void;
}

export function Tree({ game, run, width, height, onPlay }: TreeProps) {
  const [open, setOpen] = useState<ReadonlySet<Node>>(new Set());
  const { tree, position } = game;
  const isAlike = (node: Node) => new Set(node.leaves.map((it) => game.document.orders[it].outcome)).size === 1;
  const isLarge = tree.leaves.length > MAX_LEAVES;
  const folds = (node: Node) => isLarge && node !== tree && isAlike(node) && !open.has(node);
  const { nodes, rows, depth } = place(tree, folds);
  const leafWidth = isLarge ? FOLDED_WIDTH : LEAF_WIDTH;
  const possible = new Set(position.possible);
  const isPossible = (node: Node) => node.leaves.some((it) => possible.has(it));
  const row = Math.min(Math.max(ROW, height / (rows + 0.3)), 4.2);
  const column = Math.max((width - leafWidth - 1.4) / Math.max(depth, 1), MIN_COLUMN);
  const x = (it: Placed) => 0.9 + it.depth * column;
  const y = (it: Placed) => (it.row + 0.65) * row;
  const here = game.node;
  const number = new Map(tree.leaves.map((leaf, i) => [leaf, i + 1]));
  // What fits on a branch, in letters: the name, and below it what the thread does.
  const letters = Math.floor((column - 1) / 0.5);
  const shows = row > 2.3 && letters > 7;

  const marked = useRef<SVGGElement>(null);
  useLayoutEffect(() => marked.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [here, open]);

  const move = (event: KeyboardEvent, delta: number) => {
    const all = [...(event.currentTarget as Element).closest('svg')!.querySelectorAll<SVGGElement>('.orders-leaf')];
    all[all.indexOf(event.currentTarget as SVGGElement) + delta]?.focus();
  };

  return (
    <svg
      class="orders-tree"
      style={{ width: `${x({ depth } as Placed) + leafWidth}rem`, height: `${(rows + 0.3) * row}rem` }}
      viewBox={`0 0 ${x({ depth } as Placed) + leafWidth} ${(rows + 0.3) * row}`}
      role="group"
      aria-label="All orders"
    >
      {nodes.map((it) => {
        if (!it.parent) return null;
        const [x1, y1, x2, y2] = [x(it.parent), y(it.parent), x(it), y(it)];
        const leads = isPossible(it.node);
        const move = it.node.move === undefined ? undefined : game.document.moves[it.node.move];
        const name = move ? threadName(run, move.thread) : '';
        // Or else its key.
        const label = name.length <= letters || !move ? name : String(move.thread + 1);
        return (
          <g key={it.node.leaves.join()} class={leads ? 'orders-edge leads' : 'orders-edge'}>
            <path d={`M${x1} ${y1} C${x1 + column * 0.3} ${y1} ${x1 - column * 0.02} ${y2} ${x1 + column * 0.35} ${y2} L${x2} ${y2}`} />
            <text x={x2 - 0.6} y={y2 - 0.25} text-anchor="end">
              {label}
              <title>{move ? `${name} ${move.does}` : ''}</title>
            </text>
            {shows && move ? (
              <text class="does" x={x2 - 0.6} y={y2 + 0.72} text-anchor="end">
                {shortened(move.does, Math.floor((column - 0.7) / 0.37))}
              </text>
            ) : null}
          </g>
        );
      })}
      {nodes.map((it) => {
        const { node } = it;
        const key = node.leaves.join();
        const isHere = node === here;
        const isEnd = node.children.length === 0;
        if (!isEnd && !it.isFolded) {
          return (
            <circle
              key={key}
              class={`orders-node${isHere ? ' here' : ''}${isPossible(node) ? ' leads' : ''}`}
              cx={x(it)}
              cy={y(it)}
              r={isHere ? 0.5 : 0.3}
            />
          );
        }
        const outcome = game.outcomeOf(node.leaves[0]);
        const reached = game.reached !== undefined && node.leaves.includes(game.reached);
        const text = it.isFolded ? `${node.leaves.length} × ${outcomeName(outcome)}` : outcomeName(outcome);
        const act = () => (it.isFolded ? setOpen(new Set([...open, node])) : onPlay(node.leaves[0]));
        const isSeen = node.leaves.every((leaf) => game.seen.has(leaf));
        const first = number.get(node.leaves[0]);
        const label = it.isFolded
          ? `${node.leaves.length} orders, each ${outcomeName(outcome)}: show them`
          : `Order ${first} of ${tree.leaves.length}: ${outcomeName(outcome)}. Play it`;
        return (
          <g
            key={key}
            ref={isHere || reached ? marked : undefined}
            class={`orders-leaf ${outcome.kind}${isPossible(node) ? ' leads' : ''}${reached ? ' reached' : ''}${isSeen ? ' seen' : ''}`}
            data-order={it.isFolded ? undefined : node.leaves[0]}
            data-orders={node.leaves.length}
            transform={`translate(${x(it)} ${y(it)})`}
            role="button"
            tabindex={0}
            aria-label={label}
            onClick={act}
            onKeyDown={(event) => {
              // Space pauses the order that plays.
              if (event.key === 'Enter') act();
              else if (event.key === 'ArrowDown') move(event, 1);
              else if (event.key === 'ArrowUp') move(event, -1);
              else return;
              event.preventDefault();
              event.stopPropagation();
            }}
          >
            <title>{label}</title>
            <rect x={-0.5} y={-0.68} width={leafWidth - 0.5} height={1.36} rx={0.3} />
            <Sign kind={outcome.kind} />
            <text x={0.75} y={0.3}>
              {text}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

/** Not by its colour alone. */
function Sign({ kind }: { kind: string }) {
  const cross = 'M-.26 -.26 L.26 .26 M.26 -.26 L-.26 .26';
  const tick = 'M-.28 .02 L-.08 .24 L.3 -.24';
  const mark = 'M0 -.3 V.06 M0 .26 V.28';
  return (
    <>
      <circle r={0.5} />
      <path d={kind === 'ok' ? tick : kind === 'hang' ? cross : mark} />
    </>
  );
}

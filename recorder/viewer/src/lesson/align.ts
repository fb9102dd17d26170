/**
 * Pairs the steps of two runs: the same operation of the same thread stands in one row.
 *
 * Within a thread the order of steps is the program's, so the steps of each thread are paired by their
 * longest common subsequence. Between threads the order is chance. Pairs that cross are therefore not a
 * difference of the runs, but they cannot both be rows, since each column must keep the order of its run:
 * the largest set of pairs that do not cross is, and the others stand apart.
 */

/** What is compared of a step. */
export interface Act {
  readonly thread: string;
  /** What the thread does. */
  readonly deed: string;
  /** Whether another run of the same program may lack it, as it may a short wait. */
  readonly isChance?: boolean;
}

/**
 * `same`: a pair. `moved`: a step whose partner stands in another row. `chance`: a step that the other
 * run lacks by chance. `differs`: a step that the other run does not have; if both sides have one, the
 * same thread does something else.
 */
export type RowKind = 'same' | 'moved' | 'chance' | 'differs';

/** Indices of the steps that stand side by side; `undefined` where there is none. */
export interface Row {
  readonly left: number | undefined;
  readonly right: number | undefined;
  readonly kind: RowKind;
}

type Pair = readonly [left: number, right: number];

/** Every step of both runs is in exactly one row, and each column has the order of its run. */
export function align(left: readonly Act[], right: readonly Act[]): Row[] {
  const pairs = pairsOf(left, right);
  const [partnered, partneredRight] = [0, 1].map((side) => new Set(pairs.map((it) => it[side])));
  const single = (acts: readonly Act[], known: ReadonlySet<number>) => (i: number): Single => {
    const { thread, isChance } = acts[i];
    return { i, thread, kind: known.has(i) ? 'moved' : isChance ? 'chance' : 'differs' };
  };
  const rows: Row[] = [];
  let at: Pair = [0, 0];
  for (const pair of [...withoutCrossings(pairs), [left.length, right.length] as const]) {
    rows.push(
      ...rowsBetween(
        range(at[0], pair[0]).map(single(left, partnered)),
        range(at[1], pair[1]).map(single(right, partneredRight)),
      ),
    );
    if (pair[0] < left.length) rows.push({ left: pair[0], right: pair[1], kind: 'same' });
    at = [pair[0] + 1, pair[1] + 1];
  }
  return rows;
}

/** The first row in which a run does something that the other does not. */
export function firstDifference(rows: readonly Row[]): number | undefined {
  const found = rows.findIndex((it) => it.kind === 'differs');
  return found < 0 ? undefined : found;
}

/** Pairs of each thread, in the order of the left run. */
function pairsOf(left: readonly Act[], right: readonly Act[]): Pair[] {
  const ofRight = byThread(right);
  const pairs = [...byThread(left)].flatMap(([thread, mine]) => {
    const theirs = ofRight.get(thread) ?? [];
    const common = commonSubsequence(mine.length, theirs.length, (i, j) => {
      return left[mine[i]].deed === right[theirs[j]].deed;
    });
    return common.map(([i, j]): Pair => [mine[i], theirs[j]]);
  });
  return pairs.sort((a, b) => a[0] - b[0]);
}

function byThread(acts: readonly Act[]): Map<string, number[]> {
  const threads = new Map<string, number[]>();
  acts.forEach(({ thread }, i) => {
    const known = threads.get(thread);
    if (known) known.push(i);
    else threads.set(thread, [i]);
  });
  return threads;
}

/** The longest common subsequence of two sequences. Of several, that whose pairs come first. */
export function commonSubsequence(
  length: number,
  otherLength: number,
  isSame: (i: number, j: number) => boolean,
): Pair[] {
  // longest[i][j]: of what follows i and j.
  const longest = Array.from({ length: length + 1 }, () => new Uint32Array(otherLength + 1));
  for (let i = length - 1; i >= 0; i -= 1) {
    for (let j = otherLength - 1; j >= 0; j -= 1) {
      longest[i][j] = isSame(i, j)
        ? longest[i + 1][j + 1] + 1
        : Math.max(longest[i + 1][j], longest[i][j + 1]);
    }
  }
  const pairs: Pair[] = [];
  for (let i = 0, j = 0; i < length && j < otherLength; ) {
    if (isSame(i, j)) {
      pairs.push([i, j]);
      i += 1;
      j += 1;
    } else if (longest[i + 1][j] >= longest[i][j + 1]) i += 1;
    else j += 1;
  }
  return pairs;
}

/** As many pairs as possible of which none crosses another: a longest increasing subsequence. */
function withoutCrossings(pairs: readonly Pair[]): Pair[] {
  // lasts[n]: the pair with the smallest end, of those that end n + 1 pairs.
  const lasts: number[] = [];
  const before: (number | undefined)[] = [];
  pairs.forEach(([, right], k) => {
    let n = lasts.findIndex((it) => pairs[it][1] >= right);
    if (n < 0) n = lasts.length;
    before[k] = lasts[n - 1];
    lasts[n] = k;
  });
  const chosen: Pair[] = [];
  for (let k = lasts.at(-1); k !== undefined; k = before[k]) chosen.push(pairs[k]);
  return chosen.reverse();
}

interface Single {
  readonly i: number;
  readonly thread: string;
  readonly kind: RowKind;
}

/** Steps without a partner here. Those of the same thread stand side by side. */
function rowsBetween(left: readonly Single[], right: readonly Single[]): Row[] {
  const isInstead = (i: number, j: number) =>
    left[i].kind === 'differs' && right[j].kind === 'differs' && left[i].thread === right[j].thread;
  const rows: Row[] = [];
  let [i, j] = [0, 0];
  for (const [l, r] of [
    ...commonSubsequence(left.length, right.length, isInstead),
    [left.length, right.length] as const,
  ]) {
    for (; i < l; i += 1) rows.push({ left: left[i].i, right: undefined, kind: left[i].kind });
    for (; j < r; j += 1) rows.push({ left: undefined, right: right[j].i, kind: right[j].kind });
    if (l < left.length) rows.push({ left: left[l].i, right: right[r].i, kind: 'differs' });
    [i, j] = [l + 1, r + 1];
  }
  return rows;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i);
}

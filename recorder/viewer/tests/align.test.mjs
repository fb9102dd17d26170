import assert from 'node:assert/strict';
import { test } from 'node:test';
import { align, commonSubsequence, firstDifference } from '../src/lesson/align';
import { healthOf } from '../src/lesson/side';

/** `m:send a:recv?`: a step of the thread m, then one of a that another run may lack. */
const acts = (text) => text.split(' ').filter(Boolean).map((it) => {
  const [thread, deed] = it.replace('?', '').split(':');
  return { thread, deed, isChance: it.endsWith('?') };
});

/** The rows of two runs: `m:send = m:send`, with `~` for moved, `?` for chance and `≠` for different steps. */
function rowsOf(left, right) {
  const name = (all, i) => (i === undefined ? '' : `${all[i].thread}:${all[i].deed}`);
  const [l, r] = [acts(left), acts(right)];
  return align(l, r).map((it) => {
    const sign = { same: '=', moved: '~', chance: '?', differs: '≠' }[it.kind];
    return `${name(l, it.left)} ${sign} ${name(r, it.right)}`.trim();
  });
}

test('equal runs stand side by side', () => {
  assert.deepEqual(rowsOf('m:a b:c m:d', 'm:a b:c m:d'), ['m:a = m:a', 'b:c = b:c', 'm:d = m:d']);
  assert.deepEqual(rowsOf('', ''), []);
});

test('a step that one run does not have stands alone', () => {
  assert.deepEqual(rowsOf('m:spawn m:recv', 'm:spawn m:drop m:recv'), [
    'm:spawn = m:spawn',
    '≠ m:drop',
    'm:recv = m:recv',
  ]);
  assert.deepEqual(rowsOf('m:a', ''), ['m:a ≠']);
});

test('what a thread does instead stands beside it', () => {
  assert.deepEqual(rowsOf('m:wait', 'a:drop m:end'), ['≠ a:drop', 'm:wait ≠ m:end']);
});

test('another order of two threads is no difference', () => {
  const rows = rowsOf('m:x a:send b:send m:y', 'm:x b:send a:send m:y');
  assert.deepEqual(rows.filter((it) => it.includes('≠')), []);
  assert.deepEqual(rows, ['m:x = m:x', 'a:send ~', 'b:send = b:send', '~ a:send', 'm:y = m:y']);
});

test('another order within a thread is one', () => {
  const rows = align(acts('m:spawn m:join'), acts('m:join m:spawn'));
  assert.equal(firstDifference(rows), 0);
});

test('a step that comes by chance is no difference', () => {
  assert.deepEqual(rowsOf('m:wait? m:recv', 'm:recv'), ['m:wait ?', 'm:recv = m:recv']);
  assert.deepEqual(rowsOf('m:wait? m:recv', 'm:wait m:recv'), ['m:wait = m:wait', 'm:recv = m:recv']);
  assert.deepEqual(rowsOf('m:wait?', 'm:end'), ['m:wait ?', '≠ m:end']);
});

test('the first difference is found', () => {
  const difference = (left, right) => firstDifference(align(acts(left), acts(right)));
  assert.equal(difference('m:a m:b', 'm:a m:b'), undefined);
  assert.equal(difference('m:a m:b', 'm:a m:c'), 1);
  assert.equal(difference('m:a a:x m:b', 'a:x m:a m:b'), undefined);
});

/** A small generator: the same numbers each time. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const madeUp = (next, length) => Array.from({ length }, () => ({ thread: 'abc'[next(3)], deed: 'wxyz'[next(4)] }));

/** A run with some steps left out, added and changed, and with neighbours of different threads swapped. */
function changed(next, acts) {
  const result = acts.flatMap((it) => {
    const dice = next(10);
    if (dice === 0) return [];
    if (dice === 1) return [it, ...madeUp(next, 1)];
    return [it];
  });
  for (let i = 0; i + 1 < result.length; i += 1) {
    const [a, b] = result.slice(i, i + 2);
    if (a.thread !== b.thread && next(5) === 0) result.splice(i, 2, b, a);
  }
  return result;
}

test('every step is in one row, and columns keep the order of their runs', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const next = random(seed);
    const left = madeUp(next, next(40));
    const right = seed % 2 ? changed(next, left) : madeUp(next, next(40));
    const rows = align(left, right);
    const column = (side) => rows.flatMap((it) => (it[side] === undefined ? [] : [it[side]]));
    assert.deepEqual(column('left'), left.map((_, i) => i));
    assert.deepEqual(column('right'), right.map((_, i) => i));
    for (const { left: l, right: r, kind } of rows) {
      assert.ok(l !== undefined || r !== undefined);
      if (l !== undefined && r !== undefined) assert.equal(left[l].thread, right[r].thread);
      if (kind === 'same') assert.equal(left[l].deed, right[r].deed);
      if (kind === 'moved') assert.ok(l === undefined || r === undefined);
    }
    // Each step that has moved has a partner that has moved.
    const moved = (side) => rows.filter((it) => it.kind === 'moved' && it[side] !== undefined).length;
    assert.equal(moved('left'), moved('right'));
  }
});

test('as many steps of a thread are paired as can be', () => {
  const longest = (a, b) => {
    if (a.length === 0 || b.length === 0) return 0;
    if (a[0] === b[0]) return 1 + longest(a.slice(1), b.slice(1));
    return Math.max(longest(a.slice(1), b), longest(a, b.slice(1)));
  };
  for (let seed = 1; seed <= 200; seed += 1) {
    const next = random(seed);
    const [left, right] = [madeUp(next, next(14)), madeUp(next, next(14))];
    const rows = align(left, right);
    for (const thread of 'abc') {
      const deeds = (all) => all.filter((it) => it.thread === thread).map((it) => it.deed);
      const differs = rows.filter(
        (it) => it.kind === 'differs' && it.left !== undefined && left[it.left].thread === thread,
      );
      assert.equal(deeds(left).length - differs.length, longest(deeds(left), deeds(right)), `seed ${seed}`);
    }
  }
});

test('a run is paired with itself, and both directions give the same', () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const next = random(seed);
    const left = madeUp(next, next(30));
    assert.ok(align(left, left).every((it) => it.kind === 'same'));
    const right = changed(next, left);
    const differing = (rows) => rows.filter((it) => it.kind === 'differs').length;
    const singles = (rows) => differing(rows) + rows.filter((it) => it.kind === 'differs' && it.left !== undefined && it.right !== undefined).length;
    assert.equal(singles(align(left, right)), singles(align(right, left)));
  }
});

test('the sick run is named, and the healed one', () => {
  assert.deepEqual(healthOf(true, false), ['sick', 'healed']);
  assert.deepEqual(healthOf(true, true), ['sick', 'still sick']);
  assert.deepEqual(healthOf(false, true), ['healthy', 'sick']);
  assert.deepEqual(healthOf(false, false), [undefined, undefined]);
});

test('a longest common subsequence is found', () => {
  const common = (a, b) => commonSubsequence(a.length, b.length, (i, j) => a[i] === b[j]).map(([i]) => a[i]).join('');
  assert.equal(common('abcbdab', 'bdcaba').length, 4);
  assert.equal(common('', 'x'), '');
  assert.equal(common('kitten', 'sitting'), 'ittn');
});

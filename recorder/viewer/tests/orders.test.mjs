import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chooser } from '../src/orders/chooser';
import { Game } from '../src/orders/game';
import { lastMeeting } from '../src/orders/meetings';
import { blockedAfter, pictureOf, runOf } from '../src/orders/state';
import { nodeOf, place, treeOf } from '../src/orders/tree';
import { challenge, sentence, summary, verdict, waitText } from '../src/orders/words';

/** Numbers that look random, the same in every run. */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * A small program: each thread has a list of operations on locks, which block, and on cells, which are
 * read and written. What a thread does next depends on what it has read.
 */
function program(random) {
  const threads = 2 + random(2);
  return Array.from({ length: threads }, () => {
    const operations = [];
    const held = [];
    const length = 1 + random(threads === 2 ? 5 : 3);
    while (operations.length < length) {
      const kind = random(5);
      const on = random(2);
      if (kind < 2 && !held.includes(on)) {
        operations.push(['lock', on]);
        held.push(on);
      } else if (kind === 2 && held.length > 0) {
        operations.push(['unlock', held.splice(random(held.length), 1)[0]]);
      } else if (kind === 3) operations.push(['read', on]);
      else operations.push(['write', on]);
    }
    return operations;
  });
}

/** The threads that can go on after these steps, each with what its step sees. */
function enabled(program, steps) {
  const at = program.map(() => 0);
  const holders = new Map();
  const cells = new Map();
  const skips = program.map(() => false);
  steps.forEach((thread, i) => {
    const [kind, on] = program[thread][at[thread]];
    at[thread] += 1;
    if (kind === 'lock') holders.set(on, thread);
    else if (kind === 'unlock') holders.delete(on);
    else if (kind === 'write') cells.set(on, i);
    // A thread that reads nothing ends.
    else if (!cells.has(on)) skips[thread] = true;
  });
  return program.flatMap((operations, thread) => {
    const operation = operations[at[thread]];
    if (!operation || skips[thread]) return [];
    const [kind, on] = operation;
    if (kind === 'lock' && holders.has(on)) return [];
    return [{ thread, operation, at: at[thread], sees: kind === 'read' ? (cells.has(on) ? 'something' : 'nothing') : '' }];
  });
}

function depends(a, b) {
  if (a.thread === b.thread) return true;
  const [[one, x], [other, y]] = [a.operation, b.operation];
  if (x !== y) return false;
  const lock = (it) => it === 'lock' || it === 'unlock';
  if (lock(one) !== lock(other)) return false;
  if (lock(one)) return true;
  return one === 'write' || other === 'write';
}

/** All orders of a program: sequences of threads with their steps. */
function allOrders(program) {
  const found = [];
  const go = (threads, steps) => {
    const next = enabled(program, threads);
    if (next.length === 0) found.push({ threads, steps });
    for (const step of next) go([...threads, step.thread], [...steps, step]);
  };
  go([], []);
  return found;
}

/** One order of each class, chosen by chance, with what comes before each step. */
function classes(orders, random) {
  const moves = new Map();
  const moveOf = (step) => {
    const key = JSON.stringify([step.thread, step.at, step.operation, step.sees]);
    if (!moves.has(key)) moves.set(key, moves.size);
    return moves.get(key);
  };
  const groups = new Map();
  for (const { steps } of orders) {
    const beforeOf = steps.map((step, i) => steps.flatMap((other, k) => (k < i && depends(other, step) ? [k] : [])));
    const name = (k) => `${steps[k].thread}.${steps[k].at}`;
    const key = steps
      .map((step, i) => `${name(i)}${step.sees}<${beforeOf[i].map(name).sort()}`)
      .sort()
      .join(' ');
    const order = { steps: steps.map((step, i) => ({ thread: step.thread, move: moveOf(step), before: beforeOf[i], isLast: false })) };
    groups.set(key, [...(groups.get(key) ?? []), order]);
  }
  return [...groups.values()].map((of) => of[random(of.length)]);
}

test('the choices are all orders of the program, and no others', () => {
  const random = numbers(11);
  let reduced = 0;
  let total = 0;
  for (let round = 0; round < 150; round += 1) {
    const threads = program(random);
    const orders = allOrders(threads);
    if (orders.length > 3000) continue;
    const all = classes(orders, random);
    const chooser = new Chooser(all, threads.length);
    const offered = [];
    const reached = new Set();
    const go = (position, path) => {
      const choices = position.choices().map((it) => it.thread);
      const possible = enabled(threads, path).map((it) => it.thread);
      assert.deepEqual(choices, possible, JSON.stringify({ threads, path }));
      if (choices.length === 0) {
        assert.equal(position.possible.length, 1);
        assert.equal(position.reached, position.possible[0]);
        reached.add(position.reached);
        offered.push(path.join());
      }
      for (const thread of choices) go(position.choose(thread), [...path, thread]);
    };
    go(chooser.start(), []);
    assert.deepEqual(offered.sort(), orders.map((it) => it.threads.join()).sort());
    assert.equal(reached.size, all.length);
    reduced += all.length;
    total += orders.length;
  }
  assert.ok(total > 5 * reduced, `${total} orders in ${reduced} classes`);
});

test('a position is the same after an undo as before', () => {
  const random = numbers(5);
  const threads = program(random);
  const chooser = new Chooser(classes(allOrders(threads), random), threads.length);
  const [first] = chooser.start().choices();
  const one = chooser.after([first.thread]);
  for (const { thread } of one.choices()) {
    const path = [first.thread, thread];
    const again = chooser.after(path.slice(0, -1));
    assert.deepEqual(again.choices(), one.choices());
    assert.deepEqual(again.possible, one.possible);
  }
  assert.equal(chooser.after([99]), undefined);
});

/** Two threads that take two locks in opposite orders, as the recorder describes them. */
function twoLocks() {
  const moves = [];
  const move = (thread, does, effects, wait) => {
    moves.push({ thread, does, intends: does, place: ['a.rs', moves.length + 1], wait, effects });
    return moves.length - 1;
  };
  const lock = (thread, primitive) =>
    move(thread, `locks ${'fork knife'.split(' ')[primitive]}`, [{ hold: { primitive, shared: false } }], {
      verb: 'lock',
      on: { primitive },
    });
  const unlock = (thread, primitive, ...more) => move(thread, 'unlocks', [{ release: { primitive } }, ...more]);
  const spawns = [1, 2].map((thread) => move(0, `spawns ${thread}`, [{ spawn: { thread } }]));
  const of = (thread, first, second) => [
    lock(thread, first),
    lock(thread, second),
    unlock(thread, second),
    unlock(thread, first, { end: {} }),
  ];
  const [anna, ben] = [of(1, 0, 1), of(2, 1, 0)];
  const join = (thread) => ({ verb: 'join', on: { thread } });
  const joins = [move(0, 'joins anna', [], join(1)), move(0, 'joins ben and ends', [{ end: {} }], join(2))];
  const waits = [move(1, 'waits to lock knife', [], { verb: 'lock', on: { primitive: 1 } }), move(2, 'waits to lock fork', [], { verb: 'lock', on: { primitive: 0 } }), move(0, 'waits to join anna', [], join(1))];
  const start = [[spawns[0], []], [spawns[1], [0]]];
  const alone = (one, other, starts) => [
    ...start,
    ...one.map((it, i) => [it, i === 0 ? [starts[0]] : [i + 1]]),
    ...other.map((it, i) => [it, i === 0 ? [starts[1], 4] : i === 1 ? [5, 6] : [i + 5]]),
    [joins[0], [1, one === anna ? 5 : 9]],
    [joins[1], [10, 9, 5]],
  ];
  return {
    program: 'table',
    threads: ['main', 'anna', 'ben'],
    channels: [],
    primitives: [
      { label: 'fork', kind: 'Mutex' },
      { label: 'knife', kind: 'Mutex' },
    ],
    files: [],
    outcomes: [
      { kind: 'ok', title: 'ended with status 0', chain: [] },
      { kind: 'hang', title: 'deadlock: anna waits', chain: [] },
    ],
    moves,
    orders: [
      { outcome: 0, steps: alone(anna, ben, [0, 1]), waiting: [], printed: '' },
      { outcome: 1, steps: [...start, [anna[0], [0]], [ben[0], [1]]], waiting: waits, printed: '' },
      { outcome: 0, steps: alone(ben, anna, [1, 0]), waiting: [], printed: '' },
    ],
  };
}

test('a game ends in the deadlock, and says who waits for whom', () => {
  const document = twoLocks();
  const game = new Game(document);
  const run = runOf(document);
  assert.equal(summary(game), '3 orders: 1 deadlock, 2 end well');
  assert.equal(challenge(game), 'Can you make it hang?');
  assert.equal(game.choose(1), false);
  // Anna goes on before ben is there: the recorded run had it the other way round.
  for (const thread of [0, 1, 0, 2]) assert.ok(game.choose(thread));
  assert.equal(game.reached, 1);
  assert.deepEqual([...game.found], [1]);
  const picture = pictureOf(document, run, game.moves, game.prospects());
  assert.deepEqual(
    [...picture.locks],
    [
      [0, [{ thread: 1, shared: false }]],
      [1, [{ thread: 2, shared: false }]],
    ],
  );
  assert.equal(
    verdict(game, run, picture, game.prospects()),
    'No thread can go on: deadlock. anna waits for knife, which ben has. ben waits for fork, which anna has. main waits until anna ends.',
  );
  game.undo();
  assert.equal(game.reached, undefined);
  assert.deepEqual(game.prospects().filter((it) => it.canGo).map((it) => it.thread), [1, 2]);
  // What was taken back is planned again.
  assert.equal(game.next(), 2);
});

test('an order that is played comes to its end', () => {
  const game = new Game(twoLocks());
  for (const order of [0, 1, 2]) {
    game.load(order);
    for (let next = game.next(); next !== undefined; next = game.next()) assert.ok(game.choose(next));
    assert.equal(game.reached, order);
  }
  assert.equal(game.seen.size, 3);
  assert.equal(game.found.size, 2);
});

/** A document with these moves, each `[thread, does, effects, wait]`, and orders. */
function documentOf(threads, { channels = [], primitives = [] }, moves, orders) {
  return {
    program: 'small',
    threads,
    channels,
    primitives,
    files: [],
    outcomes: [
      { kind: 'ok', title: 'ended with status 0', chain: [] },
      { kind: 'hang', title: 'deadlock: main waits', chain: [] },
    ],
    moves: moves.map(([thread, does, effects, wait], i) => ({ thread, does, intends: does, place: ['a.rs', i + 1], wait, effects })),
    orders,
  };
}

/** Two threads that meet at a rendezvous channel: either can come first. */
function twoThatMeet() {
  const on = { channel: 0 };
  const moves = [
    [0, 'spawns worker', [{ spawn: { thread: 1 } }]],
    [0, 'sends #1 to jobs', [{ offer: { channel: 0, message: 1, value: '7' } }], { verb: 'send', on }],
    [1, 'receives from jobs', [{ take: { channel: 0 } }], { verb: 'recv', on }],
    [1, 'ends', [{ end: {} }]],
    [0, 'joins worker and ends', [{ end: {} }], { verb: 'join', on: { thread: 1 } }],
  ];
  const steps = [[0, []], [1, [0]], [2, [0]], [3, [1, 2]], [4, [3]]];
  const channels = [{ label: 'jobs', bound: 0, senders: 1 }];
  const document = documentOf(['main', 'worker'], { channels }, moves, [{ outcome: 0, steps, waiting: [], printed: '' }]);
  const game = new Game(document);
  const run = runOf(document);
  const now = () => {
    const prospects = game.prospects();
    const picture = pictureOf(document, run, game.moves, prospects);
    return { prospects, picture, can: prospects.filter((it) => it.canGo).map((it) => it.thread), says: sentence(run, game.moves) };
  };
  return { game, run, now };
}

test('a sender has its message until the receiver of a rendezvous takes it', () => {
  const { game, run, now } = twoThatMeet();
  game.choose(0);
  assert.deepEqual(now().can, [0, 1]);
  game.choose(0);
  let { picture, prospects, can, says } = now();
  assert.deepEqual(can, [1]);
  assert.equal(says, 'main sends #1 to jobs and waits for the receiver.');
  assert.equal(waitText(run, picture, 0, prospects[0].move), 'waits for the receiver of jobs');
  assert.deepEqual(prospects[0].move.place, ['a.rs', 2]);
  assert.deepEqual(picture.workers.get(0).held, { channel: 0, number: 1, received: false });
  assert.equal(picture.belts.get(0).sent, 0);
  game.choose(1);
  ({ picture, prospects, can, says } = now());
  assert.deepEqual(can, [1]);
  assert.equal(says, 'worker receives #1 from jobs, and main goes on.');
  assert.equal(waitText(run, picture, 0, prospects[0].move), 'waits until worker ends');
  assert.equal(picture.workers.get(0).held, undefined);
  assert.deepEqual(picture.workers.get(1).held, { channel: 0, number: 1, received: true });
  assert.deepEqual([picture.belts.get(0).sent, picture.belts.get(0).received, picture.belts.get(0).depth], [1, 1, 0]);
  assert.ok(game.choose(1) && game.choose(0));
  assert.equal(game.reached, 0);
});

test('a receiver waits at a rendezvous for the first sender', () => {
  const { game, run, now } = twoThatMeet();
  game.choose(0);
  game.choose(1);
  let { picture, prospects, can, says } = now();
  assert.deepEqual(can, [0]);
  assert.equal(says, 'worker receives from jobs and waits for a message.');
  assert.equal(waitText(run, picture, 1, prospects[1].move), 'waits for a message from jobs');
  assert.equal(game.choose(1), false);
  game.choose(0);
  ({ picture, prospects, can, says } = now());
  assert.deepEqual(can, [1]);
  assert.equal(says, 'main sends #1 to jobs, and worker receives it.');
  assert.equal(picture.workers.get(0).held, undefined);
  assert.deepEqual(picture.workers.get(1).held, { channel: 0, number: 1, received: true });
  assert.deepEqual([picture.belts.get(0).sent, picture.belts.get(0).received], [1, 1]);
  assert.ok(game.choose(1) && game.choose(0));
  assert.equal(game.reached, 0);
});

test('senders that wait at a rendezvous are served in turn', () => {
  const offer = (message) => [{ offer: { channel: 0, message, value: null } }];
  const move = (thread, effects) => ({ thread, effects });
  const take = move(0, [{ take: { channel: 0 } }]);
  const moves = [move(2, offer(1)), move(1, offer(2)), take];
  assert.deepEqual(lastMeeting(moves), { channel: 0, message: 1, sender: 2, receiver: 0 });
  assert.deepEqual(lastMeeting([...moves, take]), { channel: 0, message: 2, sender: 1, receiver: 0 });
  assert.equal(lastMeeting([...moves, take, take]), undefined);
  assert.deepEqual([...blockedAfter(moves).keys()], [1]);
  assert.deepEqual([...blockedAfter([...moves, take, take]).keys()], [0]);
  // The other end is gone.
  const finds = move(1, []);
  assert.equal(blockedAfter([...moves, finds]).size, 0);
});

test('a writer that waits keeps others from reading', () => {
  const on = { primitive: 0 };
  const moves = [
    [0, 'spawns writer', [{ spawn: { thread: 1 } }]],
    [0, 'locks table for reading', [{ hold: { primitive: 0, shared: true } }], { verb: 'read', on }],
    [1, 'waits to lock table for writing', [{ queue: { primitive: 0 } }], { verb: 'write', on }],
    [0, 'waits to lock table for reading', [], { verb: 'read', on }],
    [0, 'unlocks table and writer gets it', [{ release: { primitive: 0 } }, { handOver: { primitive: 0, thread: 1 } }]],
    [1, 'unlocks table and ends', [{ release: { primitive: 0 } }, { end: {} }]],
  ];
  const primitives = [{ label: 'table', kind: 'RwLock' }];
  const start = [[0, []], [1, [0]], [2, [1]]];
  const ends = (orders) => {
    const document = documentOf(['main', 'writer'], { primitives }, moves, orders);
    const game = new Game(document);
    for (const thread of [0, 0, 1]) assert.ok(game.choose(thread));
    const run = runOf(document);
    const picture = () => pictureOf(document, run, game.moves, game.prospects());
    return { game, run, picture };
  };
  const hang = ends([{ outcome: 1, steps: start, waiting: [3], printed: '' }]);
  assert.equal(
    verdict(hang.game, hang.run, hang.picture(), hang.game.prospects()),
    'No thread can go on: deadlock. main waits to read table until writer has written. writer waits for table, which main has.',
  );
  const { game, picture } = ends([{ outcome: 0, steps: [...start, [4, [2]], [5, [3]]], waiting: [], printed: '' }]);
  assert.deepEqual(game.prospects().map((it) => it.canGo), [true, false]);
  game.choose(0);
  assert.deepEqual(picture().locks.get(0), [{ thread: 1, shared: false }]);
  assert.deepEqual(game.prospects().map((it) => [it.thread, it.canGo]), [[1, true]]);
});

test('the tree branches where orders differ', () => {
  const game = new Game(twoLocks());
  const { tree } = game;
  assert.deepEqual(tree.leaves, [0, 1, 2]);
  // Anna or ben first; after anna, she again or ben.
  assert.deepEqual(tree.children.map((it) => it.leaves), [[0, 1], [2]]);
  assert.deepEqual(nodeOf(tree, [0, 1]).leaves, [0, 1]);
  assert.equal(nodeOf(tree, [2]).children.length, 0);
  const { nodes, rows } = place(tree, () => false);
  assert.equal(rows, 3);
  assert.equal(nodes.length, 5);
  const folded = place(tree, (node) => node !== tree);
  assert.equal(folded.rows, 2);
  assert.equal(treeOf([{ steps: [] }]).children.length, 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NONE } from '../src/data/chunk';
import { placeOn } from '../src/belt/boxes';
import { layout, layoutInside } from '../src/belt/layout';
import { plan } from '../src/belt/plan';
import { queueOf, stateAt } from '../src/belt/state';
import { cutValue, stateName, statusOf, withoutMarks, wrapText } from '../src/belt/status';
import { Uses } from '../src/belt/uses';
import { MadeUpRun, randomRun } from './made-up-run.mjs';

/** What a picture shows, as plain data. */
function plain(run, picture) {
  return {
    step: picture.step,
    time: picture.time,
    move: picture.move,
    workers: [...picture.workers].sort(([a], [b]) => a - b),
    names: run.threads.map((_, thread) => stateName(run, picture.workers.get(thread))),
    belts: [...picture.belts]
      .sort(([a], [b]) => a - b)
      .map(([channel, belt]) => [channel, belt.depth, belt.senders, belt.receivers, queueOf(belt, 1000).waiting]),
  };
}

/** The picture of each step, from chunks of this size. */
function pictures(made, size) {
  return made.chunks(size).flatMap((chunk) =>
    Array.from({ length: chunk.length }, (_, i) => stateAt(made.run, chunk, chunk.firstStep + i)),
  );
}

test('a picture is the same forward, backward and after a jump', () => {
  const made = randomRun(7, 400);
  const chunks = made.chunks(97);
  const chunkOf = (step) => chunks[Math.floor(step / 97)];
  const at = (step) => plain(made.run, stateAt(made.run, chunkOf(step), step));
  const steps = made.events.map((_, step) => step);
  const forward = steps.map(at);
  const backward = steps.toReversed().map(at).reverse();
  assert.deepEqual(backward, forward);
  for (const step of [399, 0, 250, 97, 96, 13]) assert.deepEqual(at(step), forward[step]);
});

test('belts have the messages that a plain queue has, at every step, whatever the chunks', () => {
  for (const seed of [1, 2, 3]) {
    const made = randomRun(seed, 600);
    for (const size of [600, 64, 7]) {
      pictures(made, size).forEach((picture, step) => {
        made.after[step].queues.forEach((queue, channel) => {
          const belt = picture.belts.get(channel);
          assert.deepEqual(belt ? queueOf(belt, 1000).waiting : [], queue, `step ${step} of ${size}`);
        });
      });
    }
  }
});

test('the depth of a belt is that of the event', () => {
  const made = randomRun(4, 500);
  pictures(made, 50).forEach((picture, step) => {
    const { channel, depth } = made.events[step];
    if (depth !== undefined) assert.equal(picture.belts.get(channel).depth, depth);
  });
});

test('threads wait and live as in the events, whatever the chunks', () => {
  const made = randomRun(5, 300);
  for (const size of [300, 11]) {
    pictures(made, size).forEach((picture, step) => {
      const workers = [...picture.workers];
      const waits = workers.filter(([, it]) => it.wait).map(([thread]) => thread);
      const alive = workers.filter(([, it]) => it.life === 'alive').map(([thread]) => thread);
      assert.deepEqual(waits.sort(), made.after[step].waits.sort());
      assert.deepEqual(alive.sort(), made.after[step].alive.sort());
    });
  }
});

function relay() {
  const made = new MadeUpRun({
    threads: ['main', 'worker'],
    channels: [{ label: 'jobs', bound: 1 }],
  });
  made.make(0, 0); // 0
  made.start(1); // 1
  made.wait(1, 0, 'recv'); // 2
  made.send(0, 0, '"one"'); // 3
  made.endWait(1, 0, 'recv'); // 4
  made.receive(1, 0); // 5
  made.send(0, 0, '"two"'); // 6
  made.wait(0, 0, 'send'); // 7
  made.receive(1, 0); // 8
  made.endWait(0, 0, 'send'); // 9
  made.send(0, 0, '"three"'); // 10
  made.dropSender(0, 0); // 11
  made.end(1, true); // 12
  made.dropReceiver(0, 0); // 13
  return made;
}

test('a worker holds the message that it received last, or that it waits to send', () => {
  const shown = pictures(relay(), 100);
  const held = (step, thread) => shown[step].workers.get(thread).held;
  assert.equal(held(3, 1), undefined);
  assert.deepEqual(held(5, 1), { channel: 0, number: 1, received: true });
  assert.deepEqual(held(7, 0), { channel: 0, number: 3, received: false });
  assert.equal(held(10, 0), undefined);
  assert.equal(held(12, 1), undefined);
});

test('a send that never ends holds a message that is not known', () => {
  const made = relay();
  const [chunk] = made.chunks(8);
  assert.equal(stateAt(made.run, chunk, 7).workers.get(0).held.number, NONE);
});

test('a send that has handed its message over waits until it returns', () => {
  const made = new MadeUpRun({ threads: ['a', 'b'], channels: [{ label: 'c', bound: 0 }] });
  made.make(0, 0);
  made.wait(0, 0, 'send');
  made.endWait(0, 0, 'send');
  made.send(0, 0); // 3
  made.receive(1, 0); // 4
  made.returns(0, 0); // 5
  const shown = pictures(made, 100);
  const states = [3, 4, 5].map((step) => stateName(made.run, shown[step].workers.get(0)));
  assert.deepEqual(states, ['waiting in send', 'waiting in send', 'running']);
  assert.equal(statusOf(made.run, shown[4], 0), 'hands over');
  assert.equal(shown[4].workers.get(0).held, undefined);
});

test('ends of a belt and of threads are counted', () => {
  const made = relay();
  const shown = pictures(made, 100);
  assert.equal(shown[1].belts.get(0).senders, 1);
  assert.equal(shown[11].belts.get(0).senders, 0);
  assert.equal(shown[13].belts.get(0).receivers, 0);
  assert.equal(stateName(made.run, shown[0].workers.get(1)), 'absent');
  assert.equal(stateName(made.run, shown[12].workers.get(1)), 'panicked');
});

test('a status says what a worker waits for', () => {
  const made = relay();
  const shown = pictures(made, 100);
  assert.equal(statusOf(made.run, shown[2], 1), 'waits: jobs is empty');
  assert.equal(stateName(made.run, shown[2].workers.get(1)), 'waiting in recv');
  assert.equal(statusOf(made.run, shown[7], 0), 'waits: jobs is full');
  assert.equal(statusOf(made.run, shown[8], 1), 'runs');
});

test('receives of several threads that are recorded out of order leave the right messages', () => {
  const made = new MadeUpRun({ threads: ['a'], channels: [{ label: 'c' }] });
  made.make(0, 0);
  for (let i = 0; i < 4; i += 1) made.send(0, 0);
  made.queues[0] = [2, 1, 3, 4];
  made.receive(0, 0);
  made.receive(0, 0);
  const [chunk] = made.chunks(100);
  assert.deepEqual(queueOf(stateAt(made.run, chunk, 5).belts.get(0), 9).waiting, [1, 3, 4]);
  assert.deepEqual(queueOf(stateAt(made.run, chunk, 6).belts.get(0), 9).waiting, [3, 4]);
});

test('a message for which the belt has no room any more is leaving it', () => {
  const made = new MadeUpRun({ threads: ['a', 'b'], channels: [{ label: 'c', bound: 2 }] });
  made.make(0, 0);
  for (let i = 0; i < 3; i += 1) made.send(0, 0);
  // As the recorder shows it: never more messages than there is room for.
  made.events.at(-1).depth = 2;
  made.receive(1, 0);
  const [chunk] = made.chunks(100);
  const queue = (step) => queueOf(stateAt(made.run, chunk, step).belts.get(0), 9);
  assert.deepEqual(queue(2), { leaving: [], waiting: [1, 2] });
  assert.deepEqual(queue(3), { leaving: [1], waiting: [2, 3] });
  assert.deepEqual(queue(4), { leaving: [], waiting: [2, 3] });
});

function planOf(made) {
  const uses = new Uses();
  for (const chunk of made.chunks(10_000)) uses.addChunk(made.run, chunk);
  return plan(made.run, uses.of(made.run));
}

function pipeline(stages) {
  const threads = Array.from({ length: stages }, (_, i) => `stage ${i}`);
  const channels = threads.slice(1).map((_, i) => ({ label: `belt ${i}` }));
  const made = new MadeUpRun({ threads, channels });
  channels.forEach((_, channel) => {
    made.make(channel, channel);
    made.send(channel, channel);
    made.receive(channel + 1, channel);
  });
  return made;
}

test('a pipeline reads from left to right', () => {
  const { columns, gaps } = planOf(pipeline(3));
  assert.deepEqual(columns, [[0], [1], [2]]);
  assert.deepEqual(gaps.map((it) => it.map((slot) => slot.channels)), [[[0]], [[1]], []]);
});

test('answers run back on a belt of their own', () => {
  const made = new MadeUpRun({
    threads: ['client', 'server'],
    channels: [{ label: 'requests' }, { label: 'answers' }],
  });
  made.make(0, 0);
  made.make(0, 1);
  made.send(0, 0);
  made.receive(1, 0);
  made.send(1, 1);
  made.receive(0, 1);
  const { columns, gaps } = planOf(made);
  assert.deepEqual(columns, [[0], [1]]);
  assert.deepEqual(gaps[0].map((it) => it.forward), [true, false]);
});

test('those who ask first stand before the one who answers', () => {
  const made = new MadeUpRun({
    threads: ['main', 'server', 'client'],
    channels: [{ label: 'requests' }, { label: 'answers' }],
  });
  made.run.threadOrder = [0, 2, 1];
  made.make(0, 0);
  made.make(0, 1);
  for (const asks of [0, 2]) made.send(asks, 0);
  for (let i = 0; i < 2; i += 1) made.receive(1, 0);
  made.send(1, 1);
  made.receive(2, 1);
  assert.deepEqual(planOf(made).columns, [[0, 2], [1]]);
});

test('a thread that also sends to itself stands where it receives', () => {
  const made = new MadeUpRun({ threads: ['main', 'writer'], channels: [{ label: 'letters' }] });
  made.make(0, 0);
  made.send(1, 0);
  made.receive(0, 0);
  made.send(0, 0);
  const { columns, gaps } = planOf(made);
  assert.deepEqual(columns, [[1], [0]]);
  assert.equal(gaps[0][0].forward, true);
});

function overlap(a, b) {
  const e = 0.01;
  return (
    a.x + e < b.x + b.width &&
    b.x + e < a.x + a.width &&
    a.y + e < b.y + b.height &&
    b.y + e < a.y + a.height
  );
}

/** Several threads that send to one. */
function many(senders) {
  const threads = ['sink', ...Array.from({ length: senders }, (_, i) => `producer ${i}`)];
  const made = new MadeUpRun({ threads, channels: [{ label: 'c', bound: 3 }] });
  made.make(0, 0);
  for (let i = 1; i <= senders; i += 1) {
    made.send(i, 0);
    made.receive(0, 0);
  }
  made.run.threadOrder.push(made.run.threadOrder.shift());
  return made;
}

test('nothing overlaps, and nothing is cut off at the sides', () => {
  for (const made of [pipeline(2), pipeline(3), pipeline(12), many(4), many(9), many(40)]) {
    for (const [width, height] of [[900, 500], [1400, 800]]) {
      for (const arrange of [layout, layoutInside]) {
        const arranged = arrange(planOf(made), width, height, 14);
        const boxes = [...arranged.workers, ...arranged.belts];
        assert.equal(arranged.workers.length, made.run.threads.length);
        for (const [i, box] of boxes.entries()) {
          assert.ok(box.x >= 0 && box.x + box.width <= arranged.width + 0.01, `${box.x} of ${arranged.width}`);
          assert.ok(box.y >= 0 && box.y + box.height <= arranged.height + 0.01);
          for (const other of boxes.slice(i + 1)) assert.ok(!overlap(box, other), 'overlap');
        }
      }
    }
  }
});

test('a picture that must fit has larger text than one that is made smaller until it does', () => {
  for (const made of [pipeline(2), many(3)]) {
    for (const [width, height] of [[640, 230], [780, 260], [1100, 500]]) {
      const text = ({ unit, ...size }) => unit * Math.min(width / size.width, height / size.height, 1);
      const scrolled = text(layout(planOf(made), width, height, 14));
      const inside = text(layoutInside(planOf(made), width, height, 14));
      // Text that is large enough already makes room for larger figures.
      assert.ok(inside >= Math.min(scrolled, 14 * 0.85) - 0.01, `${inside} < ${scrolled}`);
    }
  }
});

test('the oldest message stands at the end of the belt', () => {
  const arranged = layout(planOf(pipeline(2)), 1000, 500, 14);
  const [belt] = arranged.belts;
  assert.ok(belt.slot.forward);
  assert.ok(placeOn(belt, 0).x > placeOn(belt, 1).x);
});

test('text is wrapped at spaces, and shortened', () => {
  assert.deepEqual(wrapText('waits: anna\u00a0to\u00a0ben is full', 19, 2), ['waits: anna\u00a0to\u00a0ben', 'is full']);
  assert.deepEqual(wrapText('waits: jobs is empty', 12, 2), ['waits: jobs', 'is empty']);
  assert.deepEqual(wrapText('runs', 12, 2), ['runs']);
  assert.deepEqual(wrapText('abcdefghijklmnopqrstuvwxyz', 10, 2), ['abcdefghij', 'klmnopqrstu…']);
});

test('a tuple that is cut shows the number at its end', () => {
  assert.equal(withoutMarks('("anna", 1)'), 'anna 1');
  assert.equal(withoutMarks('"(a, b) c"'), '"(a, b) c"');
  assert.equal(cutValue('carla 3', 4), 'ca… 3');
  assert.equal(cutValue('carla 3', 2), 'ca…');
  assert.equal(cutValue('a long letter', 4), 'a lo…');
  assert.equal(cutValue('123456', 2), '…56');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventView } from '../src/data/event';
import { journeyOf } from '../src/message/journey';
import { partsOf, totalsOf } from '../src/message/parts';
import { slowest } from '../src/message/slowest';
import { MadeUpRun } from './made-up-run.mjs';

/** A model of a run in chunks of this size. */
function modelOf(made, size) {
  const chunks = made.chunks(size);
  const at = (step) => chunks[Math.floor(step / size)];
  const event = (step) => eventView(made.run, at(step), step - at(step).firstStep);
  const steps = made.events.map((_, step) => step);
  return {
    run: made.run,
    index: { first: 0, chunks: chunks.map(() => []), open: null, steps: steps.length },
    chunkOf: (step) => at(step).number,
    chunk: async (number) => chunks[number],
    event: async (step) => event(step),
    find: async (thread, time) =>
      steps.find((step) => event(step).thread === thread && event(step).time === time),
    message: async (channel, number) => {
      const ofIt = steps.map(event).filter((it) => it.target?.index === channel && it.message === number);
      return {
        sent: ofIt.find((it) => it.kind.send)?.step,
        received: ofIt.find((it) => it.kind.receive)?.step,
      };
    },
  };
}

/** A request that a server answers, with a word to a log; a second request is never received. */
function exchange() {
  const made = new MadeUpRun({
    threads: ['client', 'server', 'log'],
    channels: [{ label: 'requests' }, { label: 'answers' }, { label: 'lines' }],
  });
  for (const channel of [0, 1, 2]) made.make(0, channel);
  made.send(0, 0, 'ask'); // 4000
  made.receive(1, 0); // 5000
  made.send(1, 1, 'answer', { cause: 5000, after: 5000, waited: 2000 }); // 10000
  made.send(1, 2, 'line', { cause: 5000 }); // 11000
  made.receive(0, 1); // 12000
  made.send(0, 0, 'again', { cause: 12000 }); // 13000
  made.receive(2, 2); // 14000
  return made;
}

test('a journey leads from the first cause to the last consequence', async () => {
  for (const size of [100, 3]) {
    const model = modelOf(exchange(), size);
    const journey = await journeyOf(model, { channel: 1, number: 1 });
    assert.deepEqual(
      journey.hops.map((it) => [it.channel, it.number, it.value]),
      [[0, 1, 'ask'], [1, 1, 'answer'], [0, 2, 'again']],
    );
    assert.equal(journey.selected, 1);
    assert.equal(journey.hops[2].received, undefined);
    assert.deepEqual(journey.hops[0].caused, [{ channel: 1, number: 1 }, { channel: 2, number: 1 }]);
  }
});

test('the time of a journey is in queues, with threads, and in sends that wait', async () => {
  const journey = await journeyOf(modelOf(exchange(), 100), { channel: 0, number: 1 });
  const parts = partsOf(journey, () => 20_000);
  assert.deepEqual(
    parts.map(({ kind, begin, end }) => [kind, begin, end]),
    [
      ['queue', 4000, 5000],
      ['work', 5000, 8000],
      ['send', 8000, 10_000],
      ['queue', 10_000, 12_000],
      ['work', 12_000, 13_000],
      ['queue', 13_000, 20_000],
    ],
  );
  assert.deepEqual(totalsOf(parts), { queue: 10_000, work: 4000, send: 2000, all: 16_000 });
});

test('another consequence has the same cause', async () => {
  const journey = await journeyOf(modelOf(exchange(), 100), { channel: 2, number: 1 });
  assert.deepEqual(journey.hops.map((it) => it.value), ['ask', 'line']);
  assert.equal(journey.selected, 1);
});

test('a message without events has an empty journey', async () => {
  const journey = await journeyOf(modelOf(exchange(), 100), { channel: 2, number: 7 });
  assert.equal(journey.hops.length, 1);
  assert.deepEqual(partsOf(journey, () => 0), []);
});

test('a run without messages has no slowest one', async () => {
  const made = new MadeUpRun({ threads: ['a'], channels: [{ label: 'c' }] });
  made.make(0, 0);
  assert.equal(await slowest(modelOf(made, 100), undefined), undefined);
});

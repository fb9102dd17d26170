import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventView } from '../src/data/event';
import { lengthOfWait } from '../src/timeline/walk';
import { MadeUpRun } from './made-up-run.mjs';

test('a wait is as long as the event of its end, also in a later chunk', async () => {
  const made = new MadeUpRun({ threads: ['main', 'worker'], channels: [{ label: 'jobs' }] });
  made.make(0, 0);
  made.wait(1, 0, 'recv');
  const began = made.events.length - 1;
  for (let n = 0; n < 6; n++) made.send(0, 0, `job ${n}`);
  made.endWait(1, 0, 'recv');
  made.receive(1, 0);
  made.wait(0, 0, 'recv');
  const open = made.events.length - 1;
  for (const size of [3, 100]) {
    const chunks = made.chunks(size);
    const at = (step) => chunks[Math.floor(step / size)];
    const event = async (step) => eventView(made.run, at(step), step - at(step).firstStep);
    const model = {
      run: made.run,
      index: { first: 0, chunks, open: null },
      chunkOf: (step) => at(step).number,
      chunk: async (number) => chunks[number],
      event,
    };
    const wait = await event(began);
    assert.equal(wait.kind.group, 'waitBegan');
    assert.equal(await lengthOfWait(model, wait), 7000);
    assert.equal(await lengthOfWait(model, await event(open)), undefined, 'it does not end');
  }
});

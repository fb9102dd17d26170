import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findInChunks, findNamed, timeOf } from '../src/app/find.ts';
import { FileSource } from '../src/data/file-source.ts';
import { openModel } from '../src/data/open.ts';
import { makeFile, makeRun } from './support/run.mjs';

const made = makeRun(5, 500);
const { document, bytes } = makeFile(made);
const model = await openModel(new FileSource(document, () => bytes));

const inChunks = async (query) => {
  const found = [];
  for await (const progress of findInChunks(model, query, () => false)) found.push(...progress.found);
  return found;
};

test('names, times and messages are found', async () => {
  const [thread] = await findNamed(model, 'MAI');
  assert.deepEqual([thread.kind, thread.title, thread.lead], ['thread', 'main', { lanes: ['t0'] }]);
  const [channel] = await findNamed(model, 'jobs');
  assert.deepEqual([channel.kind, channel.lead], ['channel', { lanes: ['c0'] }]);
  const [message] = await findNamed(model, 'jobs#7');
  assert.equal(message.detail, '“job 7”');
  assert.deepEqual(message.lead.message, { channel: 0, number: 7 });
  const [time] = await findNamed(model, '20 µs');
  assert.ok((await model.event(time.lead.step)).time <= 20_000);
  assert.deepEqual([timeOf('1.5ms'), timeOf('2 s'), timeOf('7'), timeOf('ms')], [1.5e6, 2e9, undefined, undefined]);
});

test('values are found where they are sent, places where they are first', async () => {
  const values = await inChunks('job 77');
  assert.ok(values.every(({ title }) => title.includes('job 77')));
  const { step, message } = values[0].lead;
  assert.equal((await model.event(step)).text, 'job 77');
  assert.equal(message.number, 77);
  const [place] = await inChunks('main.rs:3');
  assert.deepEqual([place.kind, place.title], ['place', 'src/main.rs:3']);
  assert.equal((await model.event(place.lead.step)).place, 0);
  assert.equal((await inChunks('job')).length, 100, 'no more than can be listed');
  assert.deepEqual(await inChunks('nowhere'), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileSource } from '../src/data/file-source.ts';
import { merge } from '../src/data/growth.ts';
import { HttpSource } from '../src/data/http-source.ts';
import { openModel } from '../src/data/open.ts';
import { Unreachable } from '../src/data/source.ts';
import { makeFile, makeRun } from './support/run.mjs';
import { serve } from './support/server.mjs';

const { document, bytes } = makeFile(makeRun(20, 1000));
document.report = { findings: [] };
document.index.report = 1;

const until = async (isTrue) => {
  for (let i = 0; i < 100 && !isTrue(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(isTrue());
};

test('a served run is the same as one in a file', async () => {
  const server = await serve({ document, bytes });
  const served = await openModel(new HttpSource(server.address));
  const file = await openModel(new FileSource(document, () => bytes));
  const { end } = document.index;
  assert.deepEqual(await served.window(0, end, 500), await file.window(0, end, 500));
  const chunks = server.requests.filter((path) => path.startsWith('/chunks/'));
  assert.deepEqual(chunks, ['/chunks/0-15', '/chunks/16-19'], 'neighbours are one request');
  assert.deepEqual(await served.event(5000), await file.event(5000));
  assert.deepEqual(await served.sourceOf(0), document.sources[0]);
  assert.equal(await served.sourceOf(9), undefined);
  assert.deepEqual(served.report, { findings: [] });
  const asked = server.requests.length;
  await served.window(0, end, 500);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(server.requests.length, asked, 'a complete run is not asked for again');
  await server.close();
});

test('a run grows while it is shown, and its last chunk with it', async () => {
  const state = { bytes, document: { ...document, report: undefined } };
  const grow = (closed, open, report) => {
    const { chunks } = document.index;
    state.document.index = {
      ...document.index,
      revision: closed * 2 + open,
      report,
      live: report === 0,
      done: report > 0,
      chunks: chunks.slice(0, closed),
      open: open ? chunks[closed] : null,
      until: chunks[closed + open - 1][1],
      steps: (closed + open) * 1000,
      levels: [],
    };
    if (report) state.document.report = { findings: [] };
  };
  grow(3, 1, 0);
  const server = await serve(state);
  const model = await openModel(new HttpSource(server.address));
  assert.equal(model.report, undefined);
  assert.equal((await model.event(3999)).step, 3999);
  let changes = 0;
  model.onChange(() => changes++);
  grow(7, 1, 0);
  await until(() => changes > 0);
  assert.equal(model.index.chunks.length, 7);
  assert.equal((await model.event(7500)).step, 7500);
  assert.equal((await model.event(3500)).step, 3500, 'a chunk that is complete now');
  grow(20, 0, 1);
  await until(() => model.report !== undefined);
  assert.equal(model.index.chunks.length, 20);
  assert.equal(await model.stepAt(document.index.end), 19_999);
  await server.close();
});

test('a server that is gone is named, and what is known stays', async () => {
  const index = { ...document.index, live: true, done: false };
  const server = await serve({ bytes, document: { ...document, index } });
  const model = await openModel(new HttpSource(server.address));
  await model.event(500);
  await server.close();
  await until(() => model.trouble !== undefined);
  assert.match(model.trouble, /has ended, or cannot be reached/);
  assert.equal((await model.event(600)).step, 600);
  await assert.rejects(model.event(15_000), /cannot be reached/);
  // It would ask again and again, and the test would not end.
  model.close();
});

test('the warning of an outage ends with the next answer', async () => {
  const source = new FileSource(document, () => bytes);
  let isGone = true;
  source.chunk = async (n) => {
    if (isGone) throw new Unreachable();
    return FileSource.prototype.chunk.call(source, n);
  };
  const model = await openModel(source);
  await assert.rejects(model.event(500), /cannot be reached/);
  assert.match(model.trouble, /cannot be reached/);
  isGone = false;
  assert.equal((await model.event(500)).step, 500);
  assert.equal(model.trouble, undefined);
});

test('chunks that are not kept any more leave the index', () => {
  const index = (first, chunks) => ({ ...document.index, first, chunks });
  const all = document.index.chunks;
  assert.deepEqual(merge(index(0, all.slice(0, 5)), index(2, all.slice(5, 7)), 5), index(2, all.slice(2, 7)));
  assert.deepEqual(merge(index(0, all.slice(0, 5)), index(9, all.slice(9, 12)), 5), index(9, all.slice(9, 12)));
  assert.deepEqual(merge(index(3, all.slice(3, 5)), index(3, []), 5), index(3, all.slice(3, 5)));
});

#!/usr/bin/env node
// Takes pictures of our own page, for the README, docs/ and the course.
//
//   pictures.mjs RECORDER DIR STEM...
//
// Exports STEM.rec as a page and writes DIR/NAME.TAB.png for each of the pictures below, twice as
// sharp as it is on a screen.
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBrowser } from './browser.mjs';
import { Recorder } from './recorder.mjs';

/** For each run: which tabs, with the link that leads to the view, and the size in pixels. */
const PICTURES = {
  two_workers: [{ tab: 'timeline', hash: '#timeline', width: 1200, height: 470 }],
  hello_channel: [{ tab: 'belt', hash: '#belt&step=6', width: 1200, height: 560 }],
  pipeline: [
    { tab: 'timeline', hash: '#timeline', width: 1400, height: 760 },
    { tab: 'belt', hash: '#belt&step=60', width: 1200, height: 680 },
  ],
  deadlock: [{ tab: 'why', hash: '#why', width: 1400, height: 820 }],
  forgotten_sender: [{ tab: 'why', hash: '#why', width: 1400, height: 735 }],
};

const [command, to, ...stems] = process.argv.slice(2);
const here = fileURLToPath(new URL('.', import.meta.url));
const recorder = new Recorder(command, join(here, '../..'));
const cache = execFileSync(join(here, '../browser/setup'), { encoding: 'utf8' }).trim();
const browser = await startBrowser(cache);

async function take(name, { tab, hash, width, height }) {
  const viewport = { width, height };
  const options = { hash, viewport, deviceScaleFactor: 2, colorScheme: 'light' };
  const view = await browser.openFile(join(to, `${name}.html`), options);
  try {
    await view.ready();
    await view.show(tab);
    // The answers to the requests of the tab come in several turns.
    await view.page.waitForTimeout(500);
    await view.still();
    await view.page.screenshot({ path: join(to, `${name}.${tab}.png`) });
    if (view.problems.length) throw new Error(`${name}: ${view.problems.join('\n')}`);
  } finally {
    await view.close();
  }
}

try {
  for (const stem of stems) {
    const name = basename(stem);
    if (!(name in PICTURES)) continue;
    recorder.export(`${stem}.rec`, join(to, name), 'html');
    for (const picture of PICTURES[name]) await take(name, picture);
  }
} finally {
  await browser.close();
}

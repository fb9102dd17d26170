#!/usr/bin/env node
// Opens our own page in a headless browser and checks what it shows.
//
//   check.mjs --recorder COMMAND --programs DIR --traces DIR [--shots DIR] [--only NAME]...
//
// --programs has the test programs. Every recording of the gallery is exported into
// the DIR of --traces. --shots writes pictures of every run on every tab. --only runs some of the
// groups of checks.
// Prints a line for each check, then those that failed; exit status 1 if any did.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startBrowser } from './browser.mjs';
import { checkBelt } from './checks/belt.mjs';
import { checkFindings } from './checks/findings.mjs';
import { checkHostile } from './checks/hostile.mjs';
import { checkKeyboard } from './checks/keyboard.mjs';
import { checkLesson } from './checks/lesson.mjs';
import { checkLinks } from './checks/links.mjs';
import { checkLive } from './checks/live.mjs';
import { checkLooks } from './checks/looks.mjs';
import { checkOffline } from './checks/offline.mjs';
import { checkOrders } from './checks/orders.mjs';
import { checkServed } from './checks/served.mjs';
import { checkSlides } from './checks/slides.mjs';
import { checkSums } from './checks/sums.mjs';
import { Recorder } from './recorder.mjs';
import { Report } from './report.mjs';

const GROUPS = {
  offline: checkOffline,
  belt: checkBelt,
  sums: checkSums,
  findings: checkFindings,
  hostile: checkHostile,
  keyboard: checkKeyboard,
  lesson: checkLesson,
  links: checkLinks,
  looks: checkLooks,
  orders: checkOrders,
  served: checkServed,
  live: checkLive,
  slides: checkSlides,
};

const { values: { recorder: command, programs, traces, shots, only } } = parseArgs({
  options: {
    recorder: { type: 'string' },
    programs: { type: 'string' },
    traces: { type: 'string' },
    shots: { type: 'string' },
    only: { type: 'string', multiple: true, default: Object.keys(GROUPS) },
  },
});
if (shots) mkdirSync(shots, { recursive: true });

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const recorder = new Recorder(command, root);
const gallery = join(root, 'traces/gallery');
const runs = readdirSync(gallery).filter((file) => file.endsWith('.rec')).map((file) => {
  const name = basename(file, '.rec');
  const [recording, stem] = [join(gallery, file), join(traces, name)];
  recorder.export(recording, stem, 'html', 'json', 'txt');
  return { name, recording, html: `${stem}.html`, json: `${stem}.json`, txt: `${stem}.txt` };
});
const runOf = (name) => {
  const run = runs.find((it) => it.name === name);
  if (!run) throw new Error(`the gallery has no ${name}`);
  return run;
};

const report = new Report();
const cache = execFileSync(join(here, '../browser/setup'), { encoding: 'utf8' }).trim();
const browser = await startBrowser(cache);
try {
  for (const name of only) {
    const began = performance.now();
    try {
      await GROUPS[name]({ browser, report, recorder, programs, runs, runOf, traces, shots });
    } catch (error) {
      report.check(name, 'comes to its end', [error.message]);
    }
    console.log(`     ${name} took ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
} finally {
  await browser.close();
}
process.exitCode = report.finish();

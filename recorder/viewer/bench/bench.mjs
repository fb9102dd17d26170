#!/usr/bin/env node
// Measures the page in a real browser, beside the Perfetto UI. See README.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startBrowser } from './browser.mjs';
import { killAll, Recorder } from './recorder.mjs';
import { rowsOf } from './rows/index.mjs';
import { serveUi } from './rows/perfetto.mjs';
import { Runs } from './runs.mjs';
import { day, machine, processor, Table } from './table.mjs';

const { values: options } = parseArgs({
  options: {
    recorder: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    huge: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});
const maxRounds = Number(options.rounds);
const scale = Number(options.scale);

const root = fileURLToPath(new URL('../../..', import.meta.url));
const setup = (name) => execFileSync(join(root, '.ci', name, 'setup'), { encoding: 'utf8' }).trim();
const note = (text) => console.error(`${new Date().toTimeString().slice(0, 8)} ${text}`);

/** Builds the recorder of this workspace. Returns its path. */
function build() {
  const cargo = (...args) => execFileSync('cargo', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cargo('build', '--release', '--locked', '--package', 'chanscope', '--bin', 'recorder');
  const { target_directory } = JSON.parse(cargo('metadata', '--format-version', '1', '--no-deps'));
  return join(target_directory, 'release', 'recorder');
}

/** The rows take turns. What fails is reported, and missing in the table. */
async function measureAll(rows) {
  for (const row of rows) row.results = [];
  for (let round = 0; round < maxRounds; round++) {
    for (const row of rows) {
      if (round >= row.maxRounds) continue;
      const what = `round ${round + 1}, ${row.name}`;
      try {
        row.results.push(await row.measure());
        note(`${what}: measured`);
      } catch (error) {
        row.hasFailed = true;
        note(`${what} FAILED: ${error.message}`);
      }
    }
  }
}

function save(text) {
  const folder = fileURLToPath(new URL('results', import.meta.url));
  const name = `${day()}-${processor().toLowerCase().replace(/[^a-z0-9]+/g, '-')}.md`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
  note(`saved results/${name}`);
}

const recorder = new Recorder(options.recorder ? resolve(options.recorder) : build());
setup('browser');
const cache = setup('perfetto');
const directory = mkdtempSync(join(tmpdir(), 'viewer-bench-'));
process.on('exit', () => {
  killAll();
  rmSync(directory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const browser = await startBrowser(cache);
const ui = await serveUi(cache);
try {
  const runs = new Runs(recorder, directory, scale);
  const rows = rowsOf({ browser, recorder, runs, ui, scale })
    .filter(({ name }) => !options.only || options.only.some((part) => name.includes(part)))
    .filter(({ isHuge }) => options.huge || !isHuge);
  await measureAll(rows);

  const table = new Table();
  for (const row of rows) row.fill(table, row.results);
  const text = `# The page in a browser\n\n${machine(browser)}\n\n${table}\n`;
  console.log(text);
  if (options.save) save(text);
  const failed = rows.filter(({ hasFailed }) => hasFailed).map(({ name }) => name);
  if (failed.length) {
    note(`not all rounds could be measured: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
} finally {
  ui.close();
  await browser.close();
}

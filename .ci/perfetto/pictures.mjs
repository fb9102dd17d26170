#!/usr/bin/env node
// Takes the gallery's pictures: what `recorder open` shows of each recording, in a window as high as
// the tracks need.
//
//   pictures.mjs RECORDER DIR STEM...
//
// Opens STEM.rec with `recorder open` in the real Perfetto UI and writes DIR/NAME.png.
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openByRecorder } from './opening.mjs';
import { startUi } from './ui.mjs';

/** The options of `recorder open`, where the first view of all is not what the lesson is about. */
const OPTIONS = {
  hello_channel: ['--message', 'belt#1'],
  ownership_moves: ['--message', 'belt#1'],
  ping_pong: ['--from', '1ms', '--to', '1.1ms'],
  pipeline: ['--message', 'numbers#17'],
  request_reply: ['--message', 'requests#1'],
};

const [recorder, to, ...stems] = process.argv.slice(2);
const setup = fileURLToPath(new URL('setup', import.meta.url));
const ui = await startUi(execFileSync(setup, { encoding: 'utf8' }).trim(), 1.5);

async function take(stem) {
  const name = basename(stem);
  const view = await openByRecorder(ui, recorder, `${stem}.rec`, ...OPTIONS[name] ?? []);
  try {
    await view.shoot(join(to, `${name}.png`));
    if (view.errors.length) throw new Error(`${name}: ${view.errors.join('\n')}`);
  } finally {
    await view.close();
  }
}

try {
  for (const stem of stems) {
    // Once in a while the UI never says that it has drawn everything.
    await take(stem).catch(() => take(stem));
  }
} finally {
  await ui.close();
}

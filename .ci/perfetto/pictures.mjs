#!/usr/bin/env node
// Takes the gallery's pictures: of each trace what its lesson is about.
//
//   pictures.mjs DIR STEM...
//
// Opens STEM.pftrace in the real Perfetto UI and writes DIR/NAME.png.
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startUi } from './ui.mjs';

/** Where that is not the whole: the part of the time, and the groups that stay folded. */
const VIEWS = {
  actor: { folded: /^to / },
  dining_philosophers: { folded: /^plate of / },
  ping_pong: { part: [0.5, 0.53] },
  prime_sieve: { folded: /^(not by|from) / },
};

const [to, ...stems] = process.argv.slice(2);
const setup = fileURLToPath(new URL('setup', import.meta.url));
const ui = await startUi(execFileSync(setup, { encoding: 'utf8' }).trim());

async function take(stem) {
  const name = basename(stem);
  const view = await ui.open(`${stem}.pftrace`);
  try {
    await view.shoot(join(to, `${name}.png`), VIEWS[name]);
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

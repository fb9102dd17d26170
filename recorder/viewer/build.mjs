// Writes dist/page.html: the page with its script and styles, into which the recorder puts a run.
// dist/lesson.html is the same with the code of lessons; dist/orders.html has all orders of a program.
//
// The output depends only on the sources and on the versions in package-lock.json, so that CI can
// build again and compare. `--tests` writes build/tests/ instead: the tests, with what they import.
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const STYLES = ['base', 'frame', 'timeline', 'belt', 'message', 'why'];
const LESSON_STYLES = ['lesson', 'lesson-compare', 'lesson-paper'];
const PAGES = [
  { name: 'page', script: 'src/app/main.tsx', styles: STYLES, maxBytes: 300_000 },
  {
    name: 'lesson',
    script: 'src/lesson/main.tsx',
    styles: [...STYLES, ...LESSON_STYLES],
    maxBytes: 345_000,
  },
  {
    name: 'orders',
    script: 'src/orders/main.tsx',
    styles: ['base', 'frame', 'belt', 'lesson', 'orders'],
    maxBytes: 130_000,
  },
];

const here = dirname(fileURLToPath(import.meta.url));
const common = {
  absWorkingDir: here,
  bundle: true,
  charset: 'utf8',
  target: 'es2022',
  write: false,
  logLevel: 'warning',
};

async function bundle(options) {
  const { outputFiles } = await esbuild.build({ ...common, ...options });
  return outputFiles[0].text;
}

async function page({ name, script: entry, styles, maxBytes }) {
  const script = await bundle({
    entryPoints: [entry],
    format: 'iife',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    minify: true,
  });
  const style = await bundle({
    stdin: {
      contents: styles.map((name) => `@import "./${name}.css";`).join('\n'),
      loader: 'css',
      resolveDir: join(here, 'src/style'),
    },
    minify: true,
  });
  const frame = await readFile(join(here, 'src/page.html'), 'utf8');
  // They are put between tags as they are.
  if (/<\/script|<!--/i.test(script)) throw new Error('the script would end its own element');
  if (/<\//.test(style)) throw new Error('the styles would end their own element');

  const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const csp = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    'connect-src {{connect}}', // 'self' if it is served, else 'none'
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  // A replacement that is a function is inserted as it is, also if it contains `$&`.
  const html = frame
    .replace('{{csp}}', () => csp)
    .replace('{{style}}', () => style)
    .replace('{{script}}', () => script);
  const bytes = Buffer.byteLength(html);
  const dist = join(here, 'dist');
  await mkdir(dist, { recursive: true });
  await writeFile(join(dist, `${name}.html`), html);
  console.log(`${name}.html: ${bytes} bytes`);
  if (bytes > maxBytes) throw new Error(`${name}.html has ${bytes} bytes, more than ${maxBytes}`);
}

async function tests() {
  const folder = join(here, 'build/tests');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(join(here, 'tests'))) {
    if (!name.endsWith('.test.mjs')) continue;
    const text = await bundle({
      entryPoints: [join('tests', name)],
      format: 'esm',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      platform: 'node',
    });
    await writeFile(join(folder, name), text);
  }
}

if (process.argv.includes('--tests')) await tests();
else for (const it of PAGES) await page(it);

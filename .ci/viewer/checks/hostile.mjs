// Names, values, messages, files and lines of source that try to become markup or script.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TABS } from '../view.mjs';

const SCRIPT = 'window.hacked = true';
const ATTACKS = [
  `<script>${SCRIPT}</script>`,
  `<img src=x onerror="${SCRIPT}">`,
  `</script><script>${SCRIPT}</script>`,
  `<!--<script>`,
  `"><svg onload='${SCRIPT}'>`,
  '{{run}}{{bytes}}{{title}}{{csp}}{{connect}}',
  "$& $1 $` $' ${SCRIPT}",
  `javascript:${SCRIPT}`,
  'line\u2028separator\u2029paragraph',
  '\u202eright to left\u2066isolate\u200b\ufeff',
  '__proto__',
  '&lt;b&gt;&amp;',
  `</style><style>*{display:none}</style>`,
  `${'long '.repeat(40)}end`,
  '𝔘𝔫𝔦 👩‍👩‍👧 é e\u0301',
  '\\u003cscript\\u003e \\x3c',
];

/** A string of the text form. */
const quoted = (text) => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** A name that is not longer than those that the library records. */
const short = (text) => [...text].slice(0, 60).join('');

const oneLine = (text) => text.replace(/[\u2028\u2029]/g, ' ');

/** A recording in its text form in which every text is an attack. */
function recording(file) {
  const lines = [
    'channel-recording version=4',
    'block process=0 thread=0 sequence=0 dropped=0',
    `1000 ProcessStarted pid=10 parent=1 ticks=1000 monotonic_ns=1000 wall_ns=1795972044290457624 executable=${quoted(short(ATTACKS[0]))} arguments=${quoted(ATTACKS[1])}`,
    `1000 Host name=${quoted(short(ATTACKS[4]))}`,
    'block process=0 thread=0 sequence=1 dropped=0',
    '0 ProcessEnded monotonic_ns=900000 code=0 signal=0',
    '0 RunEnded monotonic_ns=900000 code=0 signal=0 cause=0',
    'block process=0 thread=1 sequence=0 dropped=0',
    `2000 ThreadStarted os_id=10 name=${quoted(short(ATTACKS[0]))}`,
    '2000 Clock monotonic_ns=2000',
  ];
  const threads = [];
  let time = 3000;
  let endpoint = 1;
  ATTACKS.forEach((attack, i) => {
    const channel = i + 1;
    const [sender, receiver] = [endpoint, endpoint + 1];
    endpoint += 2;
    const site = i + 1;
    lines.push(
      `${time} Site site=${site} line=${i + 2} column=5 file=${quoted(file)}`,
      `${time} ChannelCreated channel=${channel} sender=${sender} receiver=${receiver} site=${site} bound=4 message_type=${quoted(short(attack))} name=${quoted(short(attack))}`,
      `${time + 10} Spawn endpoint=${channel + 1} site=${site} detail=0`,
    );
    threads.push(
      `block process=0 thread=${channel + 1} sequence=0 dropped=0`,
      `${time + 500} ThreadStarted os_id=${channel + 10} name=${quoted(short(attack))}`,
      `${time + 500} Clock monotonic_ns=${time + 500}`,
      `${time + 600} Site site=1 line=${i + 2} column=5 file=${quoted(file)}`,
      `${time + 700} Value message=${channel * 2 ** 40 + 1} value=${quoted(attack)}`,
      `${time + 800} Send endpoint=${sender} site=1 detail=${channel * 2 ** 40 + 1}`,
      `${time + 900} Recv endpoint=${receiver} site=1 detail=${channel * 2 ** 40 + 1}`,
      `${time + 950} Panicked line=${i + 2} column=5 file=${quoted(file)} message=${quoted(short(attack))}`,
      `${time + 990} ThreadEnded`,
    );
    time += 1000;
  });
  return [...lines, `${time + 5000} ThreadEnded`, ...threads, ''].join('\n');
}

/** In the page: everything that an attack could have put into it. */
function markup() {
  const count = (selector) => document.querySelectorAll(selector).length;
  const handlers = [...document.querySelectorAll('*')].flatMap((element) =>
    [...element.attributes].filter(({ name }) => /^on|^(xlink:)?href$|^(form)?action$|^src/i.test(name))
      .map(({ name }) => `${element.localName} has ${name}`));
  const scripts = [...document.scripts].map(({ id, type }) => id || type || 'script').sort().join();
  return [
    ...(window.hacked ? ['a script ran'] : []),
    ...['img', 'iframe', 'object', 'embed', 'base', 'link', 'form', 'a[href]'].filter((it) => count(it) > 0)
      .map((it) => `there is <${it}>`),
    ...(scripts === 'bytes,run,script' ? [] : [`the scripts are ${scripts}`]),
    ...(count('style') === 1 ? [] : [`there are ${count('style')} styles`]),
    ...(count('meta') === 5 ? [] : [`there are ${count('meta')} metas`]),
    ...handlers,
  ];
}

async function walkThrough(view, report, subject) {
  await view.ready();
  for (const tab of TABS) {
    await report.attempt(subject, `nothing becomes markup on ${tab}`, async () => {
      await view.show(tab);
      return view.page.evaluate(markup);
    });
  }
  await report.attempt(subject, 'nothing becomes markup at any step of the belt', async () => {
    const steps = await view.app(({ model }) => model.index.steps);
    for (let step = 0; step < steps; step += 3) {
      await view.app(({ link }, to) => link.set({ step: to }), step);
      await view.until((at) => document.querySelector('#panel-belt').dataset.step === at, String(step));
    }
    return view.page.evaluate(markup);
  });
  await report.attempt(subject, 'nothing becomes markup in details, search and sources', async () => {
    await view.show('timeline');
    const complaints = [];
    const steps = await view.app(async ({ model }) => {
      const found = [];
      for (let step = 0; step < model.index.steps; step++) {
        const { kind, text } = await model.event(step);
        if (kind.send && text !== undefined) found.push(step);
      }
      return found;
    });
    if (steps.length !== ATTACKS.length) complaints.push(`${steps.length} values, not ${ATTACKS.length}`);
    for (const [i, step] of steps.entries()) {
      await view.app((app, to) => app.select(to), step);
      const value = await view.until((number) => {
        const facts = document.querySelector('.details')?.innerText ?? '';
        return facts.includes(`\n${number}`) && document.querySelector('.details .value')?.textContent;
      }, String(step));
      // (controls of direction are shown as escapes)
      if (!/^[\u202e\u2028]|line/.test(ATTACKS[i]) && !ATTACKS[i].startsWith(value.slice(0, 20))) complaints.push(`the value ${value} is ${ATTACKS[i]}`);
      const line = await view.until(() => document.querySelector('.details .marked .text')?.textContent);
      if (!oneLine(ATTACKS[i]).startsWith(line.slice(0, 20))) complaints.push(`the line ${line} is ${ATTACKS[i]}`);
    }
    await view.press('/');
    await view.page.waitForSelector('dialog.search[open] input');
    await view.page.keyboard.type('script');
    await view.page.waitForSelector('#search-results li');
    return [...complaints, ...await view.page.evaluate(markup)];
  });
  report.check(subject, 'no request, no error, no dialog', view.problems);
}

export async function checkHostile({ browser, report, recorder, traces }) {
  // A file whose name is an attack, in folders as far as it has slashes.
  const file = `src/<script>${SCRIPT}</script>"><img src=x onerror=alert(1)>.rs`;
  const folder = join(traces, 'hostile');
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  const source = ['// The lines below are hostile.', ...ATTACKS.map(oneLine)];
  writeFileSync(join(folder, file), source.join('\n'));
  const text = join(folder, '{{run}} & <script>.txt');
  writeFileSync(text, recording(file));

  const html = join(folder, 'run.html');
  recorder.run('--quiet', 'export', text, '-o', html);
  const view = await browser.openFile(html);
  try {
    await walkThrough(view, report, 'hostile file');
  } finally {
    await view.close();
  }

  const served = await recorder.serve('view', text, '--no-browser');
  try {
    const over = await browser.openServed(served.address);
    try {
      await walkThrough(over, report, 'hostile served');
    } finally {
      await over.close();
    }
  } finally {
    await served.stop();
  }
}

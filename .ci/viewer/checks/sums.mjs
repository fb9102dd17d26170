// States and counts: the timeline's, against those of the report and of the recording's text form.
import { differences } from '../report.mjs';
import { countMessages } from '../text-form.mjs';

/** In the page: sums of each thread and channel over the whole run. */
async function sumsOfPage({ model }, parts) {
  const { run, index } = model;
  const threads = run.threads.map(() => new Map());
  const channels = run.channels.map(({ label }) => ({ label, sent: 0, received: 0 }));
  // Bins are powers of two: these parts have no bin in common.
  const size = 2 ** Math.ceil(Math.log2((index.end + 1) / parts));
  for (let from = 0; from <= index.end; from += size) {
    const window = await model.window(from, from + size, 64, 'check');
    if (window.from !== from || window.to !== from + size) throw new Error('the window is another one');
    for (const [thread, { ns }] of window.threads) {
      ns.forEach((bins, activity) => {
        const sum = bins?.reduce((all, it) => all + it, 0) ?? 0;
        const name = run.activities[activity];
        if (sum > 0) threads[thread].set(name, (threads[thread].get(name) ?? 0) + sum);
      });
    }
    for (const [channel, { sent, received }] of window.channels) {
      channels[channel].sent += sent.reduce((all, it) => all + it, 0);
      channels[channel].received += received.reduce((all, it) => all + it, 0);
    }
  }
  return { threads: threads.map((states) => Object.fromEntries(states)), channels };
}

/** The same from `recorder report --json`. */
function statesOfReport({ threads }) {
  return threads.map((thread) => {
    const states = {};
    for (const { in: call, time_ns: time } of thread.waits) {
      if (call === 'sleep') continue;
      const name = `waiting in ${call.replace('_timeout', '')}`;
      states[name] = (states[name] ?? 0) + time;
    }
    if (thread.slept_ns) states.asleep = thread.slept_ns;
    const running = thread.life_ns - thread.slept_ns - thread.waited_ns - thread.paused_ns;
    if (running) states.running = running;
    return states;
  });
}

const byLabel = (channels) => [...channels].sort((a, b) => (a.label < b.label ? -1 : 1));

export async function checkSums({ browser, report, recorder, runs }) {
  for (const { name, html, txt, recording } of runs) {
    const view = await browser.openFile(html);
    try {
      await view.ready();
      for (const parts of [1, 5]) {
        const sums = await view.app(sumsOfPage, parts);
        const how = parts === 1 ? 'whole' : 'in parts';
        await report.attempt(name, `times per state are those of the report (${how})`, () => {
          const { threads } = recorder.report(recording);
          return statesOfReport({ threads }).flatMap((states, i) =>
            differences(states, sums.threads[i], `${threads[i].name}, `));
        });
        await report.attempt(name, `counts are those of the recording (${how})`, () => {
          const expected = byLabel(countMessages(txt));
          return differences(expected, byLabel(sums.channels));
        });
      }
      await report.attempt(name, 'the tables show the counts of the recording', async () => {
        await view.show('why');
        const shown = await view.page.$$eval('#panel-why table', (tables) => {
          const table = tables.find((it) => /^channel/.test(it.querySelector('th')?.innerText ?? ''));
          const heads = [...(table?.querySelectorAll('thead th') ?? [])].map((it) => it.innerText.trim());
          const at = (title) => heads.findIndex((it) => it.startsWith(title));
          return [...(table?.querySelectorAll('tbody tr') ?? [])].map((row) => {
            const cell = (title) => row.children[at(title)].innerText.trim();
            return { label: cell('channel'), sent: Number(cell('sent')), received: Number(cell('received')) };
          });
        });
        return differences(byLabel(countMessages(txt)), byLabel(shown));
      });
      report.check(name, 'sums without an error', view.problems);
    } finally {
      await view.close();
    }
  }
}

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

/** The states of a thread in the report, by their names in the page. */
function statesOf({ waits, life_ns: life, slept_ns: asleep, waited_ns: waited, paused_ns: paused }) {
  const states = {};
  for (const { in: call, time_ns: time } of waits) {
    // (`slept_ns` has the sleeps)
    if (call === 'sleep') continue;
    const name = `waiting in ${call.replace('_timeout', '')}`;
    states[name] = (states[name] ?? 0) + time;
  }
  const running = life - asleep - waited - paused;
  return { ...states, ...(asleep && { asleep }), ...(running && { running }) };
}

const byLabel = (channels) => [...channels].sort((a, b) => (a.label < b.label ? -1 : 1));

export async function checkSums({ browser, report, recorder, runs }) {
  for (const { name, html, txt, recording } of runs) {
    const view = await browser.openFile(html);
    try {
      await view.ready();
      const { threads } = recorder.report(recording);
      const counts = byLabel(countMessages(txt));
      for (const parts of [1, 5]) {
        const sums = await view.app(sumsOfPage, parts);
        const how = parts === 1 ? 'whole' : 'in parts';
        await report.attempt(name, `times per state are those of the report (${how})`, () =>
          threads.flatMap((thread, i) =>
            differences(statesOf(thread), sums.threads[i], `${thread.name}, `)));
        report.check(name, `counts are those of the recording (${how})`,
          differences(counts, byLabel(sums.channels)));
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
        return differences(counts, byLabel(shown));
      });
      report.check(name, 'sums without an error', view.problems);
    } finally {
      await view.close();
    }
  }
}

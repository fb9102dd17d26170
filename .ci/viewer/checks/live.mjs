// Runs that are followed while they go on: one that hangs, and one that moves message by message.
import { join } from 'node:path';
import { differences } from '../report.mjs';
import { countMessages } from '../text-form.mjs';

/** What the header and the data of the page say of a run. */
const progress = ({ model }) => ({
  live: model.index.live,
  done: model.index.done,
  status: document.querySelector('.status').textContent,
  steps: model.index.steps,
});

async function checkHang({ browser, report, recorder, traces }) {
  const subject = 'live forgotten_sender';
  const served = await recorder.serve('run', 'forgotten_sender', '--view', '--no-browser', '-o', join(traces, 'hang.rec'));
  try {
    const view = await browser.openServed(served.address);
    try {
      await view.ready();
      await report.attempt(subject, 'the page shows why while the program still runs', async () => {
        await view.until(() => window.recorder.model.report?.findings.some((it) => it.code === 'forgotten-sender'));
        await view.show('why');
        await view.untilText('forgotten-sender', '#panel-why');
        await view.untilText('src/bin/forgotten_sender.rs:18', '#panel-why');
        const { live, done, status } = await view.app(progress);
        return [
          ...(live && !done && status === 'Live' ? [] : [{ live, done, status }]),
          ...(served.hasEnded ? ['the program has ended'] : []),
        ];
      });
      report.check(subject, 'nothing goes wrong in the page', view.problems);
    } finally {
      await view.close();
    }
  } finally {
    await served.stop();
  }
}

/** A program that passes messages on request. */
async function checkGrowth({ browser, report, recorder, programs, traces }) {
  const subject = 'a live run';
  const stem = join(traces, 'live');
  const served = await recorder.serve(
    'record', '--view', '--no-browser', '-o', `${stem}.rec`, '--', join(programs, 'told'));
  try {
    const view = await browser.openServed(served.address);
    try {
      served.tell('open jobs');
      served.tell('pass jobs 3');
      await view.ready();
      const sums = () => view.app(receivedOf);
      await report.attempt(subject, 'the page follows what the program does', async () => {
        const complaints = [];
        let total = 0;
        for (const messages of [3, 40, 200]) {
          if (total > 0) served.tell(`pass jobs ${messages}`);
          total += messages;
          await view.page.waitForFunction(`(${receivedOf})(window.recorder).then((n) => n === ${total})`,
            null, { timeout: 20_000, polling: 100 });
          const { live, done } = await view.app(progress);
          if (!live || done) complaints.push({ total, live, done });
        }
        return complaints;
      });
      await report.attempt(subject, 'the belt follows, too', async () => {
        await view.show('belt');
        await view.press('End');
        const { steps } = await view.app(progress);
        await view.until((step) => Number(document.querySelector('#panel-belt').dataset.step) >= step - 1, steps);
        served.tell('pass jobs 5');
        await view.until((before) => window.recorder.model.index.steps > before, steps);
        await view.press('End');
        await view.until((before) => Number(document.querySelector('#panel-belt').dataset.step) >= before, steps);
        return [];
      });
      await report.attempt(subject, 'is complete at its end, with the counts of its recording', async () => {
        served.child.stdin.end();
        await view.until(() => window.recorder.model.index.done && window.recorder.model.report);
        await view.untilText('Complete', '.status');
        const received = await sums();
        recorder.export(`${stem}.rec`, stem, 'txt', 'html');
        const [{ received: recorded }] = countMessages(`${stem}.txt`).filter((it) => it.label === 'jobs');
        const file = await (await browser.openFile(`${stem}.html`)).ready();
        try {
          const ofFile = await file.app(({ model }) => ({ steps: model.index.steps, end: model.index.end }));
          const ofServed = await view.app(({ model }) => ({ steps: model.index.steps, end: model.index.end }));
          return [
            ...differences({ received: recorded }, { received }),
            ...differences(ofFile, ofServed, 'served, '),
          ];
        } finally {
          await file.close();
        }
      });
      report.check(subject, 'nothing goes wrong in the page', view.problems);
    } finally {
      await view.close();
    }
  } finally {
    await served.stop();
  }
}

/** In the page: messages received on the channel `jobs`, summed over the whole run. */
async function receivedOf({ model }) {
  const channel = model.run.channels.findIndex((it) => it.label === 'jobs');
  if (channel < 0) return 0;
  const { channels } = await model.window(0, model.index.end + 1, 64, 'check');
  return channels.get(channel)?.received.reduce((all, it) => all + it, 0) ?? 0;
}

export async function checkLive(checks) {
  await checkHang(checks);
  await checkGrowth(checks);
}

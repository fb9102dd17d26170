// The link: tab, time and selection survive a reload, and the browser's back and forward.
import { differences } from '../report.mjs';

const state = ({ link }) => JSON.parse(JSON.stringify(link.state));

export async function checkLinks({ browser, report, runOf }) {
  const { html } = runOf('worker_pool');
  const view = await browser.openFile(html, { hash: '#timeline' });
  try {
    await view.ready();
    await view.show('timeline');
    const subject = 'links';
    const selected = () => view.app(state);
    await report.attempt(subject, 'tab, time and selection survive a reload', async () => {
      // A step outside of the range would move it.
      const wanted = await view.app(async ({ model }) => {
        const part = (share) => Math.round(model.index.end * share);
        return { from: part(0.25), to: part(0.5), step: await model.stepAt(part(0.4)) };
      });
      await view.app(({ link }, change) => link.set(change, true), wanted);
      await view.until(({ step }) => window.recorder.link.state.step === step && document.querySelector('.details'), wanted);
      // The address follows a moment later.
      await view.until(({ step, to }) => location.hash.includes(`step=${step}`) && location.hash.includes(`to=${to}`), wanted);
      const before = await selected();
      await view.page.reload();
      await view.ready();
      await view.page.waitForSelector('.details');
      return [...differences({ tab: 'timeline', ...wanted }, await selected()), ...differences(before, await selected())];
    });
    await report.attempt(subject, 'a message and the belt survive a reload', async () => {
      const wanted = { tab: 'message', message: { channel: 0, number: 3 }, step: 12 };
      await view.app(({ link }, change) => link.set(change, true), wanted);
      await view.until(() => location.hash.startsWith('#message') && document.querySelector('#panel-message h2, #panel-message h3'));
      await view.page.reload();
      await view.ready();
      const { tab, message } = await selected();
      await view.show('belt');
      await view.app(({ link }) => link.set({ step: 17 }));
      await view.until(() => document.querySelector('#panel-belt').dataset.step === '17');
      await view.until(() => location.hash.startsWith('#belt') && location.hash.includes('step=17'));
      await view.page.reload();
      await view.ready();
      await view.until(() => document.querySelector('#panel-belt').dataset.step === '17');
      const after = await selected();
      return [
        ...differences({ tab: 'message', message: wanted.message }, { tab, message }),
        ...differences({ tab: 'belt', step: 17 }, { tab: after.tab, step: after.step }),
      ];
    });
    await report.attempt(subject, 'back and forward lead through the tabs', async () => {
      const tabs = ['timeline', 'why', 'belt', 'message'];
      for (const tab of tabs) await view.show(tab);
      const complaints = [];
      for (const tab of ['belt', 'why', 'timeline']) {
        await view.page.goBack();
        await view.until((wanted) => window.recorder.link.state.tab === wanted, tab);
        if (await view.tab() !== tab) complaints.push(`back shows ${await view.tab()}, not ${tab}`);
      }
      for (const tab of ['why', 'belt', 'message']) {
        await view.page.goForward();
        await view.until((wanted) => window.recorder.link.state.tab === wanted, tab);
        if (await view.tab() !== tab) complaints.push(`forward shows ${await view.tab()}, not ${tab}`);
      }
      return complaints;
    });
    await report.attempt(subject, 'a link to what the run does not have shows the run', async () => {
      const odd = await browser.openFile(html, {
        hash: '#belt&step=99999999&message=77.1&finding=99&from=x&to=-1&lanes=t999,<b>&path=2',
      });
      try {
        await odd.ready();
        await odd.show('timeline');
        await odd.show('message');
        return odd.problems;
      } finally {
        await odd.close();
      }
    });
    report.check(subject, 'nothing goes wrong in the page', view.problems);
  } finally {
    await view.close();
  }
}

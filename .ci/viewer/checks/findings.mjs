// The Why tab: the ring of a deadlock, and the living end of a forgotten sender with its line.

/** In the page: the boxes of the picture of a hang, and its arrows. */
function pictureOf(root) {
  const texts = (selector) => [...root.querySelectorAll(selector)].map((it) => it.textContent);
  return {
    label: root.querySelector('.why-graph ul')?.getAttribute('aria-label'),
    core: texts('.why-box.why-core .why-box-title'),
    ring: texts('.why-box .why-sr'),
    strong: root.querySelectorAll('.why-arrow.why-strong').length,
  };
}

async function checkDeadlock({ browser, report, runOf }) {
  const view = await browser.openFile(runOf('deadlock').html);
  try {
    await view.ready();
    await report.attempt('deadlock', 'opens with the reason', async () => {
      const tab = await view.tab();
      return tab === 'why' ? [] : [`it opens with ${tab}`];
    });
    await view.show('why');
    await report.attempt('deadlock', 'its ring is drawn and marked', async () => {
      await view.page.waitForSelector('.why-graph .why-box');
      const { label, core, ring, strong } = await view.page.$eval('#panel-why', pictureOf);
      const complaints = [];
      if (!/ring/.test(label)) complaints.push(`the picture is a ${label}`);
      for (const name of ['anna', 'ben']) {
        if (!core.includes(name)) complaints.push(`${name} is not marked, only ${core}`);
      }
      if (core.length !== 2) complaints.push(`marked are ${core}`);
      if (strong !== 2) complaints.push(`${strong} arrows are strong`);
      for (const [from, to] of [['anna to ben', 'ben'], ['ben to anna', 'anna']]) {
        if (!ring.some((text) => text.includes(to) && text.includes('Part of the ring'))) {
          complaints.push(`no arrow of the ring leads to ${to} (${from}): ${ring}`);
        }
      }
      return complaints;
    });
    await report.attempt('deadlock', 'names code, channels and line', async () => {
      const text = await view.text('#panel-why');
      const wanted = ['deadlock', 'anna to ben', 'ben to anna', 'deadlock.rs:42'];
      return wanted.filter((it) => !text.includes(it)).map((it) => `${it} is missing`);
    });
    await report.attempt('deadlock', 'leads to its place on the timeline', async () => {
      await view.page.click('#panel-why .why-lead');
      await view.until(() => window.recorder.link.state.tab === 'timeline' && window.recorder.link.state.from !== undefined);
      const { lanes, from, to } = await view.app(({ link }) => link.state);
      const names = await view.app(({ model }, wanted) => wanted.map((it) => model.run.threads[it.slice(1)]?.name),
        (lanes ?? []).filter((lane) => lane.startsWith('t')));
      const states = await view.app(async ({ model }, range) => {
        const { threads } = await model.window(range.from, range.to, 100, 'check');
        return [...threads].map(([thread]) => model.run.threads[thread].name);
      }, { from, to });
      return [
        ...['anna', 'ben'].filter((it) => !names.includes(it)).map((it) => `${it} is not pointed out`),
        ...['anna', 'ben'].filter((it) => !states.includes(it)).map((it) => `${it} has no state there`),
      ];
    });
    report.check('deadlock', 'is shown without an error', view.problems);
  } finally {
    await view.close();
  }
}

async function checkForgottenSender({ browser, report, runOf }) {
  const view = await browser.openFile(runOf('forgotten_sender').html);
  try {
    await view.ready();
    await view.show('why');
    await report.attempt('forgotten_sender', 'the living end is there, with its line', async () => {
      await view.page.waitForSelector('.why-graph .why-box');
      await view.untilText('forgotten_sender.rs', '#panel-why .why-sources');
      const text = await view.text('#panel-why');
      const marked = await view.texts('#panel-why .source .marked');
      const place = 'src/bin/forgotten_sender.rs:18';
      return [
        ...['forgotten-sender', place].filter((it) => !text.includes(it)).map((it) => `${it} is missing`),
        ...(marked.some((line) => line.startsWith('18')) ? [] : [`line 18 is not marked, but ${marked}`]),
      ];
    });
    await report.attempt('forgotten_sender', 'the belt says who keeps the sender', async () => {
      await view.show('belt');
      await view.press('End');
      const steps = await view.app(({ model }) => model.index.steps);
      await view.until((step) => document.querySelector('#panel-belt').dataset.step === step, String(steps - 1));
      const ends = await view.texts('#panel-belt [data-senders]');
      return ends.some((it) => it.includes('held by main')) ? [] : [`the ends are: ${ends}`];
    });
    report.check('forgotten_sender', 'is shown without an error', view.problems);
  } finally {
    await view.close();
  }
}

export async function checkFindings(checks) {
  await checkDeadlock(checks);
  await checkForgottenSender(checks);
}

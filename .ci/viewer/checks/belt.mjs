// The belt: steps forward, steps back and jumps lead to the same page, and what lies on the belts is
// what the exported trace says.
import { readFileSync } from 'node:fs';
import { differences } from '../report.mjs';

/** Walks through all steps with the arrow keys and returns what the page is at each. */
export async function walk(view, direction) {
  const steps = await shownSteps(view);
  const order = direction > 0 ? steps : [...steps].reverse();
  await view.press(direction > 0 ? 'Home' : 'End');
  await view.until((step) => document.querySelector('#panel-belt').dataset.step === step,
    String(direction > 0 ? 0 : await view.app((app) => app.model.index.steps - 1)));
  return view.page.evaluate(walkInPage, { order, key: direction > 0 ? 'ArrowRight' : 'ArrowLeft' });
}

/** The steps to which the arrow keys lead: the end of a wait is followed by what had waited. */
function shownSteps(view) {
  return view.app(async ({ model }) => {
    const steps = [];
    for (let step = 0; step < model.index.steps; step++) {
      const { kind } = await model.event(step);
      const isShown = kind.group !== 'returning' && (kind.group !== 'wait' || kind.verb === 'sleep');
      if (isShown) steps.push(step);
    }
    return steps;
  });
}

/** In the page: presses a key for each step, and takes down the page's state. */
async function walkInPage({ order, key, scrub }) {
  const root = document.querySelector('#panel-belt');
  const reached = (step) => new Promise((resolve) => {
    const isThere = () => root.dataset.step === String(step);
    if (isThere()) return resolve();
    const observer = new MutationObserver(() => {
      if (!isThere()) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(root, { attributes: true });
  });
  const data = (selector, ...names) => [...root.querySelectorAll(selector)]
    .map((it) => names.map((name) => it.dataset[name] ?? ''));
  const states = {};
  const scrubber = root.querySelector('input[type=range]');
  for (const step of order) {
    if (root.dataset.step !== String(step)) {
      if (scrub) {
        scrubber.value = String(step);
        scrubber.dispatchEvent(new Event('input', { bubbles: true }));
      } else {
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      }
      await reached(step);
    }
    const parcels = [...root.querySelectorAll('.parcel[data-message]')];
    states[step] = {
      belts: data('.conveyor', 'channel', 'depth'),
      ends: data('[data-senders]', 'senders'),
      workers: data('.worker', 'thread', 'state'),
      locks: data('.lock', 'primitive', 'holders'),
      parcels: parcels.map((it) => [it.dataset.of, it.dataset.message, it.dataset.where,
        it.style.transform]).sort(),
      more: [...root.querySelectorAll('.more text')].map((it) => it.textContent),
      words: [...root.querySelectorAll('.worker-words')].map((it) => it.textContent),
      sentence: root.querySelector('.belt-sentence span').textContent,
    };
  }
  return states;
}

/** When each channel's queue becomes how deep, from the Chrome trace. */
function depthsOf(file) {
  const depths = new Map();
  for (const event of JSON.parse(readFileSync(file, 'utf8'))) {
    const label = event.ph === 'C' ? /^(.*) queue depth(, .*)?$/.exec(event.name)?.[1] : undefined;
    if (label === undefined) continue;
    const [depth] = Object.values(event.args);
    note(depths, label, Math.round(event.ts * 1000), depth);
  }
  return depths;
}

/** Adds a depth, if it is another one than before. */
function note(depths, label, time, depth) {
  if (!depths.has(label)) depths.set(label, [[0, 0]]);
  const all = depths.get(label);
  if (all.at(-1)[1] !== depth) all.push([time, depth]);
}

/** When the depth of each belt that is shown all the time changes. */
function depthsOfBelts(states, times, labels) {
  const depths = new Map();
  for (const [step, { belts }] of Object.entries(states)) {
    for (const [channel, depth] of belts) note(depths, labels[channel], times[step], Number(depth));
  }
  const always = Object.values(states).map(({ belts }) => new Set(belts.map(([channel]) => channel)));
  labels.forEach((label, channel) => {
    if (!always.every((shown) => shown.has(String(channel)))) depths.delete(label);
  });
  return depths;
}

/** Complaints about belts on which other parcels lie than their depth says. */
function wrongParcels(states) {
  return Object.entries(states).flatMap(([step, { belts, parcels, more }]) => {
    const onBelts = parcels.filter(([, , where]) => where === 'belt');
    const counted = more.reduce((sum, text) => sum + Number(text.replace(/[+ ]/g, '')), 0);
    const all = belts.reduce((sum, [, depth]) => sum + Number(depth), 0);
    const wrong = belts.filter(([channel, depth]) => {
      const lying = onBelts.filter(([of]) => of === channel).length;
      return counted > 0 ? lying > depth : lying !== Number(depth);
    });
    return [
      ...(onBelts.length + counted === all ? [] : [`step ${step}: ${onBelts.length} + ${counted} messages are shown, ${all} are there`]),
      ...wrong.map(([channel, depth]) => `step ${step}: channel ${channel} has depth ${depth} and other parcels`),
    ];
  });
}

/** The time at the end of each step. */
function timesOf(view) {
  return view.app(async ({ model }) => {
    const times = [];
    for (let step = 0; step < model.index.steps; step++) {
      const { time, duration } = await model.event(step);
      times.push(time + (duration ?? 0));
    }
    return times;
  });
}

function different(a, b) {
  const steps = Object.keys(a);
  const complaints = steps.flatMap((step) => differences(a[step], b[step] ?? {}, `step ${step}, `));
  return Object.keys(b).length === steps.length ? complaints : [...complaints, 'other steps'];
}

/** A fixed permutation: neighbours lie far apart. */
function shuffled(steps) {
  return steps.map((step, i) => [(i * 7919) % steps.length, step]).sort(([a], [b]) => a - b)
    .map(([, step]) => step);
}

export async function checkBelt({ browser, report, runs }) {
  const chosen = ['pipeline', 'deadlock', 'rendezvous', 'forgotten_sender', 'worker_pool',
    'ownership_moves'];
  for (const { name, html, json } of runs.filter((run) => chosen.includes(run.name))) {
    // Parcels that move are not where they will be.
    const view = await browser.openFile(html, { reducedMotion: 'reduce' });
    const subject = `belt of ${name}`;
    try {
      await view.ready();
      await view.show('belt');
      let forward;
      await report.attempt(subject, 'a step back leads to the page of the step before', async () => {
        forward = await walk(view, 1);
        return different(forward, await walk(view, -1));
      });
      if (!forward) continue;
      await report.attempt(subject, 'the scrubber at k is the same as k steps', async () => {
        const order = shuffled(Object.keys(forward).map(Number));
        return different(forward, await view.page.evaluate(walkInPage, { order, scrub: true }));
      });
      await report.attempt(subject, 'depths are those of the trace', async () => {
        const labels = await view.app(({ model }) => model.run.channels.map(({ label }) => label));
        const shown = depthsOfBelts(forward, await timesOf(view), labels);
        const exported = [...depthsOf(json)].filter(([label]) => shown.has(label));
        if (exported.length === 0) return ['no channel is compared'];
        return differences(Object.fromEntries(exported), Object.fromEntries(shown));
      });
      report.check(subject, 'parcels are as many as the depth', wrongParcels(forward));
      report.check(subject, 'nothing goes wrong in the page', view.problems);
    } finally {
      await view.close();
    }
  }
}

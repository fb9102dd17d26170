// The page with the keyboard alone: every part is reached, and it is always visible where the focus is.
import { TABS } from '../view.mjs';

/** In the page: how the focused element looks different from when it has no focus; '' if it does not. */
function focusMark() {
  const element = document.activeElement;
  if (!element || element === document.body) return { at: 'body', mark: 'none' };
  const box = element.getBoundingClientRect();
  const name = element.getAttribute('aria-label') || element.textContent.trim().slice(0, 30) || element.id;
  const at = `${element.localName}.${element.getAttribute('class') ?? ''} ${name}`;
  const looks = () => [element, element.parentElement, ...element.querySelectorAll('*')].slice(0, 12)
    .map((it) => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow, stroke, strokeWidth, backgroundColor, borderColor } = getComputedStyle(it);
      return [outlineStyle === 'none' ? '' : [outlineStyle, outlineWidth, outlineColor], boxShadow, stroke,
        strokeWidth, backgroundColor, borderColor].join();
    }).join('\n');
  const focused = looks();
  element.blur();
  const blurred = looks();
  element.focus({ preventScroll: true, focusVisible: true });
  return {
    at,
    isSeen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
    isMarked: focused !== blurred,
  };
}

/** The most stops of Tab that a check visits. */
const MAX_STOPS = 60;

async function checkFocus(view, report, name) {
  for (const tab of TABS) {
    await report.attempt(`keyboard, ${name}`, `the focus is always visible on ${tab}`, async () => {
      await view.show(tab);
      await view.still();
      await view.page.evaluate(() => document.activeElement?.blur());
      const complaints = [];
      let stops = 0;
      for (; stops < MAX_STOPS; stops++) {
        await view.press('Tab');
        await view.still();
        const { at, isSeen, isMarked } = await view.page.evaluate(focusMark);
        if (at === 'body') break;
        if (!isSeen) complaints.push(`${at} has the focus out of sight`);
        if (!isMarked) complaints.push(`${at} does not show that it has the focus`);
      }
      return stops < 5 ? [`only ${stops} elements can have the focus`] : complaints;
    });
  }
}

/** From a fresh page to everything in it. */
async function checkPaths(view, report) {
  const link = () => view.app(({ link: { state } }) => state);
  const subject = 'keyboard, pipeline';
  await report.attempt(subject, 'the tabs are reached with Tab and the arrow keys', async () => {
    const complaints = [];
    for (let stop = 0; stop < 5; stop++) {
      await view.press('Tab');
      if (await view.page.evaluate(() => document.activeElement.getAttribute('role') === 'tab')) break;
    }
    for (const tab of ['why', 'message', 'belt', 'timeline']) {
      await view.press('ArrowRight');
      if (await view.tab() !== tab) complaints.push(`ArrowRight leads to ${await view.tab()}, not ${tab}`);
      const focused = await view.page.evaluate(() => document.activeElement.id);
      if (focused !== `tab-${tab}`) complaints.push(`the focus is on ${focused}`);
    }
    return complaints;
  });
  await report.attempt(subject, 'an operation is selected, with its details and its source line', async () => {
    await view.show('timeline');
    await view.page.evaluate(() => document.activeElement?.blur());
    await view.press('ArrowRight');
    await view.until(() => document.querySelector('.details .source .marked'));
    const first = (await link()).step;
    await view.press('ArrowRight');
    await view.until((before) => window.recorder.link.state.step > before, first);
    await view.until(() => document.querySelector('.details .source .marked'));
    const text = await view.text('.details');
    const spoken = await view.text('[aria-live=polite]');
    return [
      ...(/pipeline\.rs:\d+/.test(text) ? [] : ['the details have no place']),
      ...(spoken.length > 10 ? [] : [`screen readers hear "${spoken}"`]),
    ];
  });
  await report.attempt(subject, 'the brackets lead from a receive to its send and back', async () => {
    const receive = await view.app(async ({ model, select }) => {
      for (let step = 0; step < model.index.steps; step++) {
        const { kind, message, from } = await model.event(step);
        if (kind.receive && message !== undefined && from) {
          window.recorder.select(step);
          return step;
        }
      }
    });
    await view.until(() => document.querySelector('.details .sentence'));
    await view.rested();
    await view.press('[');
    const send = await view.until((before) => {
      const { step } = window.recorder.link.state;
      return step !== before && step + 1;
    }, receive) - 1;
    const { send: isSend } = await view.app(async ({ model }, step) => (await model.event(step)).kind, send);
    await view.rested();
    await view.press(']');
    await view.until((step) => window.recorder.link.state.step === step, receive);
    return isSend ? [] : ['it leads to something else than a send'];
  });
  await report.attempt(subject, 'the search opens, and Enter leads to a result', async () => {
    await view.press('Escape');
    await view.until(() => window.recorder.link.state.step === undefined);
    await view.press('/');
    await view.page.waitForSelector('dialog.search[open] input:focus');
    await view.page.keyboard.type('squares');
    await view.page.waitForSelector('#search-results li[aria-selected=true]');
    await view.press('ArrowDown', 'ArrowUp', 'Enter');
    await view.page.waitForSelector('dialog.search', { state: 'detached' });
    const state = await link();
    return state.step !== undefined || state.lanes ? [] : [state];
  });
  await report.attempt(subject, 'the belt is stepped, played and paused', async () => {
    await view.show('belt');
    await view.press('Home');
    await view.until(() => document.querySelector('#panel-belt').dataset.step === '0');
    await view.press('ArrowRight');
    await view.until(() => Number(document.querySelector('#panel-belt').dataset.step) > 0);
    const step = await view.page.$eval('#panel-belt', (root) => Number(root.dataset.step));
    await view.press('Space');
    await view.until((before) => Number(document.querySelector('#panel-belt').dataset.step) > before, step);
    await view.press('Space');
    await view.page.waitForSelector('#panel-belt [aria-label^=Play]');
    return [];
  });
  await report.attempt(subject, 'help, theme, projector, black and white', async () => {
    const dataset = () => view.page.evaluate(() => ({ ...document.documentElement.dataset }));
    const before = await dataset();
    await view.press('p', 't', 'b');
    const after = await dataset();
    await view.press('p', 't', 'b', '?');
    await view.page.waitForSelector('dialog.help[open]');
    await view.press('Escape');
    await view.page.waitForSelector('dialog.help', { state: 'detached' });
    return [
      ...('projector' in after && !('projector' in before) ? [] : ['P does nothing']),
      ...(after.theme !== before.theme ? [] : ['T does nothing']),
      ...(after.ink === 'bw' && before.ink === undefined ? [] : ['B does nothing']),
    ];
  });
}

export async function checkKeyboard({ browser, report, runOf }) {
  const view = await browser.openFile(runOf('pipeline').html, { hash: '#timeline' });
  try {
    await view.ready();
    await checkPaths(view, report);
    report.check('keyboard, pipeline', 'nothing goes wrong in the page', view.problems);
  } finally {
    await view.close();
  }
  for (const name of ['deadlock', 'pipeline']) {
    const walked = await browser.openFile(runOf(name).html, { hash: '#timeline', reducedMotion: 'reduce' });
    try {
      await walked.ready();
      await checkFocus(walked, report, name);
    } finally {
      await walked.close();
    }
  }
}

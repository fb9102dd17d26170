// Zoom and pan in a page that has read its run.
import { timeOf, within } from '../browser.mjs';
import { withServed } from './served.mjs';

const LIMIT = 240_000;
/** Time between two keys that are held down, in ms. */
const KEY_INTERVAL = 33;
/** Keys pressed while frames are counted: in, right, left, out, and the whole of it twice. */
const RIDE = ['w'.repeat(12), 'd'.repeat(20), 'a'.repeat(20), 's'.repeat(12)].join('').repeat(2);

/** The times of single moves, in ms: each starts when the one before it is drawn. */
export function move(browser, recorder, recording) {
  const moveThrough = async (page) => {
    await timeOf(page, 'complete', LIMIT);
    const moves = page.evaluate(async () => {
      const zooms = window.probe.zooms();
      const keys = ['w'.repeat(zooms), 'd'.repeat(8), 'a'.repeat(4), 's'.repeat(zooms), 'www', 'dddd', '0'];
      const times = [];
      for (const key of keys.join('')) times.push(await window.probe.move(key));
      return times;
    });
    return within(LIMIT, moves, 'moving');
  };
  // Without motion: the page glides to the new view otherwise, which takes longer than the data.
  return withServed(browser, recorder, recording, moveThrough, { reducedMotion: 'reduce' });
}

/** The lengths of frames while keys are held down, in ms. */
export function ride(browser, recorder, recording) {
  const rideThrough = async (page) => {
    await timeOf(page, 'complete', LIMIT);
    const lanes = await page.evaluate(() => window.probe.lanes());
    const lengths = page.evaluate(([keys, interval]) => window.probe.ride(keys, interval), [RIDE, KEY_INTERVAL]);
    return { lanes, lengths: await within(LIMIT, lengths, 'moving') };
  };
  const viewport = { width: 1920, height: 1200 };
  return withServed(browser, recorder, recording, rideThrough, { viewport });
}

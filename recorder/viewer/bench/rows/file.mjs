// `run.html`, opened from a file.
import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { timeOf, timeOfDay, within } from '../browser.mjs';

const LIMIT = 60_000;

/** The size, in bytes, and the time until the page has drawn the answer to a key, in ms. */
export async function openFile(browser, file) {
  let start;
  const address = () => {
    start = timeOfDay();
    return pathToFileURL(file).href;
  };
  return browser.withRun(address, async (page) => {
    const usable = page.evaluate(async () => performance.timeOrigin + await window.probe.usable());
    const firstPicture = await timeOf(page, 'firstPicture', LIMIT) - start;
    return { size: statSync(file).size, firstPicture, usable: await within(LIMIT, usable, 'the page') - start };
  });
}

// `recorder view` of a recording.
import { timeOf, timeOfDay } from '../browser.mjs';

/** Serves a recording and calls `action` with its page, the server, and the time when it started. */
export async function withServed(browser, recorder, recording, action, options) {
  let served;
  let start;
  const address = () => {
    start = timeOfDay();
    served = recorder.start('view', recording, '--no-browser');
    return served.address();
  };
  try {
    return await browser.withRun(address, (page) => action(page, served, start), options);
  } finally {
    await served?.stop();
  }
}

/** Times from the start of the command, in ms, and the recorder's peak memory, in bytes. */
export function view(browser, recorder, recording, limit) {
  return withServed(browser, recorder, recording, async (page, served, start) => {
    const since = async (name) => await timeOf(page, name, limit) - start;
    const firstPicture = await since('firstPicture');
    const complete = await since('complete');
    const report = await since('report');
    return { firstPicture, complete, report, memory: served.peakMemory() };
  });
}

// A run that is shown while it goes on.
import { timeOf } from '../browser.mjs';
import { measured } from '../recorder.mjs';

const SAMPLE_INTERVAL = 50;
/** The program and the page have settled after this time, in ms. */
const START = 2000;
/** More than the recorder needs to build the program. */
const MORE_TIME = 120_000;
const FIRST_PICTURE_LIMIT = 20_000;

/**
 * Records a program that runs at a steady rate, with the page open or without it. `delays` are how
 * far the page was behind the program at each moment, in ms.
 */
export async function live(browser, recorder, file, load, seconds, isShown) {
  const limit = seconds * 2000 + MORE_TIME;
  if (!isShown) return recorder.record(limit, file, load);
  let run;
  const address = () => {
    run = recorder.startRecording(file, load, '--view', '--no-browser');
    return run.address();
  };
  try {
    return await browser.withRun(address, async (page) => {
      await timeOf(page, 'firstPicture', FIRST_PICTURE_LIMIT);
      await page.evaluate((interval) => window.probe.sample(interval), SAMPLE_INTERVAL);
      await run.programEnded(limit);
      const samples = await page.evaluate(() => window.probe.samples);
      const program = measured(run.output);
      const end = program.elapsed / 1e6;
      const delays = samples
        .map(({ at, known, drawn }) => ({ elapsed: at - program.startedMs, known: known / 1e6, drawn: drawn / 1e6 }))
        .filter(({ elapsed }) => elapsed > Math.min(START, end / 2) && elapsed < end)
        .map(({ elapsed, known, drawn }) => ({ known: elapsed - known, drawn: elapsed - drawn }));
      if (!delays.length) throw new Error('the page showed nothing while the program ran');
      return { ...program, delays, memory: run.peakMemory() };
    });
  } finally {
    await run?.stop();
  }
}

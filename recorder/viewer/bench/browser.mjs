// The headless browser, cut off from the network.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROBE = fileURLToPath(new URL('probe.js', import.meta.url));

/** Starts the browser. `cache` is the folder that `.ci/browser/setup` filled. */
export async function startBrowser(cache) {
  // The packages are outside the repository, where `import` does not look.
  const { chromium } = createRequire(join(cache, 'package.json'))('playwright-core');
  const chrome = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
  return {
    version: chrome.version(),
    close: () => chrome.close(),
    /** Calls `action` with an empty page in a fresh profile, and closes it. */
    async withPage(action, options = {}) {
      const context = await chrome.newContext({ viewport: { width: 1400, height: 900 }, ...options });
      try {
        return await action(await context.newPage());
      } finally {
        await context.close();
      }
    },
    /**
     * Opens our page with the probe in it, calls `action` with it, and closes it. `address` returns
     * the address once the browser is ready for it.
     */
    withRun(address, action, options) {
      return this.withPage(async (page) => {
        const errors = [];
        page.on('pageerror', (error) => errors.push(error.message));
        await page.addInitScript({ path: PROBE });
        await page.goto(`${await address()}#timeline`, { waitUntil: 'commit' });
        const result = await action(page);
        if (errors.length) throw new Error(`errors in the page: ${errors.join('; ')}`);
        return result;
      }, options);
    },
  };
}

/** Waits for a time that the probe takes; as time of day, in ms. */
export async function timeOf(page, name, limit) {
  const isKnown = (it) => window.probe[it] !== undefined;
  try {
    await page.waitForFunction(isKnown, name, { timeout: limit, polling: 50 });
  } catch (error) {
    const state = await page.evaluate(() => window.probe.state());
    throw new Error(`no ${name}: ${JSON.stringify(state)}`, { cause: error });
  }
  return page.evaluate((it) => performance.timeOrigin + window.probe[it], name);
}

/** The time of day, in ms, on the clock that pages have too. */
export const timeOfDay = () => performance.timeOrigin + performance.now();

/** Limits the time of something that has no limit of its own. */
export async function within(limit, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} takes longer than ${limit / 1000} s`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

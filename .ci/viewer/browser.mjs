// Our page in a headless Chromium that is cut off from the network.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { View } from './view.mjs';

/** Starts the browser. `cache` is the folder that `.ci/browser/setup` filled. */
export async function startBrowser(cache) {
  // The packages are outside the repository, where `import` does not look.
  const { chromium } = createRequire(join(cache, 'package.json'))('playwright-core');
  const chrome = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
    args: ['--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });

  /** Opens an address; requests are allowed only to `home` and below. */
  async function open(address, home, { before, ...options } = {}) {
    const context = await chrome.newContext({ viewport: { width: 1400, height: 900 }, ...options });
    const page = await context.newPage();
    const view = new View(page);
    if (before) await page.addInitScript(before);
    await watch(page, home, view.problems);
    try {
      if (address.startsWith('file:')) await context.setOffline(true);
      await page.goto(address);
    } catch (error) {
      await view.close();
      throw error;
    }
    return view;
  }

  return {
    /**
     * Opens a page in a file. `hash` is the part of the link that says what is shown. `folder` has
     * pages that it may lead to. `before` is a function that runs in the page before its own scripts.
     */
    openFile(path, { hash = '', folder = path, ...options } = {}) {
      const address = pathToFileURL(path).href;
      return open(address + hash, pathToFileURL(folder).href, options);
    },
    /** Opens a page that the recorder serves. */
    openServed: (address, options) => open(address, address, options),
    /** How light a picture is (0 to 1), and which share of it is not of the most frequent colour. */
    async pixels(png) {
      const page = await chrome.newPage();
      try {
        return await page.evaluate(measurePixels, png.toString('base64'));
      } finally {
        await page.close();
      }
    },
    close: () => chrome.close(),
  };
}

/** Collects everything that must not happen in a page. */
async function watch(page, home, problems) {
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`violates the content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  const isHome = (url) => url.split('#')[0].split('?')[0].startsWith(home) || url.startsWith('data:');
  page.on('request', (request) => {
    if (!isHome(request.url())) problems.push(`requests ${request.url()}`);
  });
  await page.route((url) => !isHome(url.href), (route) => route.abort());
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', (popup) => problems.push(`opens ${popup.url()}`));
  page.on('worker', (worker) => problems.push(`starts a worker: ${worker.url()}`));
}

/** Runs in a blank page. */
async function measurePixels(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const counts = new Map();
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) {
    const colour = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
    sum += (data[i] + data[i + 1] + data[i + 2]) / 3;
  }
  const pixels = data.length / 4;
  return { lightness: sum / pixels / 255, drawn: 1 - Math.max(...counts.values()) / pixels };
}

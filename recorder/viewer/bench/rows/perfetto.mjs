// The same run in the Perfetto UI, served from this machine.
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { timeOfDay } from '../browser.mjs';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Serves the UI in the folder that `.ci/perfetto/setup` filled. */
export async function serveUi(cache) {
  const server = createServer((request, response) => {
    // (a URL's path has its `..` resolved, so it stays inside the folder)
    const { pathname } = new URL(request.url, 'http://localhost');
    const path = pathname === '/' ? '/index.html' : pathname;
    const file = createReadStream(join(cache, 'ui', path));
    file.on('error', () => response.writeHead(404).end());
    file.on('open', () => {
      response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' });
      file.pipe(response);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // `testing` turns off the analytics and the search for a newer UI.
    address: `http://127.0.0.1:${server.address().port}/?testing=1#!/viewer?hideSidebar=true`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The time from choosing a trace in the UI, which is already open, until its tracks are there, in ms. */
export function openTrace(browser, ui, trace, limit) {
  return browser.withPage(async (page) => {
    await page.goto(ui.address);
    await page.waitForFunction(() => window.app && document.readyState === 'complete');
    const start = timeOfDay();
    await page.setInputFiles('input.trace_file', trace);
    const state = await page.waitForFunction(() => {
      const dialog = document.querySelector('.pf-modal-dialog');
      if (dialog) return { refused: dialog.innerText };
      const { trace, isLoadingTrace } = window.app;
      return trace && !isLoadingTrace && document.querySelector('.pf-track') && {
        loaded: performance.timeOrigin + performance.now(),
      };
    }, null, { timeout: limit, polling: 50 });
    const { refused, loaded } = await state.jsonValue();
    if (refused) throw new Error(`the Perfetto UI refuses the trace: ${refused}`);
    return loaded - start;
  });
}

// The real Perfetto UI in one headless Chromium, served from this machine.
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';

const LOAD_MS = 120_000;
const IDLE_MS = 20_000;
const MAX_LOOKS = 20;
const VIEWPORT = { width: 1280, height: 900 };
const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

function serve(folder) {
  const server = createServer((request, response) => {
    // (a URL's path has its `..` resolved, so it stays inside the folder)
    const { pathname } = new URL(request.url, 'http://localhost');
    const path = pathname === '/' ? '/index.html' : pathname;
    const file = createReadStream(join(folder, path));
    file.on('error', () => response.writeHead(404).end());
    file.on('open', () => {
      const type = TYPES[extname(path)] ?? 'application/octet-stream';
      response.writeHead(200, { 'Content-Type': type });
      file.pipe(response);
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** Starts the browser. `cache` is the folder that `setup` filled. `scale` is for pictures. */
export async function startUi(cache, scale = 1) {
  // The packages are outside the repository, where `import` does not look.
  const { chromium } = createRequire(join(cache, 'package.json'))('playwright-core');
  const server = await serve(join(cache, 'ui'));
  // `testing` turns off the analytics and the search for a newer UI. A page must be named,
  // or this build of the UI asks a server of its own for a trace.
  const origin = `http://127.0.0.1:${server.address().port}`;
  const home = `${origin}/?testing=1#!/viewer?hideSidebar=true`;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
    args: ['--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
  /** Opens the UI in a fresh profile. */
  async function start(address) {
    const context = await browser.newContext({
      viewport: VIEWPORT,
      deviceScaleFactor: scale,
    });
    const page = await context.newPage();
    const view = new View(page);
    try {
      await page.goto(address);
      await page.waitForFunction(() => window.app && document.readyState === 'complete');
    } catch (error) {
      await view.close();
      throw error;
    }
    return view;
  }

  /** Waits until a page shows another trace than `before`; closes the page if it refuses to. */
  async function loaded(view, before) {
    try {
      const state = await view.page.waitForFunction((before) => {
        const dialog = document.querySelector('.pf-modal-dialog');
        if (dialog) return { refused: dialog.innerText };
        const { trace, isLoadingTrace } = window.app;
        return trace && trace !== before && !isLoadingTrace && { loaded: true };
      }, before, { timeout: LOAD_MS, polling: 100 });
      const { refused } = await state.jsonValue();
      if (refused) throw new Error(`the UI says: ${refused}`);
    } catch (error) {
      await view.close();
      throw error;
    }
    return view;
  }

  // The UI itself takes longer to load than a trace does.
  let started;
  return {
    /** The page that `recorder open --ui` is to name. */
    address: `${origin}/?testing=1`,
    /**
     * Opens a trace as "Open trace file" does, in the same page as the ones before, whose views
     * are then no longer of use.
     */
    async open(trace) {
      if (!started || started.page.isClosed()) started = await start(home);
      const { page } = started;
      const before = await page.evaluateHandle(() => window.app.trace);
      await page.setViewportSize(VIEWPORT);
      started.errors = [];
      await page.setInputFiles('input.trace_file', trace);
      return loaded(started, before);
    },
    /** Opens an address that names a trace, as a link does, in a page of its own. */
    follow: async (address) => loaded(await start(address)),
    async close() {
      await browser.close();
      server.close();
    },
  };
}

/** One trace, open in the UI. */
class View {
  /** What went wrong inside the page. */
  errors = [];

  constructor(page) {
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      // The UI asks the network for a few things of its own; that they fail is right.
      const network = /net::ERR_|Failed to load resource|Content.Security.Policy|:9001.*CORS policy/;
      if (message.type() === 'error' && !network.test(message.text())) {
        this.errors.push(`console: ${message.text()}`);
      }
    });
  }

  /** Rows of a query in the UI's own trace processor. */
  query(sql) {
    return this.page.evaluate(async (text) => {
      const result = await window.app.trace.engine.query(text);
      const columns = result.columns();
      const rows = [];
      for (const at = result.iter({}); at.valid(); at.next()) {
        const values = columns.map((column) => at.get(column));
        // (all our integers are nanoseconds within a trace, or small)
        const plain = values.map((value) => typeof value === 'bigint' ? Number(value) : value);
        rows.push(Object.fromEntries(columns.map((column, i) => [column, plain[i]])));
      }
      return rows;
    }, sql);
  }

  /** What the UI's own "import errors" sign counts. */
  importErrors() {
    return this.page.evaluate(() => {
      const { traceInfo, loadingErrors } = window.app.trace;
      return Number(traceInfo.importErrors) + loadingErrors.length;
    });
  }

  /**
   * From when to when it shows, and what slice is selected, if one is: once that is as expected, or
   * after so many tries. The UI goes there some time after the trace is loaded.
   */
  async window(isExpected) {
    for (let tries = 1; ; tries++) {
      await this.page.evaluate(() => window.waitForPerfettoIdle(300));
      const shown = await this.page.evaluate(() => {
        const { timeline, selection } = window.app.trace;
        const { start, end } = timeline.visibleWindow.toTimeSpan();
        return { start: Number(start), end: Number(end), selected: selection.selection.eventId };
      });
      if (tries === MAX_LOOKS || isExpected(shown)) return shown;
    }
  }

  /** The names of all tracks and groups, from top to bottom, and how deep they are nested. */
  rows() {
    return this.page.evaluate(() => {
      const rowsOf = (node, depth) => node.children.flatMap((child) => child.headless
        ? rowsOf(child, depth)
        : [{ name: child.name, depth }, ...rowsOf(child, depth + 1)]);
      return rowsOf(window.app.trace.workspaces.currentWorkspace, 0);
    });
  }

  /** The names of the groups that are folded. */
  async folded() {
    await this.page.evaluate(() => window.waitForPerfettoIdle(300));
    return this.page.evaluate(() => window.app.trace.workspaces.currentWorkspace.flatTracks
      .filter((track) => track.hasChildren && track.collapsed).map((track) => track.name));
  }

  /** Expands all groups. */
  expand() {
    return this.page.evaluate(() => window.app.commands.runCommand('dev.perfetto.ExpandAllGroups'));
  }

  /** Writes a picture of the tracks as they are shown, in a window as high as they need. */
  async shoot(file) {
    const idle = () => this.page.waitForFunction(
      () => window.waitForPerfettoIdle(300).then(() => true), null, { timeout: IDLE_MS });
    await this.page.addStyleTag({ content: '.pf-cookie-consent { display: none !important }' });
    await idle();
    // From the time axis on, and without the menu at the left.
    const measure = () => this.page.evaluate(() => {
      const edges = (selector) => document.querySelector(selector).getBoundingClientRect();
      const tracks = [...document.querySelectorAll('.pf-track')];
      return {
        top: edges('.pf-timeline-header').top,
        left: edges('.pf-timeline-header').left,
        bottom: Math.max(...tracks.map((track) => track.getBoundingClientRect().bottom)),
        below: window.innerHeight - edges('.pf-split-panel__main').bottom,
      };
    });
    const { width } = this.page.viewportSize();
    const { bottom, below, left } = await measure();
    await this.page.setViewportSize({ width: width + left, height: Math.ceil(bottom + below) });
    await idle();
    const { top } = await measure();
    const clip = { x: left, y: top, width, height: Math.ceil(bottom - top) };
    await this.page.screenshot({ path: file, clip });
  }

  close() {
    return this.page.context().close();
  }
}

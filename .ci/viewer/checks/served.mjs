// `recorder view`: the same page over HTTP, for this machine and this page alone.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { differences } from '../report.mjs';
import { TABS } from '../view.mjs';

/** Sends a request and returns its status and headers. */
function ask(address, { path = '', method = 'GET', headers = {} } = {}) {
  const url = new URL(address);
  const options = { host: url.hostname, port: url.port, path: url.pathname + path, method, headers };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** The addresses on which this machine listens at a port, from /proc: hexadecimal. */
function listening(port) {
  const wanted = Number(port).toString(16).toUpperCase().padStart(4, '0');
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n').slice(1);
    return lines.map((line) => line.trim().split(/\s+/)).flatMap(([, local, , state]) => {
      const [address, its] = (local ?? '').split(':');
      return state === '0A' && its === wanted ? [address] : [];
    });
  });
}

/** What a page shows: its text on each tab, and the belts after the last step. */
async function shownIn(view) {
  const texts = {};
  for (const tab of TABS) {
    await view.show(tab);
    if (tab === 'belt') {
      await view.press('End');
      await view.until(() => document.querySelector('#panel-belt').dataset.step
        === String(window.recorder.model.index.steps - 1));
    }
    // Source lines and values come a little later, over HTTP.
    texts[tab] = await settledText(view, `#panel-${tab}`);
  }
  return texts;
}

/** The text of a part of the page, once nothing is asked for any more and it stays the same. */
async function settledText(view, selector) {
  await view.page.waitForLoadState('networkidle');
  await view.rested();
  return view.text(selector);
}

async function checkRefusals({ report }, { address }) {
  const { port, pathname } = new URL(address);
  const refusals = {
    'another Host': { headers: { Host: `localhost:${port}` } },
    'the Host of another page': { headers: { Host: 'example.org' } },
    'another Origin': { headers: { Origin: 'http://example.org' } },
    'the Origin null': { headers: { Origin: 'null' } },
    'another path': { path: '../' },
    'a path with dots': { path: '../../etc/passwd' },
    'no such file': { path: 'run.js' },
    'a POST': { method: 'POST' },
    'a DELETE': { method: 'DELETE', path: 'run.json' },
    'an impossible range': { path: 'chunks/0-99999999999' },
  };
  for (const [what, how] of Object.entries(refusals)) {
    await report.attempt('served', `refuses ${what}`, async () => {
      const { status } = await ask(address, how);
      return status >= 400 && status < 500 ? [] : [`the status is ${status}`];
    });
  }
  await report.attempt('served', 'is under a name that cannot be guessed', async () => {
    const { status } = await ask(`http://127.0.0.1:${port}/`);
    return [
      ...(/^\/[0-9a-f]{32}\/$/.test(pathname) ? [] : [`the path is ${pathname}`]),
      ...(status === 404 ? [] : [`/ has the status ${status}`]),
    ];
  });
  await report.attempt('served', 'listens on 127.0.0.1 only', () => {
    const addresses = listening(port);
    return addresses.length === 1 && addresses[0] === '0100007F' ? [] : [`it listens on ${addresses}`];
  });
  await report.attempt('served', 'has a content security policy without exceptions', async () => {
    const { status, headers } = await ask(address, { headers: { Origin: new URL(address).origin } });
    const policy = headers['content-security-policy'] ?? '';
    const missing = ["default-src 'none'", "script-src 'sha256-", "connect-src 'self'"]
      .filter((it) => !policy.includes(it)).map((it) => `the policy lacks ${it}`);
    const exceptions = policy.match(/unsafe-\w+|\*|https?:|blob:/g) ?? [];
    return [
      ...(status === 200 ? [] : [`the status is ${status}`]),
      ...missing,
      ...exceptions.map((it) => `the policy allows ${it}`),
      ...(headers['cache-control'] === 'no-store' ? [] : ['it may be cached']),
      ...(headers['x-content-type-options'] === 'nosniff' ? [] : ['its type may be guessed']),
    ];
  });
}

export async function checkServed(checks) {
  const { browser, report, recorder, runOf } = checks;
  for (const name of ['pipeline', 'forgotten_sender']) {
    const { recording, html } = runOf(name);
    const served = await recorder.serve('view', recording, '--no-browser');
    try {
      if (name === 'pipeline') await checkRefusals(checks, served);
      await report.attempt(name, 'is the same served as in its file', async () => {
        const views = [await browser.openFile(html), await browser.openServed(served.address)];
        try {
          const texts = [];
          for (const view of views) texts.push(await shownIn(await view.ready()));
          return [...differences(texts[0], texts[1]), ...views.flatMap((view) => view.problems)];
        } finally {
          for (const view of views) await view.close();
        }
      });
    } finally {
      await served.stop();
    }
  }
}

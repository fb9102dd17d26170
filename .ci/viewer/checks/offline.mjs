// Every run opens from a file with the network cut, on all tabs, without a request or an error.
import { join } from 'node:path';
import { TABS } from '../view.mjs';

export async function checkOffline({ browser, report, runs, shots }) {
  for (const { name, html } of runs) {
    await report.attempt(name, 'opens from a file, without the network, on all tabs', async () => {
      const view = await browser.openFile(html);
      try {
        await view.ready();
        for (const tab of TABS) {
          await view.show(tab);
          if (shots) await view.page.screenshot({ path: join(shots, `${name}.${tab}.png`) });
        }
        const failures = await view.texts('.failure');
        return [...view.problems, ...failures];
      } finally {
        await view.close();
      }
    });
  }
}

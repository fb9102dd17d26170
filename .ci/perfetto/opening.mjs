// What a person sees after `recorder open`, but for the start of the browser.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Has `recorder` serve files to the UI, and opens the address that it names. */
export async function openByRecorder(ui, recorder, ...files) {
  const options = ['--no-browser', '--ui', ui.address, '--port', '0', '--wait', '60s'];
  const child = spawn(recorder, ['open', ...files, ...options], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const ended = once(child, 'exit');
  let said = '';
  const address = new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      const [, found] = said.match(/^open this in a browser:\s+(\S+)\n/m) ?? [];
      if (found) resolve(found);
    });
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`recorder has ended: ${said}`)));
  });
  const view = await ui.follow(await address).catch((error) => {
    child.kill();
    throw error;
  });
  // The page has it: that is the end.
  const [status] = await ended;
  if (status !== 0) {
    await view.close();
    throw new Error(`recorder has ended with status ${status}: ${said}`);
  }
  return view;
}

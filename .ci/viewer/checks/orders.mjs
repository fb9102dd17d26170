// The page with all orders of a small program: the reader chooses who goes next, or plays an order.
import { join } from 'node:path';
import { Recorder } from '../recorder.mjs';

/**
 * Programs, as `interprets` runs them, the keys that make them hang and what is said then, and keys after
 * which a thread waits.
 */
const PROGRAMS = {
  // Two threads take two locks in opposite orders.
  'two locks': { threads: ['l0 l1 u1 u0', 'l1 l0 u0 u1'], hang: ['1', '1', '2', '3'] },
  // The first one never gives its lock back.
  'a message': { threads: ['t0 l0', 's0 l0 u0'], hang: ['1', '1', '2', '2', '3', '1'] },
  'fan in': { threads: ['r0 r0 r0', 's0 s0', 's0'] },
  // The receiver of a rendezvous comes with a lock that the sender wants before, or after the sender.
  rendezvous: {
    threads: ['l0 r2 u0', 'l0 u0 s2'],
    hang: ['1', '1', '2', '2'],
    says: /waits for a message from/,
    waits: { keys: ['1', '1', '3', '3', '3'], thread: 2, text: /waits for the receiver of/ },
  },
  'two senders': { threads: ['r2 r2', 's2', 's2'] },
  // The receiver can come first, and then the other one can give it a message, too.
  'a try': {
    threads: ['r2', 'T2', 's2'],
    hang: ['1', '1', '1', '2', '3', '2', '1', '1', '4'],
    says: /waits for the receiver of/,
    waits: { keys: ['1', '1', '1', '2'], thread: 1, text: /waits for a message from/ },
  },
  // One reads twice. Between that, the other asks to write.
  readers: {
    threads: ['R0 R0 U0 U0', 'W0 U0'],
    hang: ['1', '1', '2', '3'],
    says: /waits to read \S+ until .+ has written/,
    waits: { keys: ['1', '1', '2', '2', '3'], thread: 2, text: /waits for \S+, which .+ has/ },
  },
};

const SIZES = [
  { width: 1920, height: 1080 },
  { width: 1280, height: 720 },
];

/** In the page: texts that are cut, and parts that are not in view. */
function wrong() {
  const complaints = [];
  const box = (it) => it.getBoundingClientRect();
  const inside = (it, outer) =>
    it.left >= outer.left - 1 && it.right <= outer.right + 1 && it.top >= outer.top - 1 && it.bottom <= outer.bottom + 1;
  const page = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  for (const it of document.querySelectorAll('.orders > *, .orders-thread, .orders-controls button')) {
    if (!inside(box(it), page)) complaints.push(`“${it.textContent.slice(0, 30)}” is outside of the page`);
  }
  for (const it of document.querySelectorAll('.orders-now, .orders-thread, .orders-thread *, .orders-header, .orders-all h2')) {
    if (it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0) complaints.push(`“${it.textContent.slice(0, 30)}” is cut at its side`);
    if (it.scrollHeight > it.clientHeight + 1 && it.clientHeight > 0) complaints.push(`“${it.textContent.slice(0, 30)}” is cut below`);
  }
  for (const [pane, texts] of [['.belt-stage', '.belt-picture, .belt-picture text'], ['.orders-all-scroll', '.orders-leaf text, .orders-edge text']]) {
    const outer = box(document.querySelector(pane));
    for (const it of document.querySelectorAll(texts)) {
      if (!inside(box(it), outer)) complaints.push(`“${it.textContent.slice(0, 30)}” is cut in ${pane}`);
    }
  }
  const size = (selector) => Number.parseFloat(getComputedStyle(document.querySelector(selector)).fontSize) / innerHeight;
  if (size('.orders-thread b') < 0.02) complaints.push('names of threads are too small for a class');
  if (document.documentElement.scrollHeight > innerHeight + 1) complaints.push('the page must be scrolled');
  return complaints;
}

/** In the page: what it shows. */
function shown() {
  const text = (selector) => document.querySelector(selector)?.textContent ?? '';
  const all = (selector) => [...document.querySelectorAll(selector)];
  return {
    moves: Number(document.querySelector('.orders').dataset.moves),
    now: document.querySelector('.orders-now').className.replace('orders-now ', ''),
    verdict: text('.orders-verdict'),
    challenge: text('.orders-challenge'),
    summary: text('.orders-all h2'),
    leaves: all('.orders-leaf').map((it) => it.dataset.order),
    reached: all('.orders-leaf.reached').map((it) => it.dataset.order),
    possible: all('.orders-leaf.leads').length,
    threads: all('.orders-thread').map((it) => it.textContent),
    can: all('.orders-thread:enabled').map((it) => it.dataset.thread),
    belt: text('.belt-picture'),
  };
}

export async function checkOrders({ browser, report, recorder, programs, traces, shots }) {
  const inTraces = new Recorder(recorder.command, traces);
  for (const [name, { threads, hang, says, waits }] of Object.entries(PROGRAMS)) {
    const subject = `orders, ${name}`;
    const file = join(traces, `orders-${name.replace(' ', '-')}.html`);
    const options = ['--quiet', 'explore', '--strategy', 'exhaustive', '--json', '-o', file];
    const found = JSON.parse(inTraces.run(...options, '--', join(programs, 'interprets'), ...threads));
    for (const viewport of SIZES) {
      const view = await browser.openFile(file, { viewport, reducedMotion: 'reduce' });
      const at = `${viewport.width}×${viewport.height}`;
      try {
        await view.until(() => window.orders && document.querySelector('.orders-leaf'));
        const look = async () => {
          await view.rested();
          return view.page.evaluate(shown);
        };
        const start = await look();
        await report.attempt(subject, `the tree has all orders at ${at}`, async () => [
          ...(start.leaves.length === found.orders ? [] : [`${start.leaves.length} leaves of ${found.orders} orders`]),
          ...(start.summary.includes(`${found.orders} orders`) ? [] : [start.summary]),
        ]);
        await report.attempt(subject, `nothing is cut at the start at ${at}`, () => view.page.evaluate(wrong));
        if (hang) {
          await report.attempt(subject, `keys lead to the hang, and back, at ${at}`, async () => {
            await view.press('1', ...hang.slice(1));
            const end = await look();
            await view.press('u');
            const before = await look();
            await view.press('9', 'ArrowRight');
            const again = await look();
            await view.press('r');
            const anew = await look();
            return [
              ...(end.now === 'hang' && /^No thread can go on/.test(end.verdict) ? [] : [end]),
              ...(!says || says.test(end.verdict) ? [] : [end.verdict]),
              ...(end.reached.length === 1 && end.can.length === 0 ? [] : [end]),
              ...(/Found 1 of \d outcomes/.test(end.challenge) ? [] : [end.challenge]),
              ...(before.now === 'open' && before.moves === end.moves - 1 ? [] : [before]),
              ...(again.now === 'hang' && again.belt === end.belt ? [] : [again]),
              ...(anew.moves === 0 && anew.belt === start.belt ? [] : [anew]),
            ];
          });
        }
        if (waits) {
          await report.attempt(subject, `a thread that is blocked says for what at ${at}`, async () => {
            await view.press(...waits.keys);
            const blocked = await look();
            const complaints = await view.page.evaluate(wrong);
            await view.press('r');
            const { keys, thread, text } = waits;
            if (blocked.moves !== keys.length || blocked.can.includes(String(thread)) || !text.test(blocked.threads[thread])) complaints.push(blocked);
            return complaints;
          });
        }
        await report.attempt(subject, `every order can be played to its end at ${at}`, async () => {
          const complaints = [];
          for (const order of start.leaves) {
            const leaf = view.page.locator(`.orders-leaf[data-order="${order}"]`);
            if (order === '0') await leaf.click();
            else {
              await leaf.focus();
              await view.press('Enter');
            }
            let now = await look();
            for (let moves = 0; now.reached.length === 0 && moves < 100; moves += 1) {
              await view.press('ArrowRight');
              now = await look();
            }
            if (now.reached.join() !== order || now.possible !== 1) complaints.push(now);
            complaints.push(...(await view.page.evaluate(wrong)));
          }
          const { challenge } = await look();
          const all = `Seen ${start.leaves.length} of ${start.leaves.length} orders`;
          if (!challenge.includes(all)) complaints.push(challenge);
          return complaints;
        });
        if (shots) await view.page.screenshot({ path: join(shots, `orders-${name.replace(' ', '-')}-${viewport.height}.png`) });
        report.check(subject, `the page asks for nothing, and has no errors at ${at}`, view.problems);
      } finally {
        await view.close();
      }
    }
  }
}

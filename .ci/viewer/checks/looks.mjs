// How the page looks: large text on a projector, nothing on top of each other, print, less motion, and
// zoom far in and far out.
import { join } from 'node:path';
import { TABS } from '../view.mjs';

const PROJECTED = ['pipeline', 'deadlock', 'fan_in', 'rendezvous', 'worker_pool', 'forgotten_sender'];
const SCREEN = { width: 1920, height: 1080 };
const MIN_PROJECTED_PX = 18;

/** Before the page's own script: takes down what it writes on each canvas in its latest frame. */
function recordCanvasText() {
  window.canvasTexts = new Map(); // canvas -> { frame, texts }
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function record(text, x, y, ...rest) {
    const { canvas } = this;
    const frame = document.timeline.currentTime;
    if (window.canvasTexts.get(canvas)?.frame !== frame) window.canvasTexts.set(canvas, { frame, texts: [] });
    const { a, d, e, f } = this.getTransform();
    const scale = canvas.clientWidth ? canvas.width / canvas.clientWidth : devicePixelRatio;
    const size = (Number(/([\d.]+)px/.exec(this.font)[1]) * a) / scale;
    const measured = this.measureText(text);
    const left = (x - measured.actualBoundingBoxLeft) * a + e;
    const right = (x + measured.actualBoundingBoxRight) * a + e;
    const top = (y - measured.actualBoundingBoxAscent) * d + f;
    const bottom = (y + measured.actualBoundingBoxDescent) * d + f;
    window.canvasTexts.get(canvas).texts.push(
      { text, size, box: [left / scale, top / scale, right / scale, bottom / scale] });
    return fillText.call(this, text, x, y, ...rest);
  };
}

/** In the page: all visible texts with the size of their letters and their boxes. */
function visibleTexts() {
  const found = [];
  const screen = [0, 0, innerWidth, innerHeight];
  const both = (a, b) => [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  const isThere = ([left, top, right, bottom]) => right - left > 1 && bottom - top > 1;
  const edges = (it) => {
    const { left, top, right, bottom } = it;
    return [left, top, right, bottom];
  };
  /** As far as the elements around it show it. */
  const clipped = (element, box) => {
    for (let it = element; it && it !== document.body; it = it.parentElement) {
      const { overflowX, overflowY, position } = getComputedStyle(it);
      if (overflowX !== 'visible' || overflowY !== 'visible') box = both(box, edges(it.getBoundingClientRect()));
      if (position === 'fixed') break;
    }
    return both(box, screen);
  };
  let id = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    id += 1;
    if (node.data.trim() === '' || element.closest('script, style, title, option, [hidden], .spoken')) continue;
    if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const style = getComputedStyle(element);
    const matrix = element.ownerSVGElement ? element.getScreenCTM() : { a: 1 };
    const size = parseFloat(style.fontSize) * matrix.a;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      const box = clipped(element, edges(rect));
      // (what is cut off so far cannot be read, and screen readers' text has one pixel)
      if (!isThere(box) || box[3] - box[1] < rect.height * 0.5 || rect.width < 2) continue;
      // The box of a line is higher than its letters.
      const margin = Math.max(0, (rect.height - size * 0.72) / 2);
      found.push({ of: id, text: node.data.trim().slice(0, 40), size, box: [box[0], box[1] + margin, box[2], box[3] - margin] });
    }
  }
  for (const [canvas, { texts }] of window.canvasTexts ?? []) {
    if (!canvas.isConnected || !canvas.checkVisibility() || canvas.clientWidth === 0) continue;
    const { left, top, right, bottom } = canvas.getBoundingClientRect();
    for (const { text, size, box } of texts) {
      const shown = both([box[0] + left, box[1] + top, box[2] + left, box[3] + top], [left, top, right, bottom]);
      if (isThere(shown)) found.push({ of: 'canvas', text, size, box: shown });
    }
  }
  return found;
}

/** Pairs of texts on top of each other. */
function overlaps(texts) {
  const complaints = [];
  texts.forEach((a, i) => {
    for (const b of texts.slice(i + 1)) {
      // (a text that ends with an ellipsis has two boxes)
      if (a.of === b.of && a.of !== 'canvas') continue;
      const width = Math.min(a.box[2], b.box[2]) - Math.max(a.box[0], b.box[0]);
      const height = Math.min(a.box[3], b.box[3]) - Math.max(a.box[1], b.box[1]);
      if (width > 2 && height > 2) complaints.push(`"${a.text}" and "${b.text}" overlap by ${width.toFixed(0)}×${height.toFixed(0)} px`);
    }
  });
  return complaints;
}

async function checkProjector({ browser, report, runOf, shots }) {
  for (const name of PROJECTED) {
    const view = await browser.openFile(runOf(name).html, { viewport: SCREEN, reducedMotion: 'reduce' });
    try {
      await view.page.addInitScript(recordCanvasText);
      await view.page.reload();
      await view.ready();
      await view.press('p');
      for (const tab of TABS) {
        await view.show(tab);
        if (tab === 'belt') {
          const steps = await view.app(({ model }) => model.index.steps);
          const step = Math.floor(steps * 0.6);
          await view.app(({ link }, to) => link.set({ step: to }), step);
          await view.until((at) => document.querySelector('#panel-belt').dataset.step === at, String(step));
        }
        await view.still();
        const texts = await view.page.evaluate(visibleTexts);
        const small = texts.filter(({ size }) => size < MIN_PROJECTED_PX - 0.05)
          .map(({ text, size }) => `"${text}" has ${size.toFixed(1)} px`);
        const drawn = texts.filter(({ of }) => of === 'canvas').length;
        const isEnough = texts.length - drawn >= 10 && (tab !== 'timeline' || drawn >= 5);
        const blank = isEnough ? [] : [`only ${texts.length} texts are found, ${drawn} of them on canvases`];
        report.check(`projector, ${name}`, `text on ${tab} has at least ${MIN_PROJECTED_PX} px`, [...blank, ...small]);
        report.check(`projector, ${name}`, `no texts on ${tab} overlap`, overlaps(texts));
        if (shots) await view.page.screenshot({ path: join(shots, `projector.${name}.${tab}.png`) });
      }
    } finally {
      await view.close();
    }
  }
}

async function checkPrint({ browser, report, runOf, shots }) {
  const view = await browser.openFile(runOf('deadlock').html, { colorScheme: 'dark' });
  try {
    await view.ready();
    for (const tab of TABS) {
      await report.attempt('print', `${tab} is printed on white, and is not blank`, async () => {
        await view.show(tab);
        await view.still();
        const { lightness: onScreen } = await browser.pixels(await view.page.screenshot());
        await view.page.emulateMedia({ media: 'print' });
        await view.page.evaluate(() => dispatchEvent(new Event('beforeprint')));
        await view.rested();
        const png = await view.page.screenshot(shots && { path: join(shots, `print.${tab}.png`) });
        const { lightness, drawn } = await browser.pixels(png);
        await view.page.evaluate(() => dispatchEvent(new Event('afterprint')));
        await view.page.emulateMedia({ media: 'screen' });
        return [
          ...(onScreen < 0.4 ? [] : [`the dark screen has a lightness of ${onScreen}`]),
          ...(lightness > 0.8 ? [] : [`the paper has a lightness of ${lightness}`]),
          ...(drawn > 0.01 ? [] : [`only ${drawn} of the paper is drawn on`]),
        ];
      });
    }
    report.check('print', 'nothing goes wrong in the page', view.problems);
  } finally {
    await view.close();
  }
}

async function checkMotion({ browser, report, runOf }) {
  const { html } = runOf('pipeline');
  const movesIn = async (options) => {
    const view = await browser.openFile(html, options);
    try {
      // Every animation and transition that starts, for however short a time.
      await view.page.addInitScript(() => {
        window.moves = [];
        for (const type of ['animationstart', 'transitionrun']) {
          addEventListener(type, (event) => {
            window.moves.push(`${event.target.localName}.${event.target.getAttribute('class')} ${event.propertyName ?? event.animationName}`);
          }, true);
        }
      });
      await view.page.reload();
      await view.ready();
      for (const tab of TABS) await view.show(tab);
      await view.press('Home');
      for (let i = 0; i < 12; i++) {
        await view.press('ArrowRight');
        await view.rested();
      }
      await view.still();
      return await view.page.evaluate(() => window.moves);
    } finally {
      await view.close();
    }
  };
  await report.attempt('motion', 'nothing moves if the reader wants less motion', () => movesIn({ reducedMotion: 'reduce' }));
  await report.attempt('motion', 'parcels move otherwise', async () => {
    const moves = await movesIn({ reducedMotion: 'no-preference' });
    return moves.some((it) => it.includes('parcel')) ? [] : ['no parcel moves'];
  });
}

async function checkZoom({ browser, report, runOf }) {
  const view = await browser.openFile(runOf('pipeline').html, { hash: '#timeline', reducedMotion: 'reduce' });
  try {
    await view.ready();
    await view.show('timeline');
    const range = () => view.until(() => {
      const { from, to } = window.recorder.link.state;
      return { from, to };
    });
    const canvas = async () => (await browser.pixels(await (await view.page.$('.lanes-canvas')).screenshot())).drawn;
    await report.attempt('zoom', 'far in, to nanoseconds, and far out again', async () => {
      const before = await canvas();
      await view.press('ArrowRight');
      await view.until(() => window.recorder.link.state.step !== undefined);
      for (let i = 0; i < 60; i++) await view.press('w');
      await view.until(() => {
        const { from, to } = window.recorder.link.state;
        return to - from < 1000;
      });
      const { from, to } = await range();
      const inside = await canvas();
      for (let i = 0; i < 120; i++) await view.press('s');
      await view.until(() => window.recorder.link.state.from === undefined);
      await view.still();
      const after = await canvas();
      return [
        ...(to > from ? [] : [`the range is ${from} to ${to}`]),
        ...(inside > 0.005 ? [] : ['far in, the picture is blank']),
        ...(after > before * 0.7 ? [] : [`far out, ${after} of the picture is drawn, ${before} at first`]),
      ];
    });
    report.check('zoom', 'nothing goes wrong in the page', view.problems);
  } finally {
    await view.close();
  }
}

export async function checkLooks(checks) {
  await checkProjector(checks);
  await checkPrint(checks);
  await checkMotion(checks);
  await checkZoom(checks);
}

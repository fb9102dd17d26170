// Slides: 16:9, all text large enough, nothing on anything else, nothing outside; with what matters.
import { join } from 'node:path';

const SIZE = { width: 1920, height: 1080 };
const MIN_TEXT_PX = 18;
const MAX_ROWS = 12;

/** In the slide: what is wrong with its texts. */
function faults({ width, height, min }) {
  const texts = [...document.querySelectorAll('text')].map((text) => {
    const size = parseFloat(getComputedStyle(text).fontSize) * text.getCTM().a;
    return { text: text.textContent, size, box: text.getBoundingClientRect() };
  });
  const found = [];
  texts.forEach(({ text, size, box }, index) => {
    if (size < min - 0.01) found.push(`"${text}" is ${size.toFixed(1)} px high`);
    if (box.left < 0 || box.top < 0 || box.right > width || box.bottom > height) {
      found.push(`"${text}" is cut off`);
    }
    for (const other of texts.slice(0, index)) {
      const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      // The box of a line is higher than its letters.
      if (across > 1 && down > box.height / 5) found.push(`"${text}" is on "${other.text}"`);
    }
  });
  return found;
}

/** In the slide: texts whose lightness differs too little from that of paper. */
function pale() {
  const MIN_CONTRAST = 4.5; // of WCAG 2
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const lightness = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).map((it) => linear(Number(it) / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const texts = [...document.querySelectorAll('text')];
  const contrast = (text) => 1.05 / (lightness(getComputedStyle(text).fill) + 0.05);
  return texts.filter((text) => contrast(text) < MIN_CONTRAST).map((text) => `"${text.textContent}"`);
}

/** In the slide: a line if fewer messages have a label than there are arrows. */
function unlabelled() {
  const arrows = [...document.querySelectorAll('g')].filter((group) =>
    group.querySelector(':scope > title') && group.querySelector(':scope > .arrow'));
  const labels = document.querySelectorAll('text.message');
  return arrows.length === labels.length ? [] : [`${arrows.length} arrows, ${labels.length} labels`];
}

export async function checkSlides({ browser, report, recorder, runs, traces, shots }) {
  for (const { name, recording } of runs) {
    const slide = join(traces, `${name}.slide.svg`);
    recorder.run('--quiet', 'export', recording, '-o', slide, '--slide');
    const view = await browser.openFile(slide, { viewport: SIZE });
    try {
      const { page } = view;
      const subject = `slide of ${name}`;
      const options = { ...SIZE, min: MIN_TEXT_PX };
      await report.attempt(subject, 'has large text, and nothing overlaps or is cut off', () =>
        page.evaluate(faults, options));
      const facts = await page.evaluate(() => {
        const all = [...document.querySelectorAll('text')].map((it) => it.textContent);
        const { width, height } = document.documentElement.getBoundingClientRect();
        const rows = all.filter((it) => /^\d[\d.]* (s|ms)$/.test(it));
        return { all, rows: rows.length, size: [width, height], text: all.join('\n') };
      });
      report.check(subject, 'has a label at each message', await page.evaluate(unlabelled));
      report.check(subject, 'is 16:9', facts.size.join() === '1920,1080' ? [] : [`${facts.size}`]);
      report.check(subject, 'has at most twelve rows',
        facts.rows > 0 && facts.rows <= MAX_ROWS ? [] : [`${facts.rows} rows`]);
      const noise = facts.all.filter((it) => /^(clone sender|new channel)/.test(it));
      report.check(subject, 'has no clones and no new channels', noise);
      report.check(subject, 'can be read in black and white', await page.evaluate(pale));
      const picture = await page.screenshot(shots ? { path: join(shots, `${name}.slide.png`) } : {});
      const { drawn } = await browser.pixels(picture);
      report.check(subject, 'is not empty', drawn > 0.005 ? [] : [`${drawn} of it is drawn`]);
    } finally {
      await view.close();
    }
  }
}

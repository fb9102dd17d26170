// Where the parts of a lesson are: nothing overlaps, and nothing is cut or covered.
import { Lesson } from './lesson.mjs';

/** In the page: pairs of panes that overlap, and panes that are outside of the page or empty. */
function wrongPanes() {
  const names = ['.page-header', '.lesson-bar', '.lesson-text', '.lesson-program', '.lesson-belt', '.lesson-timeline'];
  // A low screen has no room for the timeline.
  const shown = names.filter((name) => getComputedStyle(document.querySelector(name)).display !== 'none');
  const boxes = shown.map((name) => [name, document.querySelector(name).getBoundingClientRect()]);
  const complaints = boxes
    .filter(([, it]) => it.width < 100 || it.height < 20 || it.right > innerWidth + 1 || it.bottom > innerHeight + 1)
    .map(([name]) => `${name} is not in the page`);
  for (const [i, [a, x]] of boxes.entries()) {
    for (const [b, y] of boxes.slice(i + 1)) {
      const width = Math.min(x.right, y.right) - Math.max(x.left, y.left);
      const height = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top);
      if (width > 1 && height > 1) complaints.push(`${a} and ${b} overlap`);
    }
  }
  return complaints;
}

export async function checkLayout(browser, report, files) {
  for (const [what, viewport, keys] of [
    ['at 1400×900', { width: 1400, height: 900 }, []],
    ['in projector mode at 1920×1080', { width: 1920, height: 1080 }, ['p']],
    ['in projector mode at 1280×720', { width: 1280, height: 720 }, ['p']],
  ]) {
    for (const file of files) {
      const lesson = await Lesson.open(browser, file, { viewport });
      await lesson.view.press(...keys);
      await lesson.guess();
      await lesson.showRun();
      const name = file.split('/').at(-1);
      await report.attempt(`lesson ${name}`, `nothing overlaps ${what}`, () =>
        lesson.view.page.evaluate(wrongPanes));
      await lesson.view.close();
    }
  }
}

/** In the page: parts of the belt that are cut, code that is cut or covered, and text that is too small. */
function wrongRun() {
  const complaints = [];
  const box = (it) => it.getBoundingClientRect();
  const stage = box(document.querySelector('.lesson-belt .belt-stage'));
  const isOutside = (it) =>
    it.left < stage.left - 1 || it.right > stage.right + 1 || it.top < stage.top - 1 || it.bottom > stage.bottom + 1;
  for (const it of document.querySelectorAll('.lesson-belt .belt-picture, .lesson-belt .belt-picture text')) {
    if (isOutside(box(it))) complaints.push(`${it.tagName} “${it.textContent.slice(0, 30)}” of the belt is cut`);
  }
  const lines = document.querySelector('.lesson-lines');
  if (lines.scrollWidth > lines.clientWidth) complaints.push('lines of code are cut');
  for (const line of lines.children) {
    const range = document.createRange();
    range.selectNodeContents(line.querySelector('code'));
    const code = range.getBoundingClientRect();
    for (const chip of line.querySelectorAll('.lesson-threads b')) {
      const name = box(chip);
      const apart = name.right <= code.left || name.left >= code.right || name.bottom <= code.top || name.top >= code.bottom;
      if (!apart) complaints.push(`“${chip.textContent}” covers code`);
    }
  }
  return [...new Set(complaints)];
}

/** Each question of a run, before and after its answer, in the sizes in which classes see it. */
export async function checkSteps(browser, report, file) {
  const name = file.split('/').at(-1);
  for (const [what, viewport, keys] of [
    ['in projector mode at 1920×1080', { width: 1920, height: 1080 }, ['p']],
    ['in projector mode at 1280×720', { width: 1280, height: 720 }, ['p']],
    ['at 1280×720', { width: 1280, height: 720 }, []],
  ]) {
    const lesson = await Lesson.open(browser, file, { viewport });
    await report.attempt(`lesson ${name}`, `nothing is cut or covered ${what}`, async () => {
      await lesson.view.press(...keys);
      await lesson.guess();
      await lesson.showRun();
      const complaints = new Set();
      while (await lesson.nextQuestion()) {
        for (const it of await lesson.view.page.evaluate(wrongRun)) complaints.add(it);
        await lesson.answer();
        for (const it of await lesson.view.page.evaluate(wrongRun)) complaints.add(it);
      }
      for (const it of await lesson.view.page.evaluate(wrongRun)) complaints.add(it);
      return [...complaints];
    });
    await lesson.view.close();
  }
}

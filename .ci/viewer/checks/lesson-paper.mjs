// A lesson on paper.
import { firstText, Lesson } from './lesson.mjs';

/** A4 without the margins of lesson.css, in pixels. */
const PAPER = { width: 680, height: 1016 };

/** In the page, while it is printed: what it has, and what is wrong with it. */
function paper(height) {
  const sheet = document.querySelector('.lesson-paper');
  const box = (it) => it.getBoundingClientRect();
  const complaints = [];
  for (const it of sheet.querySelectorAll('pre, code, svg, p, li, svg text')) {
    if (box(it).right > box(sheet).right + 1 || box(it).left < box(sheet).left - 1) {
      complaints.push(`“${it.textContent.slice(0, 30)}” is cut at the side`);
    }
  }
  for (const frame of sheet.querySelectorAll('.lesson-frame > div')) {
    for (const text of frame.querySelectorAll('text')) {
      const [inner, outer] = [box(text), box(frame)];
      if (inner.bottom > outer.bottom + 1 || inner.top < outer.top - 1) complaints.push(`“${text.textContent}” is outside of its picture`);
    }
  }
  for (const room of sheet.querySelectorAll('.lesson-room')) {
    if (box(room).height > height) complaints.push(`“${room.textContent.slice(0, 30)}” is longer than a page`);
  }
  if (box(sheet.querySelector('.lesson-solutions')).height > height) complaints.push('the answers are longer than a page');
  const visible = [...document.querySelectorAll('.page-header, .lesson-bar, .lesson-text, .lesson-program')];
  if (visible.some((it) => getComputedStyle(it).display !== 'none')) complaints.push('parts of the screen are printed');
  const count = (selector) => sheet.querySelectorAll(selector).length;
  return {
    complaints,
    text: sheet.textContent,
    frames: count('.lesson-frame svg .worker') > 0 ? count('.lesson-frame svg') : 0,
    diffs: count('.lesson-diff'),
    rooms: count('.lesson-room'),
    roomsWithoutLines: [...sheet.querySelectorAll('.lesson-room')].filter((it) => !it.querySelector('hr')).length,
  };
}

export async function checkPaper(browser, report, file) {
  const name = file.split('/').at(-1);
  const lesson = await Lesson.open(browser, file, { viewport: PAPER, colorScheme: 'dark' });
  const { page } = lesson.view;
  const { guesses, changes, questions } = lesson.lesson;
  await report.attempt(`lesson ${name}`, 'is printed with room to write, and its answers on the last page', async () => {
    await lesson.view.until(() => window.recorder.lesson.frames.length > 0);
    const before = await page.evaluate(() => document.querySelector('.lesson-paper').textContent);
    await page.emulateMedia({ media: 'print' });
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    const { complaints, text, ...has } = await page.evaluate(paper, PAPER.height);
    const stops = await lesson.view.app((app) => app.lesson.stops.length);
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    const after = await page.evaluate(() => document.querySelector('.lesson-paper').textContent);
    const answers = text.indexOf('Answers to lesson');
    const solutions = [...guesses.map((it) => it.answer), ...changes.map((it) => it.happens), ...questions.map((it) => it.answer)];
    const early = solutions.filter((it) => text.indexOf(firstText(it)) < answers).map((it) => `“${firstText(it)}” is not at the end`);
    const wanted = {
      frames: stops,
      diffs: changes.length,
      rooms: guesses.length + stops + changes.length + questions.length,
      roomsWithoutLines: 0,
    };
    const wrong = Object.keys(wanted).filter((it) => wanted[it] !== has[it]).map((it) => `has ${has[it]} ${it}, not ${wanted[it]}`);
    return [...complaints, ...early, ...wrong, ...(before || after ? ['is in the page when nothing is printed'] : [])];
  });
  await report.attempt(`lesson ${name}`, 'becomes a document of two to six pages', async () => {
    const document = (await page.pdf({ format: 'A4' })).toString('latin1');
    const pages = document.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    return [...(pages >= 2 && pages <= 6 ? [] : [`has ${pages} pages`]), ...lesson.view.problems];
  });
  await lesson.view.close();
}

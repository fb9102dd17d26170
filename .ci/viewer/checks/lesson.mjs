// The lessons of the course: nothing of a run is shown before it was guessed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { differences } from '../report.mjs';
import { checkChanges } from './lesson-changes.mjs';
import { checkLayout, checkSteps } from './lesson-layout.mjs';
import { checkPaper } from './lesson-paper.mjs';

const MAX_STEPS = 300;

/** The document of the lesson in a page. */
export function lessonIn(html) {
  const text = /<script type="application\/json" id="lesson">(.*)<\/script>/.exec(html)[1];
  return JSON.parse(text);
}

export const plain = (inlines) => inlines.map((it) => Object.values(it)[0]).join('');

/** The first paragraph of prose, as the page shows it. */
export const firstText = (blocks) => plain(blocks.find((it) => it.paragraph).paragraph);

export class Lesson {
  constructor(view, lesson) {
    this.view = view;
    this.lesson = lesson;
  }

  static async open(browser, file, options = {}) {
    const view = await browser.openFile(file, { reducedMotion: 'reduce', ...options });
    await view.until(() => document.querySelector('#panel-lesson .lesson-text *'));
    return new Lesson(view, lessonIn(readFileSync(file, 'utf8')));
  }

  has(selector) {
    return this.view.page.evaluate((it) => document.querySelector(it) !== null, selector);
  }

  /** Number of steps that the page has. */
  steps() {
    return this.view.app((app) => app.model.index.steps);
  }

  step() {
    return this.view.app((app) => app.link.state.step ?? 0);
  }

  async guess(key = 'a') {
    for (let i = 0; i < this.lesson.guesses.length; i++) {
      await this.view.press(key);
      await this.view.until((n) => document.querySelectorAll('.lesson-option.chosen').length > n, i);
    }
  }

  async showRun() {
    await this.view.until(() => document.querySelector('.lesson-next'));
    await this.view.page.click('.lesson-next');
    await this.view.until(() => document.querySelector('.lesson-belt[data-step] .worker'));
    await this.view.still();
  }

  /** Goes to the next question of the run. Returns false at the end of the run. */
  async nextQuestion() {
    for (let i = 0; i < MAX_STEPS; i++) {
      if (await this.has('.lesson-asked')) return true;
      if (await this.has('.lesson-answer')) return false;
      await this.view.press('End', 'ArrowRight');
      await this.view.still();
    }
    throw new Error('the run has no end');
  }

  async answer(key = 'a') {
    const before = await this.steps();
    await this.view.press(key);
    await this.view.until((steps) => window.recorder.model.index.steps > steps, before);
    await this.view.until(() => document.querySelector('.lesson-verdict'));
    await this.view.still();
  }

  async playToEnd() {
    let questions = 0;
    while (await this.nextQuestion()) {
      questions += 1;
      await this.answer();
    }
    return questions;
  }

  /** The text of the page, and of its tooltips and labels. */
  everything() {
    return this.view.page.evaluate(() => {
      const root = document.getElementById('app');
      const labels = [...root.querySelectorAll('[title], [aria-label]')]
        .flatMap((it) => [it.title, it.getAttribute('aria-label')]);
      return [root.textContent, ...labels].join('\n');
    });
  }
}

/** In the page: tries everything that could lead to later steps. */
async function tryToPass(lesson) {
  const { view } = lesson;
  await view.press('End', 'ArrowRight', 'ArrowRight', '1', '2', '3', '4', 'l');
  await view.page.evaluate(() => {
    for (const it of document.querySelectorAll('#app input[type=range]')) {
      it.value = it.max = '10000';
      it.dispatchEvent(new Event('input', { bubbles: true }));
    }
  });
  await view.page.evaluate(() => {
    location.hash = '#belt&step=10000';
  });
  await view.still();
}

/** Complaints if the page shows more than the first steps. */
async function beyond(lesson, steps) {
  const found = await lesson.view.app(async ({ model, link }, limit) => {
    const events = await model.event(limit).then(() => 'is there', () => 'is not there');
    const window = limit > 0 ? await model.window(0, model.index.end, 500, 'check') : undefined;
    const counted = (window?.events ?? []).reduce((sum, { last, first }) => sum + last - first, 0);
    const chunk = model.cachedChunk(model.index.first);
    return {
      steps: model.index.steps,
      next: events,
      isTooLong: (chunk?.length ?? 0) > limit || counted > limit,
      isPassed: (link.state.step ?? 0) >= Math.max(limit, 1),
      tab: link.state.tab,
      findings: model.report?.findings.length ?? 0,
    };
  }, steps);
  return differences(
    { steps, next: 'is not there', isTooLong: false, isPassed: false, tab: 'lesson', findings: 0 },
    found,
  );
}

async function checkSecrets(browser, report, file, name) {
  const lesson = await Lesson.open(browser, file);
  const { view, lesson: { guesses, why } } = lesson;
  const subject = `lesson ${name}`;
  const secrets = [...guesses.map((it) => firstText(it.answer)), firstText(why)];
  const shown = async () => {
    const text = await lesson.everything();
    return secrets.filter((it) => text.includes(it)).map((it) => `shows “${it}”`);
  };
  try {
    await report.attempt(subject, 'shows nothing of the run before a guess', async () => {
      await tryToPass(lesson);
      const panes = (await lesson.has('.lesson-belt *')) || (await lesson.has('.lesson-timeline *'));
      return [...(await beyond(lesson, 0)), ...(await shown()), ...(panes ? ['shows the run'] : [])];
    });
    await lesson.guess();
    await lesson.showRun();
    await report.attempt(subject, 'the timeline shows what has been played', async () => {
      const complaints = [];
      for (let i = 0; i < 4; i++) {
        await view.until(({ step }) => window.recorder.lesson.played.index.steps >= step + 1,
          { step: await lesson.step() });
        const [played, step] = [await view.app((app) => app.lesson.played.index.steps), await lesson.step()];
        if (played !== step + 1) complaints.push(`shows ${played} steps after step ${step}`);
        if (await lesson.has('.lesson-asked')) break;
        await view.press('ArrowRight');
        await view.still();
      }
      return complaints;
    });
    await report.attempt(subject, 'stops before each question, and nothing leads beyond', async () => {
      const complaints = [];
      let questions = 0;
      while (await lesson.nextQuestion()) {
        questions += 1;
        const steps = await lesson.steps();
        await tryToPass(lesson);
        complaints.push(...(await beyond(lesson, steps)), ...(await shown()));
        await lesson.answer();
        const step = await lesson.step();
        if (step < steps) complaints.push(`the answer shows step ${step}, not one from ${steps} on`);
      }
      if (questions === 0) complaints.push('asks nothing');
      return complaints;
    });
    await report.attempt(subject, 'the run proves who is right', async () => {
      const text = await view.text('.lesson-text');
      return guesses.flatMap(({ right, answer }) => {
        const verdict = right === 0 ? 'You guessed A, and that is right.' : `You guessed A. It is ${'ABCDE'[right]}.`;
        return [verdict, firstText(answer)].filter((it) => !text.includes(it)).map((it) => `has no “${it}”`);
      });
    });
    report.check(subject, 'no error, no request', view.problems);
  } finally {
    await view.close();
  }
}

async function checkProgress(browser, report, file, folder) {
  const lesson = await Lesson.open(browser, file, { folder });
  const { view } = lesson;
  const subject = 'progress of a lesson';
  try {
    await lesson.guess('b');
    await lesson.showRun();
    await lesson.nextQuestion();
    await lesson.answer('b');
    const before = [await lesson.steps(), await lesson.step()];
    await report.attempt(subject, 'answers survive a reload', async () => {
      await view.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
      await view.page.reload();
      await view.until(() => document.querySelector('.lesson-belt[data-step] .worker'));
      return differences({ at: before }, { at: [await lesson.steps(), await lesson.step()] });
    });
    await lesson.playToEnd();
    await view.page.click('.lesson-parts li:last-child button');
    await report.attempt(subject, 'the index shows what is done', async () => {
      await view.page.click('.lesson-links a');
      await view.until(() => document.querySelector('.course'));
      const done = await view.texts('.course-state em');
      return done.filter((it) => it === '✓ done').length === 1 ? [] : [`shows ${JSON.stringify(done)}`];
    });
    await report.attempt(subject, '“Start again” forgets the answers', async () => {
      await view.page.goBack();
      await view.until(() => document.querySelector('.lesson-tools'));
      await view.page.click('.lesson-tools button:last-child');
      await view.until(() => window.recorder.model.index.steps === 0);
      const chosen = await view.texts('.lesson-option.chosen');
      return chosen.length > 0 ? [`still has ${chosen}`] : [];
    });
    report.check(subject, 'no error, no request', view.problems);
  } finally {
    await view.close();
  }
}

async function checkKeyboard(browser, report, file) {
  const lesson = await Lesson.open(browser, file);
  const { view } = lesson;
  const focused = () => view.page.evaluate(() => document.activeElement?.className ?? '');
  const tabTo = async (wanted) => {
    for (let i = 0; i < 40; i++) {
      await view.press('Tab');
      if ((await focused()).includes(wanted)) return;
    }
    throw new Error(`Tab does not lead to ${wanted}`);
  };
  await report.attempt('lesson', 'works with Tab and Enter alone', async () => {
    for (let i = 0; i < lesson.lesson.guesses.length; i++) {
      for (let n = 0; n <= i; n++) await tabTo('lesson-option');
      while (!(await view.page.evaluate(() =>
        document.activeElement.closest('.lesson-guess:last-of-type')))) await view.press('Tab');
      await view.press('Enter');
      await view.until((n) => document.querySelectorAll('.lesson-option.chosen').length > n, i);
    }
    await tabTo('lesson-next');
    await view.press('Enter');
    await view.until(() => document.querySelector('.lesson-belt[data-step] .worker'));
    await lesson.nextQuestion();
    await tabTo('lesson-option');
    const before = await lesson.steps();
    await view.press('Enter');
    await view.until((steps) => window.recorder.model.index.steps > steps, before);
    await view.until(() => document.querySelector('.lesson-verdict'));
    await view.still();
    const [[spoken], [shown]] = [await view.texts('.spoken'), await view.texts('.lesson-verdict')];
    return spoken.startsWith(shown) ? [] : [`reads “${spoken}”, shows “${shown}”`];
  });
  await view.close();
}

async function checkHostile(browser, report, file, traces) {
  const attacks = ['</script><script>window.hacked = true</script>', '<img src=x onerror="window.hacked = true">'];
  const html = readFileSync(file, 'utf8');
  const hostile = (value) => {
    if (typeof value === 'string') return `${value}${attacks.join('')}`;
    if (Array.isArray(value)) return value.map(hostile);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, hostile(it)]));
  };
  const document = JSON.stringify(hostile(lessonIn(html))).replaceAll('<', '\\u003c');
  const page = join(traces, 'hostile-lesson.html');
  writeFileSync(page, html.replace(/(id="lesson">).*(<\/script>)/, (_, before, after) => before + document + after));
  const lesson = await Lesson.open(browser, page);
  const { view } = lesson;
  await report.attempt('lesson', 'hostile text is text', async () => {
    await view.page.click('.lesson-tools button');
    const complaints = [];
    for (let part = 1; part <= 6; part++) {
      await view.page.click(`.lesson-parts li:nth-child(${part}) button`);
      await view.still();
      for (const button of await view.page.$$('.lesson-show')) await button.click();
      if (part === 4) await view.until(() => document.querySelector('.compare .worker'));
      const made = await view.page.evaluate(() => [
        window.hacked, document.querySelectorAll('#app img, #app script').length,
      ]);
      if (made[0] || made[1] > 0) complaints.push(`part ${part} has markup`);
    }
    if (!(await view.text('.lesson-program')).includes(attacks[1])) complaints.push('the text is not shown');
    return [...complaints, ...view.problems];
  });
  await view.close();
}

async function checkKeys(browser, report, file) {
  const lesson = await Lesson.open(browser, file);
  const { view } = lesson;
  await report.attempt('lesson', 'the list of keys has those of the lesson', async () => {
    await view.press('?');
    await view.untilText('The lesson', 'dialog');
    const keys = await view.texts('dialog section:first-of-type kbd');
    await view.press('Escape');
    await view.until(() => !document.querySelector('dialog')?.open);
    return ['A', 'B', 'C', 'D', 'L', 'Space'].filter((it) => !keys.includes(it)).map((it) => `has no ${it}`);
  });
  await report.attempt('lesson', 'an arrow key leads from the guess to the run, and no earlier', async () => {
    await view.press('ArrowRight');
    if (await lesson.has('.lesson-belt .worker')) return ['leads to the run before a guess'];
    await lesson.guess();
    await view.until(() => document.querySelector('.lesson-next'));
    await view.press('ArrowRight');
    await view.until(() => document.querySelector('.lesson-belt[data-step] .worker'));
    return view.problems;
  });
  await view.close();
}

async function checkWithoutStorage(browser, report, file) {
  const before = () => {
    Object.defineProperty(window, 'localStorage', {
      get() {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
    });
  };
  await report.attempt('lesson', 'works in a browser that keeps nothing', async () => {
    const lesson = await Lesson.open(browser, file, { before });
    await lesson.view.press('p', 'p');
    await lesson.guess();
    await lesson.showRun();
    const questions = await lesson.playToEnd();
    await lesson.view.page.click('.lesson-next');
    await lesson.view.untilText('Why', '.lesson-text');
    const { problems } = lesson.view;
    await lesson.view.close();
    return [...(questions > 0 ? [] : ['asks nothing']), ...problems];
  });
}

export async function checkLesson({ browser, report, recorder, traces, shots }) {
  const folder = join(traces, 'course');
  recorder.run('--quiet', 'learn', '-o', folder);
  const files = readdirSync(folder).filter((it) => it !== 'index.html').sort().map((it) => join(folder, it));
  const index = join(folder, 'index.html');
  report.check('course', 'has twelve lessons', files.length === 12 ? [] : [`has ${files.length}`]);
  for (const file of files) await checkSecrets(browser, report, file, file.split('/').at(-1));
  await checkProgress(browser, report, files[3], folder);
  await checkKeyboard(browser, report, files[1]);
  await checkLayout(browser, report, shots ? files : [files[1], files[8], files[11]]);
  await checkHostile(browser, report, files[6], traces);
  for (const file of shots ? files : [files[4], files[8], files[9]]) await checkSteps(browser, report, file);
  await checkKeys(browser, report, files[1]);
  await checkWithoutStorage(browser, report, files[1]);
  for (const file of files) await checkChanges(browser, report, file, shots);
  for (const file of files) await checkPaper(browser, report, file);

  const view = await browser.openFile(index);
  await report.attempt('course', 'the index lists the lessons', async () => {
    await view.until(() => document.querySelector('.course li'));
    const lessons = await view.texts('.course li strong');
    const links = await view.page.$$eval('.course a', (found) => found.map((it) => it.getAttribute('href')));
    const missing = links.filter((it) => !files.some((file) => file.endsWith(`/${it}`)));
    return [...missing, ...(lessons.length === 12 ? [] : [`lists ${lessons}`]), ...view.problems];
  });
  await view.close();
}

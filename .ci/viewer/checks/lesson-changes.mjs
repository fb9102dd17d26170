// The changes of a lesson: guessed first, then two runs side by side.
import { join } from 'node:path';
import { firstText, Lesson } from './lesson.mjs';

/** The first difference of the recorded runs of each change; of a program that does not compile, none. */
const DIFFERENCES = {
  two_workers: ['as written, main spawns ben; changed, main waits for anna to end'],
  hello_channel: ['as written, anna sends a message to the belt “belt”; changed, anna drops a sender', undefined],
  ownership_moves: [undefined, 'Both runs do the same steps'],
  until_disconnect: ['as written, anna sends a message to the belt “countdown”; changed, anna panics'],
  fan_in: ['Both runs do the same steps'],
  forgotten_sender: [
    'as written, main waits for a message from the belt “results”; changed, main drops a sender',
    'as written, main waits for a message from the belt “results”; changed, main drops the receiver',
  ],
  backpressure: ['as written, anna waits for room on the belt “jobs”; changed, anna sends a message'],
  rendezvous: ['as written, anna waits for a receiver at the belt “hand to hand”; changed, anna sends a message'],
  request_reply: [
    'as written, main drops a sender of the belt “requests”; changed, main clones a sender',
    'as written, carla sends a message to the belt “answers to ben”; changed, carla drops a sender',
  ],
  slow_stage: [
    'Both runs do the same steps',
    'as written, anna waits for room on the belt “cut chairs”; changed, anna sends a message',
  ],
  lost_message: [
    'as written, main drops the receiver of the belt “letters”; changed, main receives a message',
    'as written, anna drops a sender of the belt “letters”; changed, anna ends',
  ],
  deadlock: [
    'as written, anna sends a message to the belt “anna to ben”; changed, anna receives a message',
    'as written, anna waits for room on the belt “anna to ben”; changed, anna sends a message',
    'as written, anna waits for room on the belt “anna to ben”; changed, anna sends a message',
  ],
};

/** What the captions say of both runs: nothing if neither is sick. */
const HEALTH = {
  until_disconnect: [['healthy', 'sick']],
  forgotten_sender: [['sick', 'healed'], ['sick', 'healed']],
  request_reply: [[], ['healthy', 'sick']],
  lost_message: [['sick', 'healed'], ['sick', 'still sick']],
  deadlock: [['sick', 'healed'], ['sick', 'healed'], ['sick', 'still sick']],
};

/** Complaints if the page shows what a change leads to. */
async function shown(lesson, number) {
  const text = await lesson.everything();
  const { program, changes } = lesson.lesson;
  const { happens, diff } = changes[number];
  const addedBy = (lines) => lines.filter((it) => it.before === null && it.after !== null).map((it) => it.text);
  // Some lines only move, and an earlier change may have added them, too.
  const known = new Set([...program.lines, ...changes.slice(0, number).flatMap((it) => addedBy(it.diff))]);
  const added = addedBy(diff).filter((it) => !known.has(it));
  return [
    ...[firstText(happens), ...added.map((it) => it.trim()).filter((it) => it.length > 6)]
      .filter((it) => text.includes(it))
      .map((it) => `shows “${it}” before a guess`),
    ...((await lesson.has('.lesson-text .lesson-diff, .lesson-compare:not([hidden])')) ? ['shows the change before a guess'] : []),
  ];
}

/** In the page: what is wrong with two runs side by side. */
function wrongComparison() {
  const complaints = [];
  const compare = document.querySelector('.compare:not([hidden])');
  const box = (it) => it.getBoundingClientRect();
  const all = (selector) => [...compare.querySelectorAll(selector)];
  const inside = (it, outer) =>
    it.left >= outer.left - 1 && it.right <= outer.right + 1 && it.top >= outer.top - 1 && it.bottom <= outer.bottom + 1;

  for (const stage of all('.belt-stage')) {
    for (const it of stage.querySelectorAll('.belt-picture, .belt-picture text')) {
      if (!inside(box(it), box(stage))) complaints.push(`“${it.textContent.slice(0, 30)}” of the belt is cut`);
    }
    if (box(stage).height < 100) complaints.push('a belt has no room');
  }
  // Workers of both runs stand at the same places, as far as both have them.
  const order = (side) => [...side.querySelectorAll('.worker')].map((it) => [it.querySelector('.worker-name').textContent, box(it).left - box(side).left]);
  const [mine, theirs] = all('.compare-side').map((it) => new Map(order(it).sort((a, b) => a[1] - b[1])));
  const names = (some, others) => [...some.keys()].filter((it) => others.has(it)).join();
  if (mine.size === theirs.size && names(mine, theirs) !== names(theirs, mine)) {
    complaints.push(`workers stand differently: ${names(mine, theirs)} and ${names(theirs, mine)}`);
  }
  const [left, right] = [all('.compare-step.left'), all('.compare-step.right')];
  if (left.length !== right.length) complaints.push('the runs have different numbers of rows');
  const diff = box(compare.querySelector('.compare-diff'));
  left.forEach((it, i) => {
    const [a, b] = [box(it), box(right[i])];
    if (Math.abs(a.top - b.top) > 1 || Math.abs(a.height - b.height) > 1) {
      complaints.push(`row ${i} is not at the same height`);
    }
    if (a.right > diff.left + 1 || b.left < diff.right - 1) complaints.push('the difference is not between the runs');
    if (it.scrollHeight > it.clientHeight + 1) complaints.push(`row ${i} is cut`);
  });
  const rows = box(compare.querySelector('.compare-steps'));
  const current = box(compare.querySelector('.compare-step.current'));
  if (!inside({ ...current.toJSON(), left: rows.left, right: rows.right }, rows)) complaints.push('the current row is out of view');
  const controls = box(compare.querySelector('.compare-controls'));
  const panes = [...all('.compare-side').map(box), controls, rows];
  panes.forEach((it, i) => {
    if (!inside(it, { left: 0, top: 0, right: innerWidth, bottom: innerHeight })) complaints.push('a pane is outside of the page');
    for (const other of panes.slice(i + 1)) {
      const width = Math.min(it.right, other.right) - Math.max(it.left, other.left);
      const height = Math.min(it.bottom, other.bottom) - Math.max(it.top, other.top);
      if (width > 1 && height > 1) complaints.push('panes overlap');
    }
  });
  return [...new Set(complaints)];
}

/** In the page: the texts of the rows, and where the belts are. */
function rowsOf() {
  const compare = document.querySelector('.compare:not([hidden])');
  const texts = (column) =>
    [...compare.querySelectorAll(`.compare-step.${column}`)].map((it) => [it.textContent, it.className]);
  return {
    left: texts('left'),
    right: texts('right'),
    row: Number(compare.dataset.row),
    steps: [...compare.querySelectorAll('.lesson-belt')].map((it) => Number(it.dataset.step)),
    sentence: compare.querySelector('.compare-difference').textContent,
    health: [...compare.querySelectorAll('.compare-health')].map((it) => it.textContent),
  };
}

/** In the page: the difference is pointed out, and nothing is cut there. */
async function atDifference(lesson) {
  if (await lesson.has('.compare:not([hidden]) .compare-jump')) {
    await lesson.view.page.click('.compare:not([hidden]) .compare-jump');
    await lesson.view.still();
  }
  return lesson.view.page.evaluate(wrongComparison);
}

/** A stepper moves both runs, and the first difference is pointed out. */
async function walked(lesson, expected, health) {
  const { view } = lesson;
  const complaints = [];
  await view.press('End');
  await view.still();
  const { left, right, sentence, health: found } = await view.page.evaluate(rowsOf);
  if (!sentence.includes(expected)) complaints.push(`says “${sentence}”, not “${expected}”`);
  if (found.join() !== health.join()) complaints.push(`names the runs ${found}, not ${health}`);
  left.forEach(([text, kind], i) => {
    const [other, otherKind] = right[i];
    const thread = (it) => it.split(' ')[0];
    if (text && other && thread(text) !== thread(other)) complaints.push(`row ${i} has two threads`);
    if (kind.includes('same') && (!text || !other || !otherKind.includes('same'))) complaints.push(`row ${i} has no pair`);
  });
  const first = left.findIndex(([, kind]) => kind.includes('differs'));
  await view.press('Home');
  let before = await view.page.evaluate(rowsOf);
  for (let i = 1; i <= Math.min(left.length - 1, Math.max(first, 5)); i++) {
    await view.press('ArrowRight');
    await view.until((row) => document.querySelector('.compare:not([hidden])').dataset.row === String(row), i);
    await view.still();
    const now = await view.page.evaluate(rowsOf);
    [left, right].forEach((column, side) => {
      const moves = now.steps[side] > before.steps[side];
      if (moves !== (column[i][0] !== '')) complaints.push(`in row ${i} the belt ${side} is at step ${now.steps[side]}`);
    });
    const isFound = now.sentence.startsWith('From here on');
    if (first >= 0 && isFound !== (i >= first)) complaints.push(`in row ${i} it says “${now.sentence}”`);
    before = now;
  }
  return [...complaints, ...(await view.page.evaluate(wrongComparison))];
}

export async function checkChanges(browser, report, file, shots) {
  const name = file.split('/').at(-1);
  const program = name.slice(3).replace('.html', '');
  for (const [what, viewport, keys] of [
    ['at 1280×720', { width: 1280, height: 720 }, []],
    ['in projector mode at 1280×720', { width: 1280, height: 720 }, ['p']],
    ['in projector mode at 1920×1080', { width: 1920, height: 1080 }, ['p']],
  ]) {
    const lesson = await Lesson.open(browser, file, { viewport });
    const { view, lesson: { changes } } = lesson;
    await view.press(...keys);
    await view.page.click('.lesson-tools button');
    await view.page.click('.lesson-parts li:nth-child(4) button');
    for (const [i, change] of changes.entries()) {
      await report.attempt(`lesson ${name}`, `change ${i + 1} is guessed, then shown, ${what}`, async () => {
        if (i > 0) await view.page.click('.lesson-next');
        await view.until((n) => document.querySelectorAll('.lesson-option').length === n, change.options.length);
        const complaints = await shown(lesson, i);
        if (i % 2 === 0) await view.press('b');
        else await view.page.click('.lesson-show');
        await view.untilText(firstText(change.happens), '.lesson-text');
        const expected = DIFFERENCES[program][i];
        if ((change.run === null) !== (expected === undefined)) return ['has a run where there is none, or none'];
        if (change.run === null) return [...complaints, ...((await lesson.has('.lesson-text .lesson-diff')) ? [] : ['shows no difference'])];
        await view.until(() => document.querySelectorAll('.compare:not([hidden]) .worker').length >= 4);
        await view.still();
        const walks = keys.length === 0;
        complaints.push(
          ...(walks ? await walked(lesson, expected, HEALTH[program]?.[i] ?? []) : await atDifference(lesson)),
        );
        if (shots) await view.page.screenshot({ path: join(shots, `${program}.${i + 1}.${viewport.width}${keys}.png`) });
        return complaints;
      });
    }
    report.check(`lesson ${name}`, `no error, no request ${what}`, view.problems);
    await view.close();
  }
}

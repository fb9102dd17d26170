#!/usr/bin/env node
// Opens traces in the real Perfetto UI, headless, and checks what it makes of them.
//
//   check.mjs [--shots DIR] [--recorder COMMAND] [--stuck STEM]... STEM...
//
// Runs the queries of docs/sql.md on each trace, too: each must give rows for some example, in
// both formats or the one that it names.
//
// For each STEM it reads STEM.txt (the recording) and opens STEM.json and STEM.pftrace.
// A STEM after --stuck is a program that hung. --shots writes a picture of each trace. With
// --recorder the first STEM's traces are also opened by `recorder open`, and of the second there are
// traces with few events, which must sum up to the same.
// Prints a line for each check, then `N passed, M failed`; exit status 1 if any failed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PAIR_CHECKS, STUCK_CHECK, TRACE_CHECKS } from './checks.mjs';
import { collectFacts } from './facts.mjs';
import { openByRecorder } from './opening.mjs';
import { commonAnswers, differentAnswers, readQueries, runQueries } from './queries.mjs';
import { readRecording } from './recording.mjs';
import { startUi } from './ui.mjs';

const SHOWN = 5; // complaints of one check

const { values: { shots, recorder, stuck }, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    shots: { type: 'string' },
    recorder: { type: 'string' },
    stuck: { type: 'string', multiple: true, default: [] },
  },
});
if (shots) mkdirSync(shots, { recursive: true });

const tally = { passed: 0, failed: 0 };

function report(subject, check, complaints) {
  const well = complaints.length === 0;
  tally[well ? 'passed' : 'failed'] += 1;
  console.log(`${well ? 'ok  ' : 'FAIL'} ${subject}: ${check}`);
  for (const complaint of complaints.slice(0, SHOWN)) {
    console.log(`       ${typeof complaint === 'string' ? complaint : JSON.stringify(complaint)}`);
  }
  if (complaints.length > SHOWN) console.log(`       … and ${complaints.length - SHOWN} more`);
}

function reportAll(subject, checks, ...given) {
  for (const [name, check] of Object.entries(checks)) report(subject, name, check(...given));
}

async function shoot(view, subject) {
  await view.expand();
  await view.shoot(join(shots, `${subject}.png`));
}

/** Opens one trace and gives its facts; undefined if the UI cannot show it. */
async function examine(ui, stem, format, recording) {
  const subject = `${basename(stem)}.${format}`;
  try {
    const view = await ui.open(`${stem}.${format}`);
    if (shots) await shoot(view, subject);
    const facts = await collectFacts(view, format);
    await runQueries(view, format, queries, recording);
    report(subject, 'opens', []);
    return facts;
  } catch (error) {
    report(subject, 'opens', [error.message]);
  }
}

async function checkExample(ui, stem, hangs) {
  let recording;
  try {
    recording = readRecording(`${stem}.txt`);
  } catch (error) {
    report(basename(stem), 'has a recording', [error.message]);
    return;
  }
  const facts = {};
  for (const format of ['json', 'pftrace']) {
    facts[format] = await examine(ui, stem, format, recording);
    if (!facts[format]) continue;
    const checks = { ...TRACE_CHECKS, ...(hangs && STUCK_CHECK) };
    reportAll(`${basename(stem)}.${format}`, checks, facts[format], recording, format);
  }
  if (facts.json && facts.pftrace) {
    reportAll(basename(stem), PAIR_CHECKS, facts.json, facts.pftrace);
  }
}

/** Opens what `recorder open` serves: it must be what the files themselves show. */
async function checkOpening(ui, stem) {
  for (const file of [`${stem}.rec`, `${stem}.pftrace`, `${stem}.json.gz`]) {
    const subject = `recorder open ${basename(file)}`;
    let opened;
    try {
      opened = await openByRecorder(ui, recorder, file);
      const chosen = await ui.open(`${stem}.${file.endsWith('.gz') ? 'json' : 'pftrace'}`);
      report(subject, 'has its groups unfolded', await opened.folded());
      if (shots) await opened.shoot(join(shots, `open.${basename(file)}.png`));
      const count = 'select (select count() from slice) s, (select count() from flow) f';
      const [[found], [expected]] = [await opened.query(count), await chosen.query(count)];
      const same = found.s > 0 && found.s === expected.s && found.f === expected.f;
      report(subject, 'arrives in the UI', same ? opened.errors : [found, expected]);
    } catch (error) {
      report(subject, 'arrives in the UI', [error.message]);
    } finally {
      await opened?.close();
    }
  }
}

/** Opens recordings, looks at what there is, and gives what is wrong with that: at most so many times. */
async function checkView(ui, subject, args, complaintsOf, times = 1) {
  let complaints;
  let opened;
  try {
    opened = await openByRecorder(ui, recorder, ...args);
    if (shots) await opened.page.screenshot({ path: join(shots, `${subject}.png`) });
    complaints = [...opened.errors, ...await complaintsOf(opened)];
  } catch (error) {
    complaints = [error.message];
  } finally {
    await opened?.close();
  }
  if (complaints.length > 0 && times > 1) await checkView(ui, subject, args, complaintsOf, times - 1);
  else report(subject, 'is shown', complaints);
}

/** Two recordings are in one timeline, and nothing of them is lost. */
async function checkTogether(ui, stems) {
  const recordings = stems.map((stem) => `${stem}.rec`);
  const count = `select (select count() from slice) s, (select count() from flow) f,
    (select count() from process where name is not null) p`;
  const expected = { s: 0, f: 0, p: 0 };
  for (const stem of stems) {
    const alone = await ui.open(`${stem}.pftrace`);
    const [found] = await alone.query(count);
    for (const key of Object.keys(expected)) expected[key] += found[key];
  }
  await checkView(ui, 'recorder open of several', recordings, async (opened) => {
    const [found] = await opened.query(count);
    const same = Object.keys(expected).every((key) => found[key] === expected[key]);
    return same && found.p === stems.length ? [] : [found, expected];
  });
}

/** A trace of one thread has that thread, and none without a slice. */
async function checkPart(ui, stem) {
  for (const format of ['json', 'pftrace']) {
    const part = `${stem}.main.${format}`;
    const subject = basename(part);
    try {
      execFileSync(recorder, ['--quiet', 'export', `${stem}.rec`, '--thread', 'main', '-o', part]);
      const view = await ui.open(part);
      if (shots) await shoot(view, subject);
      // (those of the importer itself have no name, or the number 0)
      const threads = await view.query(`
        select thread.name as name, count(slice.id) as slices from thread
        left join thread_track using (utid) left join slice on slice.track_id = thread_track.id
        where tid != 0 and thread.name is not null group by utid`);
      const right = threads.length === 1 && threads[0].name === 'main' && threads[0].slices > 0;
      report(subject, 'names no thread without slices', right ? view.errors : threads);
    } catch (error) {
      report(subject, 'opens', [error.message]);
    }
  }
}

/** A trace with few events says the same of the run as a whole one, and its states have no gap. */
async function checkFewer(ui, stem) {
  for (const format of ['json', 'pftrace']) {
    const few = `${stem}.few.${format}`;
    const subject = basename(few);
    try {
      execFileSync(recorder, ['--quiet', 'export', `${stem}.rec`, '--max-events', '1', '-o', few]);
      const expected = await commonAnswers(await ui.open(`${stem}.${format}`), format, queries);
      const fewer = await ui.open(few);
      if (shots) await shoot(fewer, subject);
      const found = await commonAnswers(fewer, format, queries);
      report(subject, 'sums up to the whole run', [...fewer.errors, ...differentAnswers(expected, found)]);
      const { states } = await collectFacts(fewer, format);
      const merged = states.filter(({ name }) => name.endsWith(' (mostly)'));
      report(subject, 'has merged states, without a gap', [
        ...(merged.length > 0 === (format === 'pftrace') ? [] : [`${merged.length} are merged`]),
        ...states.filter(({ utid, ts }, i) => i > 0 && states[i - 1].utid === utid
          && states[i - 1].ts + states[i - 1].dur !== ts),
      ]);
    } catch (error) {
      report(subject, 'opens', [error.message]);
    }
  }
}

/** What is asked for is what the UI shows first; all the rest is there. */
async function checkWindow(ui, stem, stuckStem) {
  const whole = await ui.open(`${stem}.pftrace`);
  const [{ s: start, e: end }] = await whole.query('select start_ts s, end_ts e from trace_bounds');
  const [from, to] = [1, 2].map((quarter) => Math.round(start + (end - start) * quarter / 4));
  const times = [`${stem}.rec`, '--from', `${from}ns`, '--to', `${to}ns`];
  await checkView(ui, 'recorder open --from --to', times, async (opened) => {
    const window = await opened.window((shown) => shown.start === from && shown.end === to);
    const [bounds] = await opened.query('select start_ts s, end_ts e from trace_bounds');
    const right = window.start === from && window.end === to && bounds.s === start
      && bounds.e === end;
    return right ? [] : [window, bounds, { from, to, start, end }];
    // On a busy machine the UI was seen to show another part. Why is not known.
  }, 3);
  const finding = [`${stuckStem}.rec`, '--around', 'forgotten-sender'];
  await checkView(ui, 'recorder open --around', finding, async (opened) => {
    const { start: first, end: last, selected } = await opened.window((shown) => shown.selected !== undefined);
    const [slice] = await opened.query(
      `select name n, ts s, ts + dur e from slice where id = ${selected ?? -1}`);
    const right = slice?.n === 'forgotten-sender' && first <= slice.s && slice.e <= last;
    return right ? [] : [{ first, last, selected }, slice];
  });
}

const queries = readQueries(
  readFileSync(fileURLToPath(new URL('../../docs/sql.md', import.meta.url)), 'utf8'));

const setup = fileURLToPath(new URL('setup', import.meta.url));
const ui = await startUi(execFileSync(setup, { encoding: 'utf8' }).trim(), shots ? 1.5 : 1);
try {
  for (const stem of positionals) await checkExample(ui, stem, false);
  if (recorder) {
    await checkOpening(ui, positionals[0]);
    await checkPart(ui, positionals[0]);
    await checkTogether(ui, positionals.slice(0, 2));
    await checkWindow(ui, positionals[0], stuck[0]);
    await checkFewer(ui, positionals[1]);
  }
  for (const stem of stuck) await checkExample(ui, stem, true);
  if (queries.length === 0) report('docs/sql.md', 'has queries', ['there is none']);
  for (const { subject, complaints, rows } of queries) {
    report(subject, 'gives rows', [...complaints, ...(rows ? [] : ['no rows in any example'])]);
  }
} finally {
  await ui.close();
}
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed || !tally.passed ? 1 : 0;

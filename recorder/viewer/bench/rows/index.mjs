// All rows of the table, in the order in which they are measured.
import { load, count } from '../runs.mjs';
import { median, quantile } from '../table.mjs';
import { openFile } from './file.mjs';
import { live } from './live.mjs';
import { move, ride } from './moves.mjs';
import { openTrace } from './perfetto.mjs';
import { view } from './served.mjs';

const LIVE_RATE = 1_000_000;
const LIVE_SECONDS = 10;
const LIVE_PAIRS = 4;
const VIEW_LIMIT = 120_000;
const PERFETTO_LIMIT = 600_000;
/** Rounds of what takes long. */
const FEW = 3;

/**
 * Each row has a name, the maximum number of its rounds, `measure`, which measures one round, and
 * `fill`, which adds what was measured to the table.
 */
export function rowsOf({ browser, recorder, runs, ui, scale }) {
  return [
    file({ browser, runs }),
    served({ browser, recorder, runs }, '10m', { firstPicture: '≤ 1 s', complete: '≤ 4 s' }),
    {
      ...served({ browser, recorder, runs }, '100m', { firstPicture: '≤ 3 s', memory: '≤ 300 MB' }),
      maxRounds: 1,
      isHuge: true,
    },
    moves({ browser, recorder, runs }),
    frames({ browser, recorder, runs }),
    liveRun({ browser, recorder, runs }, Math.max(LIVE_SECONDS * scale, 8)),
    perfetto({ browser, runs, ui }, '1m', FEW),
    perfetto({ browser, runs, ui }, '10m', 1),
  ];
}

const column = (results, name) => results.map((result) => result[name]);

function file({ browser, runs }) {
  return {
    name: 'run.html',
    maxRounds: Infinity,
    measure: async () => openFile(browser, await runs.file('1m', 'html')),
    fill(table, results) {
      table.section(`\`run.html\` of ${runs.describe('1m')}`);
      table.add('size', '≤ 12 MB', 'MB', column(results, 'size'));
      table.add('first picture after opening', '', 's', column(results, 'firstPicture'));
      table.add('usable after opening', '≤ 2 s', 's', column(results, 'usable'));
    },
  };
}

function served({ browser, recorder, runs }, run, goals) {
  return {
    name: `view ${run}`,
    maxRounds: FEW,
    measure: async () => view(browser, recorder, await runs.file(run), VIEW_LIMIT),
    fill(table, results) {
      table.section(`\`recorder view\` of ${runs.describe(run)}`);
      table.add('first picture', goals.firstPicture, 's', column(results, 'firstPicture'));
      table.add('complete', goals.complete ?? '', 's', column(results, 'complete'));
      table.add('findings', '', 's', column(results, 'report'));
      table.add('peak memory of the recorder', goals.memory ?? '', 'MB', column(results, 'memory'));
    },
  };
}

function moves({ browser, recorder, runs }) {
  return {
    name: 'moves',
    maxRounds: FEW,
    measure: async () => move(browser, recorder, await runs.file('10m')),
    fill(table, results) {
      table.section(`zoom and pan in ${runs.describe('10m')}`);
      const goal = '≤ 100 ms';
      table.add('exact window drawn, median of the moves', goal, 'ms', results.map(median));
      table.add('exact window drawn, 95% of the moves', goal, 'ms', results.map((it) => quantile(it, 0.95)));
      table.add('exact window drawn, slowest move', goal, 'ms', results.map((it) => Math.max(...it)));
    },
  };
}

function frames({ browser, recorder, runs }) {
  const perSecond = ({ lengths }) => (1000 * lengths.length) / lengths.reduce((sum, it) => sum + it, 0);
  return {
    name: 'frames',
    maxRounds: Infinity,
    measure: async () => ride(browser, recorder, await runs.file('lanes')),
    fill(table, results) {
      table.section(`moving in ${runs.describe('lanes')}`);
      table.add('lanes in view', '40', 'number', column(results, 'lanes'));
      table.add('frames', '≥ 50 a second', 'perSecond', results.map(perSecond));
      const lengths = column(results, 'lengths');
      table.add('95% of the frames are shorter than', '', 'ms', lengths.map((it) => quantile(it, 0.95)));
      table.add('longest frame', '', 'ms', lengths.map((it) => Math.max(...it)));
    },
  };
}

function liveRun({ browser, recorder, runs }, seconds) {
  const arguments_ = [...load(LIVE_RATE * seconds, LIVE_PAIRS, 0), LIVE_RATE];
  const once = (isShown) =>
    live(browser, recorder, runs.path('live.rec'), arguments_, seconds, isShown);
  return {
    name: 'live',
    maxRounds: FEW,
    // The program without the page, and with it.
    measure: async () => ({ alone: await once(false), shown: await once(true) }),
    fill(table, results) {
      const shown = column(results, 'shown');
      const perOperation = ({ processor, operations }) => processor / operations;
      table.section(`live, ${count(LIVE_RATE)} operations a second for ${seconds} s`);
      const rate = ({ operations, elapsed }) => (operations / elapsed) * 1e9;
      table.add('reached', '1 million a second', 'perSecondMillions', shown.map(rate));
      const delays = (name) => shown.map((it) => column(it.delays, name));
      const goal = '≤ 0.5 s';
      table.add('the page is behind, median', goal, 'ms', delays('known').map(median));
      table.add('the page is behind, at most', goal, 'ms', delays('known').map((it) => Math.max(...it)));
      table.add('the picture is behind, median', goal, 'ms', delays('drawn').map(median));
      table.add('the picture is behind, at most', goal, 'ms', delays('drawn').map((it) => Math.max(...it)));
      table.add('peak memory of the recorder', '', 'MB', column(shown, 'memory'));
      const alone = column(results, 'alone').map(perOperation);
      table.add('processor time of an operation, no viewer', '', 'ns', alone);
      table.add('processor time of an operation, with the viewer', '', 'ns', shown.map(perOperation));
      const ratios = shown.map((it, i) => perOperation(it) / alone[i]);
      table.add('with the viewer, relative to none', '1', 'ratio', ratios);
    },
  };
}

function perfetto({ browser, runs, ui }, run, maxRounds) {
  return {
    name: `perfetto ${run}`,
    maxRounds,
    measure: async () => openTrace(browser, ui, await runs.file(run, 'pftrace'), PERFETTO_LIMIT),
    fill(table, results) {
      table.section(`Perfetto UI, ${runs.describe(run)}`);
      const { time, size } = runs.facts.get(`${run}.pftrace`) ?? {};
      table.add('size of the .pftrace', '', 'MB', size === undefined ? [] : [size]);
      table.add('export from the recording', '', 's', time === undefined ? [] : [time]);
      table.add('timeline there after opening the .pftrace', '', 's', results);
    },
  };
}

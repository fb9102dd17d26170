// Figures, and the table of them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The value that this share of the values does not exceed, about. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

export const units = {
  ms: (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`,
  s: (ms) => `${(ms / 1000).toFixed(2)} s`,
  MB: (bytes) => `${(bytes / 1e6).toFixed(1)} MB`,
  ns: (value) => `${value.toFixed(1)} ns`,
  ratio: (value) => value.toFixed(3),
  perSecond: (value) => `${value.toFixed(1)} a second`,
  perSecondMillions: (value) => `${(value / 1e6).toFixed(2)} million a second`,
  number: (value) => value.toLocaleString('en'),
};

export class Table {
  rows = [];
  heading = '';

  section(heading) {
    this.heading = heading;
  }

  /** A row with one value for each round. */
  add(figure, goal, unit, values) {
    if (!values.length) return this.miss(figure, goal);
    const format = units[unit];
    const range = `${format(Math.min(...values))} to ${format(Math.max(...values))}`;
    this.push(figure, goal, format(median(values)), values.length > 1 ? range : '', values.length);
  }

  miss(figure, goal) {
    this.push(figure, goal, 'not measured', '', 0);
  }

  push(...cells) {
    const what = this.rows.at(-1)?.heading === this.heading ? '' : this.heading;
    this.rows.push({ heading: this.heading, cells: [what, ...cells] });
  }

  toString() {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    const head = ['run', 'figure', 'goal', 'median', 'minimum to maximum', 'rounds'];
    return [line(head), '|---|---|---|--:|--:|--:|', ...this.rows.map(({ cells }) => line(cells))].join('\n');
  }
}

const here = fileURLToPath(new URL('.', import.meta.url));
const output = (command, ...args) =>
  execFileSync(command, args, { cwd: here, encoding: 'utf8' }).trim();

export function processor() {
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
  return model?.[1] ?? 'unknown processor';
}

/** The machine and the date, in a sentence. */
export function machine(browser) {
  const [memory] = /\d+/.exec(readFileSync('/proc/meminfo', 'utf8'));
  const parts = [
    processor(),
    `${availableParallelism()} cores`,
    `${Math.round(memory / 1024 / 1024)} GiB of memory`,
    `Linux ${output('uname', '-r')}`,
    `Chromium ${browser.version}, headless, without a graphics processor`,
  ];
  return `${parts.join(', ')}. ${day()}. Commit ${output('git', 'rev-parse', '--short', 'HEAD')}.`;
}

export const day = () => output('date', '+%Y-%m-%d');

const UNITS: [name: string, ns: number][] = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
  ['ns', 1],
];
/** Significant digits that a label may have before the labels count from a common base. */
const MAX_DIGITS = 4;

export interface Ticks {
  /** Times with a label. */
  major: { time: number; label: string }[];
  /** Times without one. */
  minor: number[];
  /** The time from which the labels count, if not from the start of the run. */
  base?: string;
}

/** Round times between `from` and `to`, at most `count` of them with a label. */
export function ticks(from: number, to: number, count: number): Ticks {
  const step = roundStep((to - from) / Math.max(count, 1));
  const [unit, ns] = unitOf(step.size);
  const digits = Math.log10(Math.max(Math.abs(to), step.size) / step.size);
  const base = digits > MAX_DIGITS && from > 0 ? Math.floor(from / (ns * 1000)) * ns * 1000 : 0;
  const [longUnit, longNs] = base ? [unit, ns] : unitOf(Math.max(to, step.size), step.size);
  const major = [];
  const minor = [];
  const part = step.size / step.parts;
  for (let n = Math.ceil(from / part); n * part <= to; n++) {
    const time = n * part;
    if (n % step.parts) {
      minor.push(time);
      continue;
    }
    const text = base
      ? `+${number((time - base) / ns)} ${unit}`
      : time === 0
        ? '0'
        : `${number(time / longNs)} ${longUnit}`;
    major.push({ time, label: text });
  }
  return base ? { major, minor, base: time(base) } : { major, minor };
}

/** A time with its unit and all of its digits. */
export function time(ns: number): string {
  const [unit, size] = unitOf(Math.abs(ns));
  return `${number(ns / size)} ${unit}`;
}

/** A time with the digits that a pixel of `precision` ns can show. */
export function timeNear(ns: number, precision: number): string {
  const step = 10 ** Math.max(Math.floor(Math.log10(Math.max(precision, 1))), 0);
  return time(Math.round(ns / step) * step);
}

/** The unit in which `ns` is at least 1 and, if `step` is given, has at most three decimals. */
function unitOf(ns: number, step = 0): [string, number] {
  for (const [name, size] of UNITS) {
    if (ns >= size && (!step || step >= size / 1000)) return [name, size];
  }
  return ['ns', 1];
}

function roundStep(smallest: number): { size: number; parts: number } {
  const power = 10 ** Math.floor(Math.log10(Math.max(smallest, 1)));
  for (const [factor, parts] of [
    [1, 5],
    [2, 4],
    [5, 5],
    [10, 5],
  ] as const) {
    if (factor * power >= smallest) {
      const size = factor * power;
      return { size, parts: size / parts >= 1 ? parts : 1 };
    }
  }
  return { size: 10 * power, parts: 5 };
}

function number(value: number): string {
  return String(Math.round(value * 1e9) / 1e9);
}

/** Short forms of texts. */

/** A place with the end of its path: `…/bin/deadlock.rs:46`. */
export function shortPlace(text: string, most: number): string {
  if (text.length <= most) return text;
  const parts = text.split('/');
  let short = parts.pop() ?? text;
  while (parts.length > 0) {
    const longer = `${parts.pop()}/${short}`;
    if (longer.length + 2 > most) break;
    short = longer;
  }
  return short.length + 2 > most ? short : `…/${short}`;
}

/** The file and the line of a place: `main.rs:5`; the line is always whole. */
export function fileAndLine(text: string, most: number): string {
  const short = text.split('/').pop() ?? text;
  if (short.length <= most) return short;
  const line = /:\d+$/.exec(short)?.[0] ?? '';
  return `${short.slice(0, Math.max(1, most - line.length - 1))}…${line}`;
}

/** A name with its start and its end, which tells apart what is numbered: `worker of the…pool 12`. */
export function shortName(text: string, most: number): string {
  const letters = [...text];
  if (letters.length <= most) return text;
  const end = Math.floor((most - 1) * 0.4);
  const start = most - 1 - end;
  return `${letters.slice(0, start).join('').trimEnd()}…${letters.slice(-end).join('').trimStart()}`;
}

/** A share: `45%`, `<1%`; rounded down, so that 100% is all of it. */
export function percent(part: number, whole: number): string {
  if (part <= 0 || whole <= 0) return '0%';
  const share = Math.floor((100 * part) / whole);
  return share === 0 ? '<1%' : `${share}%`;
}

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

/** A share: `45%`, `<1%`; rounded down, so that 100% is all of it. */
export function percent(part: number, whole: number): string {
  if (part <= 0 || whole <= 0) return '0%';
  const share = Math.floor((100 * part) / whole);
  return share === 0 ? '<1%' : `${share}%`;
}

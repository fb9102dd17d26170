/** The prose of a lesson, as text nodes. */

import type { Block, Inline } from './document';

export function Inlines({ of }: { of: readonly Inline[] }) {
  return (
    <>
      {of.map((it, i) => {
        if ('code' in it) return <code key={i}>{it.code}</code>;
        return 'emphasis' in it ? <em key={i}>{it.emphasis}</em> : it.text;
      })}
    </>
  );
}

export function Prose({ of }: { of: readonly Block[] }) {
  return (
    <>
      {of.map((it, i) => {
        if ('code' in it) return <pre key={i}>{it.code}</pre>;
        if ('paragraph' in it) {
          return (
            <p key={i}>
              <Inlines of={it.paragraph} />
            </p>
          );
        }
        return (
          <ul key={i}>
            {it.list.map((item, n) => (
              <li key={n}>
                <Inlines of={item} />
              </li>
            ))}
          </ul>
        );
      })}
    </>
  );
}

export function plain(inlines: readonly Inline[]): string {
  return inlines.map((it) => Object.values(it)[0]).join('');
}

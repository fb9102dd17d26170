/** The search: a field and its results, over the page. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { App } from './app';
import { messageOf } from '../data/source';
import { findInChunks, findNamed, type Found, MAX_RESULTS, resultCount } from './find';

/** The search starts when typing pauses, in ms. */
const PAUSE = 120;

const KIND_NAMES: Record<Found['kind'], string> = {
  thread: 'thread',
  channel: 'channel',
  lock: 'lock',
  message: 'message',
  place: 'source',
  value: 'value',
  time: 'time',
};

export function Search({ app, close }: { app: App; close(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const [query, setQuery] = useState('');
  const [results, setResults] = useState<Found[]>([]);
  const [state, setState] = useState('');
  const [at, setAt] = useState(0);

  useEffect(() => dialog.current?.showModal(), []);

  useEffect(() => {
    setResults([]);
    setAt(0);
    setState('');
    if (query.trim() === '') return;
    let isCancelled = false;
    const run = async () => {
      let found = await findNamed(app.model, query);
      if (isCancelled) return;
      setResults(found);
      for await (const progress of findInChunks(app.model, query, () => isCancelled)) {
        if (isCancelled) return;
        if (progress.found.length > 0) {
          found = [...found, ...progress.found].slice(0, MAX_RESULTS);
          setResults(found);
        }
        setState(progress.share < 1 ? `Searching, ${Math.floor(progress.share * 100)}%` : '');
      }
      if (!isCancelled) setState(resultCount(found.length));
    };
    const timer = setTimeout(() => {
      run().catch((error) => !isCancelled && setState(messageOf(error)));
    }, PAUSE);
    return () => {
      isCancelled = true;
      clearTimeout(timer);
    };
  }, [query]);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at]);

  const choose = (found: Found | undefined) => {
    if (!found) return;
    close();
    const { tab } = app.link.state;
    // The other tabs have no lanes and no place for a step.
    const keepsTab = tab === 'timeline' || (tab === 'belt' && found.lead.step !== undefined);
    const chosen = keepsTab ? tab : 'timeline';
    const { step } = found.lead;
    app.link.set({ ...found.lead, step: undefined, tab: chosen }, true);
    if (step !== undefined) app.select(step);
    // After the dialog, which would give it back to the page.
    requestAnimationFrame(() => app.focus());
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (move !== undefined) {
      setAt(Math.max(0, Math.min(results.length - 1, at + move)));
      event.preventDefault();
    } else if (event.key === 'Enter') {
      choose(results[at]);
      event.preventDefault();
    }
  };

  return (
    <dialog
      ref={dialog}
      class="dialog search"
      aria-label="Search"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <input
        type="text"
        role="combobox"
        aria-expanded={results.length > 0}
        aria-controls="search-results"
        aria-activedescendant={results.length > 0 ? `result-${at}` : undefined}
        aria-label="Search threads, channels, values and places"
        placeholder="Thread, channel, value, src/main.rs:42, jobs#7, 1.5 ms"
        autocomplete="off"
        spellcheck={false}
        value={query}
        onInput={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        autofocus
      />
      <ul id="search-results" ref={list} role="listbox" aria-label="Results">
        {results.map((found, i) => (
          <li
            key={i}
            id={`result-${i}`}
            role="option"
            aria-selected={i === at}
            onClick={() => choose(found)}
          >
            <span class={`kind ${found.kind}`}>{KIND_NAMES[found.kind]}</span>
            <span class="title">{found.title}</span>
            <span class="detail">{found.detail}</span>
          </li>
        ))}
      </ul>
      <p class="state" role="status">
        {state || (query.trim() === '' ? 'Enter leads to the result, arrow keys choose it.' : '')}
      </p>
    </dialog>
  );
}

/** The frame around the tabs: header, warnings, tabs, help and search. */

import { useLayoutEffect, useReducer, useState } from 'preact/hooks';
import type { App, Lesson } from './app';
import { endsOf, figuresOf, hangOf, originOf, statusOf, warningsOf } from './facts';
import { Help } from './help';
import { TABS, type Tab } from './link';
import type { Theme } from './look';
import { Search } from './search';
import { counted } from './words';

export const TAB_NAMES: Record<Tab, string> = {
  timeline: 'Timeline',
  why: 'Why',
  message: 'One message',
  belt: 'The belt',
  lesson: 'Lesson',
};

/** The tabs that can be shown now. */
export function tabsOf(lesson: Lesson | undefined): readonly Tab[] {
  if (!lesson) return TABS;
  return lesson.isOpen ? ['lesson', ...TABS] : ['lesson'];
}

/** A dialog over the page. */
export type Overlay = 'help' | 'search' | undefined;

interface FrameProps {
  readonly app: App;
  /** Gives the function that opens a dialog to the keys. */
  readonly onReady: (open: (overlay: Overlay) => void) => void;
}

export function Frame({ app, onReady }: FrameProps) {
  const [overlay, open] = useState<Overlay>();
  const [, changed] = useReducer((n: number) => n + 1, 0);
  // Before the tabs load data, so that no news is missed.
  useLayoutEffect(() => {
    const ends = [
      app.model.onChange(() => changed(undefined)),
      app.link.onChange((state, before) => state.tab !== before.tab && changed(undefined)),
      app.look.onChange(() => changed(undefined)),
    ];
    onReady(open);
    return () => ends.forEach((end) => end());
  }, []);
  const close = () => open(undefined);
  return (
    <>
      <Header app={app} open={open} />
      <Hang app={app} />
      <Warnings texts={warningsOf(app.model)} />
      {overlay === 'help' ? <Help lesson={app.lesson} close={close} /> : null}
      {overlay === 'search' ? <Search app={app} close={close} /> : null}
    </>
  );
}

function Header({ app, open }: { app: App; open(overlay: Overlay): void }) {
  const { model } = app;
  const status = statusOf(model);
  const command = [model.run.command].flat().join(' ');
  return (
    <header class="page-header">
      <div class="run">
        <h1 title={command}>{app.lesson?.title ?? (model.run.name || command)}</h1>
        {app.lesson ? null : (
          <>
            <span class={`status ${status.name}`}>{status.text}</span>
            {endsOf(model).map((end) => (
              <span key={end} class="bad">
                {end}
              </span>
            ))}
            <span class="figures">
              {figuresOf(model).map((figure) => (
                <span key={figure}>{figure}</span>
              ))}
              <span class="origin">{originOf(model)}</span>
            </span>
          </>
        )}
      </div>
      <Tabs app={app} />
      <Tools app={app} open={open} />
    </header>
  );
}

function Tabs({ app }: { app: App }) {
  const current = app.link.state.tab;
  const errors = app.model.report?.findings.filter((it) => it.severity !== 'note').length ?? 0;
  const tabs = tabsOf(app.lesson);
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.indexOf(current);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined || tabs.length === 1) return;
    event.preventDefault();
    event.stopPropagation();
    const tab = tabs[(to + tabs.length) % tabs.length];
    app.go(tab);
    document.getElementById(`tab-${tab}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button
          key={tab}
          id={`tab-${tab}`}
          type="button"
          role="tab"
          aria-selected={tab === current}
          aria-controls={`panel-${tab}`}
          tabIndex={tab === current ? 0 : -1}
          onClick={() => app.go(tab)}
        >
          {TAB_NAMES[tab]}
          {tab === 'why' && errors > 0 ? (
            <span class="badge" aria-label={counted(errors, 'finding')}>
              {errors}
            </span>
          ) : null}
        </button>
      ))}
    </div>
  );
}

const NEXT_THEME: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const THEME_NAMES: Record<Theme, string> = { system: 'System', light: 'Light', dark: 'Dark' };

/** Changes to the next theme: the one that differs from what is shown first. */
export function nextTheme(app: App): void {
  const { theme } = app.look.state;
  app.look.set({ theme: theme === 'system' ? (app.look.dark ? 'light' : 'dark') : NEXT_THEME[theme] });
}

function Tools({ app, open }: { app: App; open(overlay: Overlay): void }) {
  const { theme, projector, blackWhite } = app.look.state;
  return (
    <div class="tools" role="toolbar" aria-label="Page">
      <button type="button" onClick={() => open('search')} title="Search (/)">
        Search <kbd>/</kbd>
      </button>
      <button
        type="button"
        onClick={() => nextTheme(app)}
        title="Theme (T)"
        aria-label={`Theme: ${THEME_NAMES[theme]}`}
      >
        {THEME_NAMES[theme]}
      </button>
      <button
        type="button"
        aria-pressed={projector}
        onClick={() => app.look.set({ projector: !projector })}
        title="Large text for a projector (P)"
      >
        Projector
      </button>
      <button
        type="button"
        aria-pressed={blackWhite}
        onClick={() => app.look.set({ blackWhite: !blackWhite })}
        title="Black and white (B)"
      >
        B/W
      </button>
      <button type="button" onClick={() => open('help')} title="Keys (?)" aria-label="Keys">
        ?
      </button>
    </div>
  );
}

/** While a program runs, the page shows at once that it hangs. */
function Hang({ app }: { app: App }) {
  const [closed, setClosed] = useState('');
  const hang = hangOf(app.model);
  const isLive = app.model.index.live;
  if (!hang || !isLive || closed === hang.text || app.link.state.tab === 'why') return null;
  return (
    <div class="warnings hang" role="alert">
      <span>
        <strong>The program hangs.</strong> {hang.text}
      </span>
      <span class="buttons">
        <button
          type="button"
          onClick={() => app.link.set({ tab: 'why', finding: hang.number }, true)}
        >
          Show why
        </button>
        <button
          type="button"
          class="plain"
          aria-label="Close"
          onClick={() => setClosed(hang.text)}
        >
          ×
        </button>
      </span>
    </div>
  );
}

function Warnings({ texts }: { texts: string[] }) {
  const [closed, setClosed] = useState('');
  const key = texts.join('\n');
  if (texts.length === 0 || closed === key) return null;
  return (
    <div class="warnings" role="alert">
      <ul>
        {texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <button type="button" class="plain" aria-label="Close" onClick={() => setClosed(key)}>
        ×
      </button>
    </div>
  );
}

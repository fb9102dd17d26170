/** Puts a page together: the frame, the tabs, the panel with details, and the keys. */

import { render } from 'preact';
import { mount as mountBelt } from '../belt';
import { Cancelled, type Model } from '../data/model';
import { openModel, sourceOfPage } from '../data/open';
import { messageOf } from '../data/source';
import { mount as mountMessage } from '../message';
import { mount as mountTimeline } from '../timeline';
import { mount as mountWhy } from '../why';
import type { App, Lesson, Mount, View } from './app';
import { Details } from './details';
import { Failure, Nothing } from './failure';
import { Frame, type Overlay, TAB_NAMES, tabsOf } from './frame';
import { handleKeys } from './keys';
import { createLink, type LinkState, type Tab } from './link';
import { createLook, type Look } from './look';

const MOUNTS: Record<Exclude<Tab, 'lesson'>, Mount> = {
  timeline: mountTimeline,
  why: mountWhy,
  message: mountMessage,
  belt: mountBelt,
};

function element(parent: HTMLElement, name: string, tag = 'div'): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  parent.append(made);
  return made;
}

/** A tab is mounted when it is shown for the first time. */
class Tabs {
  private readonly roots = new Map<Tab, HTMLElement>();
  private readonly views = new Map<Tab, View>();
  private shown: Tab | undefined;

  constructor(
    private readonly app: App,
    parent: HTMLElement,
    private readonly mounts: Partial<Record<Tab, Mount>>,
  ) {
    for (const tab of Object.keys(mounts) as Tab[]) {
      const root = element(parent, tab, 'section');
      root.id = `panel-${tab}`;
      root.setAttribute('role', 'tabpanel');
      root.setAttribute('aria-labelledby', `tab-${tab}`);
      root.hidden = true;
      this.roots.set(tab, root);
    }
  }

  get view(): View | undefined {
    return this.shown && this.views.get(this.shown);
  }

  show(tab: Tab): void {
    if (tab === this.shown) return;
    this.view?.hide();
    for (const [name, root] of this.roots) root.hidden = name !== tab;
    this.shown = tab;
    const root = this.roots.get(tab);
    const mount = this.mounts[tab];
    if (!root || !mount) return;
    try {
      if (!this.views.has(tab)) this.views.set(tab, mount(root, this.app));
      this.view?.show();
    } catch (error) {
      console.error(error);
      this.views.delete(tab);
      root.replaceChildren();
      render(<Failure title={`${TAB_NAMES[tab]} cannot be shown`} text={messageOf(error)} />, root);
    }
  }
}

/**
 * A link without messages and findings that the run does not have. Beyond the run's ends, a step is
 * the first or the last one.
 */
function existing(model: Model, state: LinkState, tabs: readonly Tab[]): LinkState {
  const { run, index, report } = model;
  const { step, message, finding } = state;
  const first = (index.chunks[0] ?? index.open)?.[3] ?? 0;
  const hasStep = step !== undefined && index.steps > first;
  return {
    ...state,
    tab: tabs.includes(state.tab) ? state.tab : tabs[0],
    step: hasStep ? Math.min(Math.max(step, first), index.steps - 1) : undefined,
    message: message && message.channel < run.channels.length ? message : undefined,
    finding: finding !== undefined && finding < (report?.findings.length ?? 0) ? finding : undefined,
  };
}

function start(model: Model, look: Look, page: HTMLElement, lesson?: Lesson): void {
  page.replaceChildren();
  const isBad = model.report?.findings.some(({ severity }) => severity === 'error') ?? false;
  const first = lesson ? 'lesson' : isBad ? 'why' : 'timeline';
  const link = createLink(first, (state) => existing(model, state, tabsOf(lesson)));
  const frame = element(page, 'frame');
  const main = element(page, 'main', 'main');
  const views = element(main, 'views');
  const details = element(main, 'details-place');
  const sentence = element(page, 'spoken');
  sentence.setAttribute('aria-live', 'polite');
  sentence.setAttribute('role', 'status');

  let tabs: Tabs | undefined;
  const app: App = {
    model,
    link,
    look,
    lesson,
    announce(text) {
      if (sentence.textContent !== text) sentence.textContent = text;
    },
    go(tab) {
      if (tabsOf(lesson).includes(tab)) link.set({ tab }, true);
    },
    select: (step) => link.set({ step: step ?? undefined }),
    focus: () => tabs?.view?.focus?.(),
  };

  // For tests, measurements, and questions in the browser's console.
  Object.assign(window, { recorder: app });

  let open: (overlay: Overlay) => void = () => {};
  document.title = `${lesson?.title ?? model.run.name} – recorder`;
  render(
    <Frame
      app={app}
      onReady={(f) => {
        open = f;
      }}
    />,
    frame,
  );

  const showTabs = () => {
    views.replaceChildren();
    const shown = new Tabs(app, views, lesson ? { lesson: lesson.mount, ...MOUNTS } : MOUNTS);
    tabs = shown;
    shown.show(link.state.tab);
    link.onChange(({ tab }) => shown.show(tab));
    render(<Details app={app} />, details);
    handleKeys(app, () => shown.view, (overlay) => open(overlay));
  };
  if (lesson || model.index.steps > 0) {
    showTabs();
    return;
  }
  render(<Nothing model={model} />, views);
  const end = model.onChange(() => {
    render(<Nothing model={model} />, views);
    if (model.index.steps === 0) return;
    end();
    render(null, views);
    showTabs();
  });
}

/** What a page shows: a run, or a part of one as a lesson. */
export interface Contents {
  readonly model: Model;
  readonly lesson?: Lesson;
}

/** Shows the run of the page, or what `prepare` makes of it. */
export async function showRun(
  prepare: (model: Model) => Contents | Promise<Contents> = (model) => ({ model }),
): Promise<void> {
  const page = rootOfPage();
  const look = createLook(document.documentElement);
  addEventListener('unhandledrejection', (event) => {
    if (event.reason instanceof Cancelled) event.preventDefault();
  });
  try {
    const { model, lesson } = await prepare(await openModel(sourceOfPage(document)));
    start(model, look, page, lesson);
  } catch (error) {
    console.error(error);
    page.replaceChildren();
    render(
      <Failure
        title="The page cannot show its run"
        text={messageOf(error)}
        advice="Make it again from the recording: recorder export RUN.rec -o run.html, or serve it with recorder view RUN.rec."
      />,
      page,
    );
  }
}

/** The element that everything is in. */
export function rootOfPage(): HTMLElement {
  const page = document.getElementById('app') ?? element(document.body, 'page');
  page.className = 'page';
  return page;
}

/** The script comes before the data, so that it can say so if the file is cut off. */
export function onceLoaded(show: () => Promise<void>): void {
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', () => void show());
  else void show();
}

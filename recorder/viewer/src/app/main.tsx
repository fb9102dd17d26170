/** Puts the page together: the frame, the tabs, the panel with details, and the keys. */

import { render } from 'preact';
import { mount as mountBelt } from '../belt';
import { Cancelled, type Model } from '../data/model';
import { openModel, sourceOfPage } from '../data/open';
import { messageOf } from '../data/source';
import { mount as mountMessage } from '../message';
import { mount as mountTimeline } from '../timeline';
import { mount as mountWhy } from '../why';
import type { App, Mount, View } from './app';
import { Details } from './details';
import { Failure, Nothing } from './failure';
import { Frame, type Overlay, TAB_NAMES } from './frame';
import { handleKeys } from './keys';
import { createLink, type LinkState, type Tab, TABS } from './link';
import { createLook, type Look } from './look';

const MOUNTS: Record<Tab, Mount> = {
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
  ) {
    for (const tab of TABS) {
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
    if (!root) return;
    try {
      if (!this.views.has(tab)) this.views.set(tab, MOUNTS[tab](root, this.app));
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
function existing({ run, index, report }: Model, state: LinkState): LinkState {
  const { step, message, finding } = state;
  const first = (index.chunks[0] ?? index.open)?.[3] ?? 0;
  const hasStep = step !== undefined && index.steps > first;
  return {
    ...state,
    step: hasStep ? Math.min(Math.max(step, first), index.steps - 1) : undefined,
    message: message && message.channel < run.channels.length ? message : undefined,
    finding: finding !== undefined && finding < (report?.findings.length ?? 0) ? finding : undefined,
  };
}

function start(model: Model, look: Look, page: HTMLElement): void {
  page.replaceChildren();
  const isBad = model.report?.findings.some(({ severity }) => severity === 'error') ?? false;
  const link = createLink(isBad ? 'why' : 'timeline', (state) => existing(model, state));
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
    announce(text) {
      if (sentence.textContent !== text) sentence.textContent = text;
    },
    go: (tab) => link.set({ tab }, true),
    select: (step) => link.set({ step: step ?? undefined }),
    focus: () => tabs?.view?.focus?.(),
  };

  // For tests, measurements, and questions in the browser's console.
  Object.assign(window, { recorder: app });

  let open: (overlay: Overlay) => void = () => {};
  document.title = `${model.run.name} – recorder`;
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
    const shown = new Tabs(app, views);
    tabs = shown;
    shown.show(link.state.tab);
    link.onChange(({ tab }) => shown.show(tab));
    render(<Details app={app} />, details);
    handleKeys(app, () => shown.view, (overlay) => open(overlay));
  };
  if (model.index.steps > 0) {
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

async function main(): Promise<void> {
  const page = document.getElementById('app') ?? element(document.body, 'page');
  page.className = 'page';
  const look = createLook(document.documentElement);
  addEventListener('unhandledrejection', (event) => {
    if (event.reason instanceof Cancelled) event.preventDefault();
  });
  try {
    const model = await openModel(sourceOfPage(document));
    start(model, look, page);
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

// The script comes before the data, so that it can say so if the file is cut off.
if (document.readyState === 'loading') addEventListener('DOMContentLoaded', () => void main());
else void main();

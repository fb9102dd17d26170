/** The keys of the page. A tab has its own, which come first. */

import type { App, View } from './app';
import { nextTheme, type Overlay } from './frame';
import { TABS } from './link';

export function handleKeys(
  app: App,
  view: () => View | undefined,
  open: (overlay: Overlay) => void,
): void {
  const actions: Record<string, () => void> = {
    '?': () => open('help'),
    '/': () => open('search'),
    p: () => app.look.set({ projector: !app.look.state.projector }),
    t: () => nextTheme(app),
    b: () => app.look.set({ blackWhite: !app.look.state.blackWhite }),
    l: () => app.go('lesson'),
    Escape: () => app.link.set({ step: undefined, lanes: undefined, path: undefined }),
  };
  TABS.forEach((tab, i) => {
    actions[String(i + 1)] = () => app.go(tab);
  });

  // A button that was clicked would take the arrow keys and the space bar from the tab.
  addEventListener('click', ({ detail, target }) => {
    const button = detail > 0 && target instanceof Element && target.closest('.page-header button');
    if (button instanceof HTMLElement) button.blur();
  });

  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const { target } = event;
    // A dialog handles its own keys.
    if (document.querySelector('dialog[open]')) return;
    if (isField(target)) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    const presses = event.key === 'Enter' || event.key === ' ';
    if (presses && target instanceof Element && target.closest('button, a, summary')) return;
    if (view()?.key(event)) {
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** Whether keys are typed into it. */
function isField(target: EventTarget | null): target is HTMLElement {
  if (target instanceof HTMLInputElement) {
    return !['button', 'checkbox', 'radio', 'range'].includes(target.type);
  }
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLElement && target.isContentEditable)
  );
}

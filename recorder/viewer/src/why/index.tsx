/** The Why tab: the findings in words and pictures, the critical path, and tables. */

import { render } from 'preact';
import type { Mount } from '../app/app';
import type { ReportData } from '../data/run';
import { Leads } from './leads';
import { WhyTab } from './tab';

export const mount: Mount = (root, app) => {
  const leads = new Leads(app);
  /** Findings that the user has opened or closed. */
  const toggled = new Map<number, boolean>();
  let isShown = false;
  /** The finding to go to as soon as it is there. */
  let goal: number | undefined;
  /** The finding that is being opened by a click: the page stays where it is. */
  let opened: number | undefined;

  const select = (finding: number | undefined) => app.link.set({ finding });

  /** What is drawn. */
  let drawn: { report?: ReportData; isLive?: boolean } = {};

  const draw = () => {
    if (!isShown) return;
    const { report, index } = app.model;
    drawn = { report, isLive: index.live && !index.done };
    const { finding } = app.link.state;
    const toggle = (number: number, isOpen: boolean) => {
      toggled.set(number, !isOpen);
      if (!isOpen) {
        opened = number;
        select(number);
        opened = undefined;
      }
      draw();
    };
    render(<WhyTab model={app.model} {...{ leads, toggled, toggle }} selected={finding} />, root);
    if (goal !== undefined && app.model.report) {
      const number = goal;
      goal = undefined;
      requestAnimationFrame(() => reveal(root, number));
    }
  };

  const goTo = (finding: number | undefined) => {
    goal = finding;
    if (finding !== undefined) toggled.set(finding, true);
  };

  app.model.onChange(() => {
    const { report, index } = app.model;
    const isLive = index.live && !index.done;
    // While the run grows, only its report changes what is shown.
    if (!report || report !== drawn.report || isLive !== drawn.isLive) draw();
  });
  app.link.onChange((state, before) => {
    const isOther = state.finding !== before.finding && state.finding !== opened;
    if (isOther || (state.tab === 'why' && before.tab !== 'why')) goTo(state.finding);
    if (state.finding !== before.finding || goal !== undefined) draw();
  });
  goTo(app.link.state.finding);

  return {
    show() {
      isShown = true;
      draw();
    },
    hide() {
      isShown = false;
    },
    key(event) {
      const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0;
      const findings = app.model.report?.findings.length ?? 0;
      if (step === 0 || findings === 0 || event.ctrlKey || event.metaKey || event.altKey) {
        return false;
      }
      const now = app.link.state.finding;
      const next = now === undefined ? (step > 0 ? 0 : findings - 1) : now + step;
      const number = Math.min(findings - 1, Math.max(0, next));
      if (number === now) reveal(root, number);
      else select(number);
      return true;
    },
  };
};

/** Scrolls to a finding, and puts the focus on its heading. */
function reveal(root: HTMLElement, number: number): void {
  const heading = root.querySelector<HTMLElement>(`[data-finding="${number}"]`);
  heading?.focus({ preventScroll: true });
  heading?.closest('article')?.scrollIntoView({ block: 'start' });
}

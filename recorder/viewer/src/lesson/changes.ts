/** The changes of a lesson, one at a time: a guess, and then the run of the changed program. */

import type { App } from '../app/app';
import { FileSource } from '../data/file-source';
import { openModel } from '../data/open';
import { Comparison } from './comparison';
import type { Change } from './document';
import type { Session } from './session';
import { sidesOf } from './side';

export class Changes {
  /** Index of the change that is shown. */
  at = 0;
  private readonly comparisons = new Map<number, Promise<Comparison>>();
  private shown: Comparison | undefined;

  constructor(
    private readonly root: HTMLElement,
    private readonly app: App,
    private readonly session: Session,
  ) {}

  get current(): Change {
    return this.session.document.changes[this.at];
  }

  /** Whether the change still waits for a guess. */
  get isAsked(): boolean {
    return this.session.progress.changes[this.at] === undefined;
  }

  /** Whether two runs are shown side by side. */
  get compares(): boolean {
    return !this.isAsked && this.current.run !== null;
  }

  /** Shows the runs of the current change, or hides them. */
  async show(isVisible: boolean): Promise<void> {
    const { at } = this;
    const isWanted = isVisible && this.compares;
    this.root.hidden = !isWanted;
    this.leaveOnly(at);
    const wanted = isWanted ? await this.comparison(at) : undefined;
    if (at !== this.at || wanted === this.shown) return;
    this.leaveOnly(at);
    this.shown?.hide();
    this.shown = wanted;
    wanted?.show();
  }

  /** Hides the runs of all other changes. */
  private leaveOnly(at: number): void {
    for (const element of this.root.children) {
      if (element instanceof HTMLElement) element.hidden = element.dataset.change !== String(at);
    }
  }

  key(event: KeyboardEvent): boolean {
    return this.shown?.key(event) ?? false;
  }

  private comparison(at: number): Promise<Comparison> {
    let comparison = this.comparisons.get(at);
    if (!comparison) {
      comparison = this.open(at);
      this.comparisons.set(at, comparison);
    }
    return comparison;
  }

  private async open(at: number): Promise<Comparison> {
    const { document: lesson, whole } = this.session;
    const { run, diff } = lesson.changes[at];
    if (!run) throw new Error('the changed program does not compile');
    const changed = await openModel(new FileSource(run.document, () => run.bytes));
    const sides = await sidesOf(whole, changed);
    const root = document.createElement('div');
    root.className = 'compare';
    root.dataset.change = String(at);
    this.root.append(root);
    return new Comparison(root, this.app, sides, diff, lesson.program);
  }
}

/** Two runs side by side: their belts, their steps in rows, and between them the change. */

import { render } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { App, View } from '../app/app';
import type { Link } from '../app/link';
import { sentence } from '../app/words';
import { mount as mountBelt } from '../belt';
import { Button } from '../belt/controls';
import type { Row } from './align';
import { Diff } from './diff';
import type { DiffLine, Program } from './document';
import type { Side, Sides } from './side';
import { sideLink } from './side-link';

type Column = 'left' | 'right';
const COLUMNS: readonly Column[] = ['left', 'right'];

export class Comparison implements View {
  private readonly belts: { column: Column; caption: HTMLElement; link: Link; view: View }[];
  private readonly controls: HTMLElement;
  private readonly steps: HTMLElement;
  private row = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly app: App,
    private readonly sides: Sides,
    private readonly diff: readonly DiffLine[],
    private readonly program: Program,
  ) {
    const add = (parent: HTMLElement, name: string) => {
      const element = document.createElement('div');
      element.className = name;
      parent.append(element);
      return element;
    };
    this.belts = COLUMNS.map((column) => {
      const side = add(root, `compare-side ${column}`);
      const caption = add(side, 'compare-caption');
      const pane = add(side, 'lesson-belt');
      const link = sideLink();
      const ofSide: App = { ...app, model: sides[column].model, link, announce: () => {}, go: () => {} };
      return { column, caption, link, view: mountBelt(pane, ofSide) };
    });
    this.controls = add(root, 'compare-controls');
    this.steps = add(root, 'compare-steps');
  }

  show(): void {
    this.go(this.row);
    for (const { view } of this.belts) view.show();
  }

  hide(): void {
    for (const { view } of this.belts) view.hide();
  }

  key(event: KeyboardEvent): boolean {
    const to = {
      ArrowRight: this.row + 1,
      ArrowLeft: this.row - 1,
      Home: 0,
      End: this.sides.rows.length - 1,
    }[event.key];
    if (to === undefined || event.shiftKey) return false;
    this.go(to);
    return true;
  }

  /** Shows both runs after a row. */
  private go(row: number): void {
    const { sides, app } = this;
    this.row = Math.min(Math.max(row, 0), sides.rows.length - 1);
    for (const { column, link } of this.belts) {
      const step = this.stepOf(column);
      if (step && link.state.step !== step.step) link.set({ step: step.step });
    }
    this.root.dataset.row = String(this.row);
    this.draw();
    const { left, right } = sides.rows[this.row];
    const texts = [textOf(sides.left, left), textOf(sides.right, right)];
    const isSame = texts[0] === texts[1];
    const said = COLUMNS.flatMap((it, i) => (texts[i] ? [`${sides[it].name}: ${texts[i]}`] : []));
    const difference = this.row === sides.difference.row ? `${sides.difference.sentence} ` : '';
    app.announce(difference + (isSame ? texts[0] : said.join(' ')));
  }

  /** The last step of a run up to the row. */
  private stepOf(column: Column) {
    const { rows } = this.sides;
    const { steps } = this.sides[column];
    for (let i = this.row; i >= 0; i -= 1) {
      const at = rows[i][column];
      if (at !== undefined) return steps[at];
    }
    return steps[0];
  }

  private draw(): void {
    const { sides, row } = this;
    for (const { column, caption } of this.belts) render(<Caption side={sides[column]} />, caption);
    render(<Controls sides={sides} row={row} go={(to) => this.go(to)} />, this.controls);
    const current = { before: this.lineOf('left'), after: this.lineOf('right') };
    render(
      <Steps sides={sides} row={row} go={(to) => this.go(to)}>
        <Diff diff={this.diff} current={current} />
      </Steps>,
      this.steps,
    );
  }

  /** The line of the program at which a run is. */
  private lineOf(column: Column): number | undefined {
    const place = this.stepOf(column)?.place;
    const facts = place === undefined ? undefined : this.sides[column].model.run.places[place];
    return facts?.file.split('/').at(-1) === this.program.file ? facts.line : undefined;
  }
}

function Caption({ side: { name, health, outcome } }: { side: Side }) {
  return (
    <>
      <b>{name}</b>
      {health ? <span class={`compare-health ${/sick/.test(health) ? 'sick' : 'well'}`}>{health}</span> : null}
      <span>{outcome}</span>
    </>
  );
}

interface RowProps {
  readonly sides: Sides;
  readonly row: number;
  go(row: number): void;
}

function Controls({ sides: { rows, difference }, row, go }: RowProps) {
  const first = difference.row;
  const isThere = first === undefined || row >= first;
  return (
    <>
      <span class="compare-buttons">
        <Button icon="home" label="First step (Home)" onClick={() => go(0)} />
        <Button icon="previous" label="One step back (←)" onClick={() => go(row - 1)} />
        <Button icon="next" label="One step forward (→)" main onClick={() => go(row + 1)} />
        <Button icon="end" label="Last step (End)" onClick={() => go(rows.length - 1)} />
        <span class="compare-position">{`${row + 1} of ${rows.length}`}</span>
      </span>
      <p class="compare-difference">
        {isThere ? difference.sentence : 'Up to here both runs do the same.'}
      </p>
      {first === undefined || row === first ? null : (
        <button type="button" class="compare-jump" onClick={() => go(first)}>
          To the first difference
        </button>
      )}
    </>
  );
}

function Steps({ sides, row, go, children }: RowProps & { children: preact.ComponentChildren }) {
  const { rows, difference } = sides;
  const current = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => current.current?.scrollIntoView({ block: 'center' }), [row]);
  return (
    <>
      <div class="compare-diff" style={{ gridRow: `1 / span ${rows.length}` }}>
        {children}
      </div>
      {rows.flatMap((it, i) =>
        COLUMNS.map((column) => (
          <button
            key={`${column} ${i}`}
            type="button"
            ref={i === row ? current : undefined}
            class={classOf(it, column, i === row, i === difference.row)}
            style={{ gridRow: i + 1 }}
            tabIndex={-1}
            aria-current={i === row ? 'step' : undefined}
            onClick={() => go(i)}
          >
            {textOf(sides[column], it[column])}
          </button>
        )),
      )}
    </>
  );
}

function classOf(row: Row, column: Column, isCurrent: boolean, isFirst: boolean): string {
  const names = ['compare-step', column, row.kind];
  if (row[column] === undefined) names.push('none');
  if (isCurrent) names.push('current');
  if (isFirst) names.push('first');
  return names.join(' ');
}

/** What a run does in a step; nothing if it has none there. */
function textOf({ model, steps }: Side, at: number | undefined): string {
  return at === undefined ? '' : sentence(model.run, steps[at]);
}

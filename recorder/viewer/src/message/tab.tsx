/** The message tab: which message, and its journey. */

import { render } from 'preact';
import type { App, View } from '../app/app';
import { count, duration } from '../app/words';
import { messageOf as textOf } from '../data/source';
import { type Journey, journeyOf, type MessageId, messageOf, same } from './journey';
import { partsOf, totalsOf } from './parts';
import { slowest } from './slowest';
import { Story } from './story';

export class MessageTab implements View {
  private visible = false;
  private id: MessageId | undefined;
  private journey: Journey | undefined;
  private trouble: string | undefined;
  private loading = false;
  private request = 0;
  /** The selection that was looked at. */
  private step: number | undefined;
  private seen: MessageId | undefined;
  /** Values of `sourceOf`, by place. */
  private readonly lines = new Map<number, string | undefined>();

  constructor(
    private readonly root: HTMLElement,
    private readonly app: App,
  ) {
    root.classList.add('message');
    app.link.onChange(() => {
      if (this.visible) void this.follow();
    });
    app.model.onChange(() => {
      if (!this.visible) return;
      // A message that is on its way may have arrived.
      if (this.journey?.hops.some((it) => !it.received)) void this.load();
      else this.draw();
    });
  }

  show(): void {
    this.visible = true;
    void this.follow();
  }

  hide(): void {
    this.visible = false;
  }

  key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.altKey || event.metaKey) return false;
    if (event.key === 'ArrowRight') this.go(1);
    else if (event.key === 'ArrowLeft') this.go(-1);
    else return false;
    return true;
  }

  /** Shows the message that is selected, or that of the selected step. */
  private async follow(): Promise<void> {
    try {
      await this.followLink();
    } catch (error) {
      this.trouble = textOf(error);
      this.draw();
    }
  }

  private async followLink(): Promise<void> {
    const { model, link } = this.app;
    const { message, step } = link.state;
    let id: MessageId | undefined = message;
    // What the reader has selected last.
    const isMessageNew = message !== undefined && (!this.seen || !same(message, this.seen));
    const isStepNew = step !== undefined && step !== this.step;
    this.seen = message;
    this.step = step;
    if (isStepNew && !isMessageNew) id = messageOf(await model.event(step)) ?? message;
    const isNew = id ? !this.id || !same(id, this.id) : this.id === undefined;
    if (id && isNew) {
      this.select(id);
    } else if (!id && !this.id) {
      await this.selectFirst();
    } else {
      this.draw();
    }
  }

  /** The message that took longest is the most interesting one. */
  private async selectFirst(): Promise<void> {
    const { model } = this.app;
    const found = await slowest(model, undefined);
    if (this.id) return;
    if (found) this.select(found.id);
    else this.draw();
  }

  private select(id: MessageId): void {
    const { link } = this.app;
    this.id = id;
    const { message } = link.state;
    if (!message || !same(message, id)) link.set({ message: id });
    void this.load();
  }

  private go(by: number): void {
    if (this.id) this.select({ ...this.id, number: Math.max(1, this.id.number + by) });
  }

  private async load(): Promise<void> {
    const { id } = this;
    if (!id) return;
    this.request += 1;
    const { request } = this;
    this.loading = true;
    this.trouble = undefined;
    this.draw();
    try {
      const near = this.app.link.state.step;
      const journey = await journeyOf(this.app.model, id, near);
      if (request !== this.request) return;
      this.journey = journey;
      this.app.announce(this.summary(id, journey));
    } catch (error) {
      if (request !== this.request) return;
      this.journey = undefined;
      this.trouble = textOf(error);
    }
    this.loading = false;
    this.draw();
  }

  private summary({ channel, number }: MessageId, journey: Journey): string {
    const { run, index } = this.app.model;
    const totals = totalsOf(partsOf(journey, () => index.until));
    const times = `${duration(totals.queue)} in queues, ${duration(totals.work)} with threads`;
    return `Message ${count(number)} of ${run.channels[channel]?.label ?? ''}: ${times}.`;
  }

  /** The source line of a place, without its indent. */
  private lineOf(place: number): string | undefined {
    if (!this.lines.has(place)) {
      this.lines.set(place, undefined);
      const { model } = this.app;
      const { line } = model.run.places[place];
      model.sourceOf(place).then(
        (source) => {
          const text = source?.lines[line - source.first]?.trim();
          if (!text) return;
          this.lines.set(place, text);
          this.draw();
        },
        () => undefined,
      );
    }
    return this.lines.get(place);
  }

  private draw(): void {
    if (!this.visible) return;
    const { app, id, journey } = this;
    const fits = journey && id && same(journey.hops[journey.selected], id);
    render(
      <>
        <Picker
          app={app}
          id={id}
          onSelect={(message) => this.select(message)}
          onSlowest={async () => {
            const found = await slowest(app.model, id?.channel);
            if (found) this.select(found.id);
          }}
        />
        {this.trouble ? <p class="message-note">{this.trouble}</p> : null}
        {!id && !this.loading && !this.trouble ? (
          <p class="message-note">This run has no messages{app.model.index.done ? '' : ' yet'}.</p>
        ) : null}
        {fits ? (
          <Story
            app={app}
            journey={journey}
            lineOf={(place) => this.lineOf(place)}
            onSelect={(message) => this.select(message)}
          />
        ) : null}
      </>,
      this.root,
    );
  }
}

function Picker({
  app,
  id,
  onSelect,
  onSlowest,
}: {
  app: App;
  id: MessageId | undefined;
  onSelect(id: MessageId): void;
  onSlowest(): void;
}) {
  const { run } = app.model;
  const channel = id?.channel ?? run.channelOrder[0] ?? 0;
  const number = id?.number ?? 1;
  const sent = app.model.report?.report.channels[channel]?.sent;
  const last = app.model.index.done && sent !== undefined ? sent : Number.POSITIVE_INFINITY;
  return (
    <div class="message-picker" role="group" aria-label="Message">
      <label>
        <span>Channel</span>
        <select
          value={String(channel)}
          onChange={(event) => onSelect({ channel: Number(event.currentTarget.value), number: 1 })}
        >
          {run.channelOrder.map((it) => (
            <option key={it} value={String(it)}>
              {run.channels[it].label}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Message</span>
        <input
          type="number"
          min={1}
          step={1}
          value={number}
          onChange={(event) => {
            const wanted = Math.floor(Number(event.currentTarget.value));
            if (wanted >= 1) onSelect({ channel, number: wanted });
          }}
        />
      </label>
      <button
        type="button"
        disabled={number <= 1}
        aria-label={`Message ${count(number - 1)} (←)`}
        title="The message before (←)"
        onClick={() => onSelect({ channel, number: number - 1 })}
      >
        ◂
      </button>
      <button
        type="button"
        disabled={number >= last}
        aria-label={`Message ${count(number + 1)} (→)`}
        title="The next message (→)"
        onClick={() => onSelect({ channel, number: number + 1 })}
      >
        ▸
      </button>
      {Number.isFinite(last) ? <span class="message-of">of {count(last)}</span> : null}
      <button type="button" onClick={onSlowest} title="The message of this channel that took longest">
        Slowest
      </button>
    </div>
  );
}

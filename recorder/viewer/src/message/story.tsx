/** A journey, drawn: its totals, its bar of time, and its events one below the other. */

import type { App } from '../app/app';
import { count, duration, threadName } from '../app/words';
import type { EventView } from '../data/event';
import { type Hop, type Journey, type MessageId, same } from './journey';
import { type Part, partsOf, totalsOf } from './parts';

interface StoryProps {
  app: App;
  journey: Journey;
  lineOf(place: number): string | undefined;
  onSelect(id: MessageId): void;
}

const KINDS = {
  queue: 'in a queue',
  work: 'with a thread',
  send: 'waiting to be sent',
} as const;

export function Story({ app, journey, lineOf, onSelect }: StoryProps) {
  const { run, index } = app.model;
  const goneAt = (hop: Hop) => app.model.report?.report.channels[hop.channel]?.receiver_gone_at_ns;
  const parts = partsOf(journey, (hop) => goneAt(hop) ?? index.until);
  const totals = totalsOf(parts);
  const own = journey.hops[journey.selected];
  const label = run.channels[own.channel]?.label ?? '';
  const steps = storyOf(journey, parts);
  const isNowhere = !own.sent && !own.received;
  const hasQueue = journey.hops.some(({ channel }) => run.channels[channel]?.bound !== 0);
  return (
    <div class="message-story" data-message={`${own.channel}:${own.number}`}>
      <h2>
        <Parcel hop={own} selected={true} />
        <span>
          message {count(own.number)} of {label}
        </span>
      </h2>
      {isNowhere ? (
        <p class="message-note">
          {index.done ? 'No event of this message is recorded.' : 'This message has not been sent yet.'}
        </p>
      ) : (
        <>
          <p class="message-totals">
            {(['queue', 'work', 'send'] as const)
              .filter((kind) => (kind === 'queue' ? hasQueue : totals[kind] > 0))
              .map((kind) => (
                <span key={kind} class="message-total" data-kind={kind} data-ns={totals[kind]}>
                  <i class={`message-swatch ${kind}`} />
                  <b>{duration(totals[kind])}</b> {KINDS[kind]}
                  <small>{share(totals[kind], totals.all)}</small>
                </span>
              ))}
          </p>
          <Bar app={app} parts={parts} journey={journey} total={totals.all} onSelect={onSelect} />
          <ol class="message-steps">
            {journey.cutBefore ? <li class="message-cut">Earlier messages led to this one.</li> : null}
            {steps.map((step) =>
              step.part ? (
                <Span key={step.key} run={run} part={step.part} hop={step.hop} total={totals.all} />
              ) : (
                <Event
                  key={step.key}
                  app={app}
                  hop={step.hop}
                  event={step.event}
                  follows={step.follows}
                  isOwn={same(step.hop, own)}
                  lineOf={lineOf}
                  onSelect={onSelect}
                />
              ),
            )}
            {journey.cutAfter ? <li class="message-cut">Later messages follow from it.</li> : null}
          </ol>
        </>
      )}
    </div>
  );
}

function share(ns: number, all: number): string {
  return all > 0 ? ` ${Math.round((ns / all) * 100)}%` : '';
}

interface Step {
  key: string;
  hop: Hop;
  part?: Part;
  event?: EventView;
  /** The message that is shown next. */
  follows?: Hop;
}

/** Events and the parts between them, in the order of time. */
function storyOf(journey: Journey, parts: readonly Part[]): Step[] {
  const steps: Step[] = [];
  journey.hops.forEach((hop, i) => {
    const own = parts.filter((it) => it.hop === i);
    const before = own.filter((it) => it.kind !== 'queue');
    const queue = own.find((it) => it.kind === 'queue');
    for (const part of before) steps.push({ key: `${i} ${part.kind}`, hop, part });
    steps.push({ key: `${i} sent`, hop, event: hop.sent });
    if (queue) steps.push({ key: `${i} queue`, hop, part: queue });
    if (hop.received || hop.sent) {
      steps.push({ key: `${i} received`, hop, event: hop.received, follows: journey.hops[i + 1] });
    }
  });
  // The send of the first message may not be recorded.
  return steps.filter((it) => it.part || it.event || it.key.endsWith('received'));
}

function Parcel({ hop, selected }: { hop: Hop; selected?: boolean }) {
  const text = hop.value ?? `#${hop.number}`;
  return (
    <span class={`message-parcel${selected ? ' selected' : ''}`} title={text}>
      {text}
    </span>
  );
}

function Bar({
  app,
  parts,
  journey,
  total,
  onSelect,
}: {
  app: App;
  parts: readonly Part[];
  journey: Journey;
  total: number;
  onSelect(id: MessageId): void;
}) {
  const { run } = app.model;
  return (
    <div class="message-bar" role="group" aria-label="Time of the journey">
      {parts.map((part, i) => {
        const hop = journey.hops[part.hop];
        const words = partText(run, part, hop);
        return (
          <button
            key={i}
            type="button"
            class={`message-part ${part.kind}${part.hop === journey.selected ? ' own' : ''}`}
            title={words}
            aria-label={words}
            onClick={() => onSelect({ channel: hop.channel, number: hop.number })}
            ref={(element) => {
              const length = part.end - part.begin;
              if (element) element.style.flexGrow = String(total > 0 ? length / total : 1);
            }}
          >
            <span>{duration(part.end - part.begin)}</span>
            <span class="message-part-of"> {partOf(run, part, hop)}</span>
          </button>
        );
      })}
    </div>
  );
}

/** Where a message is in a part, in few words. */
function partOf(run: App['model']['run'], part: Part, hop: Hop): string {
  if (part.kind === 'queue') return `in ${run.channels[hop.channel]?.label ?? ''}`;
  const sender = hop.sent ? threadName(run, hop.sent.thread) : '';
  return part.kind === 'send' ? `${sender} waits` : `with ${sender}`;
}

function partText(run: App['model']['run'], part: Part, hop: Hop): string {
  const length = duration(part.end - part.begin);
  const label = run.channels[hop.channel]?.label ?? '';
  const isRendezvous = run.channels[hop.channel]?.bound === 0;
  if (part.kind === 'queue') {
    return isRendezvous ? `handed over in ${length}` : `${length} in the queue of ${label}`;
  }
  const sender = hop.sent ? threadName(run, hop.sent.thread) : '';
  if (part.kind === 'send') {
    return `${length}: ${sender} waits for ${isRendezvous ? 'a receiver of' : 'room in'} ${label}`;
  }
  return `${length} with ${sender}, until it sends the next message`;
}

function Span({
  run,
  part,
  hop,
  total,
}: {
  run: App['model']['run'];
  part: Part;
  hop: Hop;
  total: number;
}) {
  const lost = part.kind === 'queue' && !hop.received;
  return (
    <li
      class={`message-span ${part.kind}${lost ? ' lost' : ''}`}
      data-kind={part.kind}
      data-ns={part.end - part.begin}
      ref={(element) => {
        const length = total > 0 ? (part.end - part.begin) / total : 0;
        element?.style.setProperty('--share', String(length));
      }}
    >
      <span>{partText(run, part, hop)}</span>
    </li>
  );
}

function Event({
  app,
  hop,
  event,
  follows,
  isOwn,
  lineOf,
  onSelect,
}: {
  app: App;
  hop: Hop;
  event: EventView | undefined;
  follows: Hop | undefined;
  isOwn: boolean;
  lineOf(place: number): string | undefined;
  onSelect(id: MessageId): void;
}) {
  const { run, index } = app.model;
  const label = run.channels[hop.channel]?.label ?? '';
  if (!event) {
    const gone = app.model.report?.report.channels[hop.channel]?.receiver_gone_at_ns;
    const text =
      typeof gone === 'number'
        ? `It is lost: ${label} has had no receiver since ${duration(gone)}.`
        : index.done
          ? `It is still in the queue of ${label} when the run ends.`
          : `It is in the queue of ${label}.`;
    return (
      <li class="message-event never">
        <p>{text}</p>
      </li>
    );
  }
  const isSend = event.kind.send;
  const show = (tab: 'timeline' | 'belt') => {
    app.select(event.step);
    app.go(tab);
  };
  const others = isSend ? [] : hop.caused.filter((it) => !follows || !same(it, follows));
  const place = event.place === undefined ? undefined : run.places[event.place];
  return (
    <li class={`message-event${isOwn ? ' own' : ''}`} data-step={event.step}>
      <p>
        <time>{duration(event.time)}</time>
        <b>{threadName(run, event.thread)}</b> {isSend ? 'sends' : 'receives'} <Parcel hop={hop} />{' '}
        {isSend ? 'to' : 'from'} <b>{label}</b>
        {isOwn ? null : (
          <button
            type="button"
            class="message-own"
            title="The journey of this message"
            onClick={() => onSelect({ channel: hop.channel, number: hop.number })}
          >
            #{count(hop.number)}
          </button>
        )}
      </p>
      <p class="message-where">
        {place ? <span title={place.text}>{place.text}</span> : null}
        {event.place === undefined ? null : <code>{lineOf(event.place) ?? ''}</code>}
        <span class="message-links">
          <button type="button" onClick={() => show('timeline')}>
            timeline
          </button>
          <button type="button" onClick={() => show('belt')}>
            belt
          </button>
        </span>
      </p>
      {others.length > 0 ? (
        <p class="message-others">
          {follows ? 'It also causes ' : 'It causes '}
          {others.map((it, i) => (
            <span key={i}>
              {i > 0 ? ', ' : ''}
              <button type="button" onClick={() => onSelect(it)}>
                {`${run.channels[it.channel]?.label ?? ''}#${count(it.number)}`}
              </button>
            </span>
          ))}
          {hop.more > 0 ? ` and ${count(hop.more)} more` : ''}
          {Number.isNaN(hop.more) ? ' and perhaps others' : ''}.
        </p>
      ) : null}
      {!isSend && hop.caused.length === 0 ? (
        <p class="message-others">No message follows from it.</p>
      ) : null}
    </li>
  );
}

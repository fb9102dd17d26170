/** The panel with everything about the selected step, and its source lines. */

import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useState } from 'preact/hooks';
import { TargetType } from '../data/chunk';
import type { EventView } from '../data/event';
import type { App } from './app';
import { messageOf } from '../data/source';
import { SourceCode } from './source-code';
import { count, duration, eventName, sentence, targetLabel, threadName } from './words';

/** Steps that the selected one is connected with. */
interface Related {
  readonly cause?: number;
  /** The receive of the message that led to a send. */
  readonly follows?: number;
  readonly sent?: number;
  readonly received?: number;
}

export function Details({ app }: { app: App }) {
  const [, changed] = useReducer((n: number) => n + 1, 0);
  const [event, setEvent] = useState<EventView>();
  const [related, setRelated] = useState<Related>({});
  const [problem, setProblem] = useState<string>();
  useLayoutEffect(() => app.link.onChange(() => changed(undefined)), []);
  const { step, tab } = app.link.state;
  // The other tabs show their steps themselves.
  const isShown = step !== undefined && tab === 'timeline';

  useEffect(() => {
    if (!isShown || event?.step === step) return;
    let isCurrent = true;
    const load = async () => {
      const loaded = await app.model.event(step);
      if (!isCurrent) return;
      setProblem(undefined);
      setEvent(loaded);
      setRelated({});
      app.announce(sentence(app.model.run, loaded));
      const found = await relatedOf(app, loaded);
      if (isCurrent) setRelated(found);
    };
    load().catch((error) => isCurrent && setProblem(messageOf(error)));
    return () => {
      isCurrent = false;
    };
  }, [step, isShown]);

  if (!isShown) return null;
  return (
    <aside
      class="details"
      aria-label="The selected step"
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        app.focus();
      }}
    >
      <header>
        <h2>{event ? eventName(app.model.run, event) : 'Step'}</h2>
        <button
          type="button"
          class="plain"
          aria-label="Close"
          title="Close (Esc)"
          onClick={() => app.select(null)}
        >
          ×
        </button>
      </header>
      {problem ? <p class="problem">{problem}</p> : null}
      {event ? <Step app={app} event={event} related={related} /> : null}
    </aside>
  );
}

async function relatedOf({ model }: App, event: EventView): Promise<Related> {
  const cause = event.from ? await model.find(event.from.thread, event.from.time) : undefined;
  const follows =
    event.cause === undefined ? undefined : await model.find(event.thread, event.cause);
  const { message, target } = event;
  if (message === undefined || target?.type !== TargetType.channel) return { cause, follows };
  return { cause, follows, ...(await model.message(target.index, message, event.step)) };
}

interface StepProps {
  readonly app: App;
  readonly event: EventView;
  readonly related: Related;
}

function Step({ app, event, related }: StepProps) {
  const { run } = app.model;
  const place = event.place === undefined ? undefined : run.places[event.place];
  return (
    <>
      <p class="sentence">{sentence(run, event)}</p>
      <Leads app={app} event={event} related={related} />
      <dl class="facts">
        <Facts app={app} event={event} related={related} />
      </dl>
      {event.text !== undefined ? (
        <section>
          <h3>{event.message !== undefined ? 'Value' : 'Text'}</h3>
          <pre class="value" tabIndex={0}>
            {event.text}
          </pre>
        </section>
      ) : null}
      {event.place !== undefined && place ? (
        <section>
          <h3>{place.text}</h3>
          {place.call ? <p class="hint">{place.call}</p> : null}
          <SourceCode key={event.place} model={app.model} place={event.place} />
        </section>
      ) : null}
    </>
  );
}

function Leads({ app, event, related }: StepProps) {
  const { message, target } = event;
  const to = (step: number | undefined, text: string) =>
    step === undefined || step === event.step ? null : (
      <button type="button" onClick={() => app.select(step)}>
        {text}
      </button>
    );
  const isMessage = message !== undefined && target?.type === TargetType.channel;
  return (
    <div class="leads">
      {isMessage ? to(related.sent, '← its send') : to(related.cause, '← its cause')}
      {to(related.follows, '← what it follows from')}
      {to(related.received, 'its receive →')}
      {isMessage ? (
        <button
          type="button"
          onClick={() =>
            app.link.set({ tab: 'message', message: { channel: target.index, number: message } }, true)
          }
        >
          Follow message {count(message)}
        </button>
      ) : null}
      <button type="button" onClick={() => app.go('belt')}>
        On the belt
      </button>
    </div>
  );
}

function Facts({ app, event, related }: StepProps) {
  const { run } = app.model;
  const { target, kind } = event;
  const channel = target?.type === TargetType.channel ? run.channels[target.index] : undefined;
  const primitive = target?.type === TargetType.primitive ? run.primitives[target.index] : undefined;
  const thread = run.threads[event.thread];
  const endpoint = event.endpoint === undefined ? undefined : run.endpoints[event.endpoint];
  const process = run.processes[thread?.process ?? 0];
  return (
    <>
      <Fact name="Thread">{threadName(run, event.thread)}</Fact>
      {run.processes.length > 1 && process ? <Fact name="Process">{process.name}</Fact> : null}
      <Fact name="Time">
        {duration(event.time)} <span class="exact">{count(event.time)} ns</span>
      </Fact>
      {event.duration ? <Fact name="Took">{duration(event.duration)}</Fact> : null}
      {event.duration === undefined && kind.group !== 'waitBegan' ? (
        <Fact name="Took">its end is not recorded</Fact>
      ) : null}
      {kind.method ? <Fact name="Method">{kind.method}</Fact> : null}
      {channel ? (
        <Fact name="Channel">
          {channel.label} <span class="exact">{channel.type}</span>, {boundText(channel.bound)}
        </Fact>
      ) : null}
      {primitive ? (
        <Fact name="Lock">
          {primitive.label} <span class="exact">{primitive.kind}</span>
        </Fact>
      ) : null}
      {target?.type === TargetType.thread ? <Fact name="Target">{targetLabel(run, target)}</Fact> : null}
      {endpoint?.name ? <Fact name={endpoint.side === 'sender' ? 'Sender' : 'Receiver'}>{endpoint.name}</Fact> : null}
      {event.message !== undefined ? <Fact name="Message">{count(event.message)}</Fact> : null}
      {event.from ? <Fact name={kind.receive ? 'Sent by' : 'Led to by'}>
        {threadName(run, event.from.thread)}, {duration(event.time - event.from.time)} before
      </Fact> : null}
      {event.latency !== undefined ? (
        <Fact name="Latency">{duration(event.latency)}, from the start of the send</Fact>
      ) : null}
      {event.waited !== undefined && kind.group !== 'wait' ? <Fact name="Waited">{duration(event.waited)}</Fact> : null}
      {event.timeout !== undefined ? <Fact name={kind.call === 'sleep' ? 'Sleeps for' : 'Timeout'}>{duration(event.timeout)}</Fact> : null}
      {event.depth !== undefined ? <Fact name="Queue after it">{depthText(event.depth, channel?.bound)}</Fact> : null}
      {event.cause !== undefined ? (
        <Fact name="Follows from">the message received {duration(event.time - event.cause)} before</Fact>
      ) : null}
      {kind.send && event.message !== undefined && related.sent !== undefined && related.received === undefined ? (
        <Fact name="Received">not found: never, or much later</Fact>
      ) : null}
      <Fact name="Step">{count(event.step)}</Fact>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function boundText(bound: number | null): string {
  if (bound === null) return 'unbounded';
  return bound === 0 ? 'a rendezvous' : `bound ${count(bound)}`;
}

function depthText(depth: number, bound: number | null | undefined): string {
  return bound ? `${count(depth)} of ${count(bound)}` : count(depth);
}

/** A finding in words, with its picture and its source lines. */

import { useMemo, useState } from 'preact/hooks';
import { duration, threadName } from '../app/words';
import type { Model } from '../data/model';
import type { Finding, ReportData, Severity } from '../data/run';
import { Excerpt } from './excerpt';
import { Graph } from './graph';
import type { Leads } from './leads';
import { pictureOf } from './picture';
import { Prose, type ProseContext } from './prose';
import { shortPlace } from './text';

/** Codes of findings about waits, which have a picture. */
const PICTURED: readonly string[] = ['deadlock', 'forgotten-sender', 'unfinished'];
/** Number of places whose lines are shown at once. */
const MAX_EXCERPTS = 2;
/** Number of threads, channels and locks that are listed. */
const MAX_CHIPS = 10;
/** Number of events that are listed. */
const MAX_EVENTS = 8;

interface FindingProps {
  model: Model;
  report: ReportData;
  finding: Finding;
  number: number;
  leads: Leads;
  isOpen: boolean;
  isSelected: boolean;
  onToggle(): void;
}

export function FindingCard(props: FindingProps) {
  const { finding, number, leads, isOpen, isSelected, onToggle } = props;
  const { severity, code } = finding;
  const body = `why-body-${number}`;
  return (
    <article
      id={`why-finding-${number}`}
      class={`why-finding why-${severity}${isSelected ? ' why-selected' : ''}`}
      aria-label={`${severity}: ${code}`}
    >
      <header>
        <button
          type="button"
          class="why-heading"
          data-finding={number}
          aria-expanded={isOpen}
          aria-controls={body}
          onClick={onToggle}
        >
          <SeverityIcon severity={severity} />
          <span class="why-severity">{severity}</span>
          <span class="why-code">{code}</span>
          <span class="why-muted">
            {finding.certain ? 'certain' : finding.certainIf ? 'likely' : 'possible'}
          </span>
          {!isOpen && <span class="why-brief">{finding.what}</span>}
          <span class="why-chevron" aria-hidden="true" />
        </button>
        <button
          type="button"
          class="why-lead"
          aria-label={`Show in timeline: ${code}`}
          onClick={() => leads.toFinding(finding, number)}
        >
          Show in timeline
        </button>
      </header>
      {isOpen && (
        <div id={body} class="why-body">
          <Body {...props} />
        </div>
      )}
    </article>
  );
}

function Body({ model, report, finding, leads }: FindingProps) {
  const { run } = model;
  const [place, setPlace] = useState<number>();
  const places = useMemo(() => new Map(run.places.map((it, i) => [it.text, i])), [run]);
  const picture = useMemo(
    () =>
      finding.hang || PICTURED.includes(finding.code) ? pictureOf(run, report, finding) : undefined,
    [run, report, finding],
  );
  const context: ProseContext = { run, leads, places, openPlace: setPlace };
  const shown = excerpts(finding, report, place);
  return (
    <>
      <div class={picture ? 'why-columns' : undefined}>
        <div class="why-words">
          <p class="why-what">
            <Prose text={finding.what} {...{ finding, context }} />
          </p>
          {finding.chain.length > 0 && (
            <ul class="why-chain">
              {finding.chain.map((step) => (
                <li>
                  <Prose text={step} {...{ finding, context }} />
                </li>
              ))}
            </ul>
          )}
          <p class="why-muted">
            {finding.certain ? (
              'Certain: it follows from the recorded events.'
            ) : finding.certainIf ? (
              <>
                {'Likely. '}
                <Prose text={`Certain if ${finding.certainIf}.`} {...{ finding, context }} />
              </>
            ) : (
              'Possible: it did not happen, but could in another order.'
            )}
          </p>
          <dl class="why-notes">
            {finding.advice && (
              <div class="why-advice">
                <dt>What helps</dt>
                <dd>
                  <Prose text={finding.advice} {...{ finding, context }} />
                </dd>
              </div>
            )}
            {finding.why && (
              <div>
                <dt>Why it matters</dt>
                <dd>
                  <Prose text={finding.why} {...{ finding, context }} />
                </dd>
              </div>
            )}
          </dl>
          <Involved {...{ model, finding, leads }} />
        </div>
        {picture && (
          <div class="why-picture">
            <Graph {...{ run, picture, leads, openPlace: setPlace }} />
            {picture.others.length > 0 && (
              <p class="why-muted">
                {`Other threads: ${picture.others
                  .map((node) => `${threadName(run, node.thread)} ${node.text}`)
                  .join('; ')}.`}
              </p>
            )}
          </div>
        )}
      </div>
      {shown.length > 0 && (
        <div class="why-sources">
          {shown.map((it) => (
            <Excerpt key={it} model={model} place={it} isAsked={it === place} />
          ))}
        </div>
      )}
      <Events {...{ model, finding, leads, openPlace: setPlace }} />
    </>
  );
}

/** The places whose lines are shown: one that was asked for, and the first of the finding. */
function excerpts(finding: Finding, { graph }: ReportData, asked: number | undefined): number[] {
  const sender = graph.edges.find(
    (edge) => edge.ring && edge.place !== undefined && finding.threads.includes(edge.from),
  );
  const events = finding.evidence.map((it) => it.place);
  const all = [asked, finding.place, sender?.place, ...events];
  const known = all.filter((it) => it !== undefined);
  return [...new Set(known)].slice(0, MAX_EXCERPTS);
}

/** The threads, channels and locks of a finding. */
function Involved({ model, finding, leads }: Pick<FindingProps, 'model' | 'finding' | 'leads'>) {
  const { run } = model;
  const chips = [
    ...finding.threads.map((it) => [threadName(run, it), `t${it}`, 'thread'] as const),
    ...finding.channels.map((it) => [run.channels[it]?.label ?? '', `c${it}`, 'channel'] as const),
    ...finding.primitives.map(
      (it) => [run.primitives[it]?.label ?? '', `p${it}`, run.primitives[it]?.kind ?? ''] as const,
    ),
  ];
  if (chips.length === 0) return null;
  const shown = chips.length > MAX_CHIPS ? chips.slice(0, MAX_CHIPS - 1) : chips;
  return (
    <ul class="why-chips" aria-label="Threads, channels and locks of this finding">
      {shown.map(([label, lane, kind]) => (
        <li key={lane}>
          <button
            type="button"
            class="why-chip"
            title={`Show ${label} on the timeline`}
            onClick={() => leads.toLanes(lane)}
          >
            <span class="why-chip-kind">{kind}</span> {label}
          </button>
        </li>
      ))}
      {shown.length < chips.length && <li class="why-muted">and {chips.length - shown.length} more</li>}
    </ul>
  );
}

interface EventsProps extends Pick<FindingProps, 'model' | 'finding' | 'leads'> {
  openPlace(place: number): void;
}

/** The events that show a finding. */
function Events({ model, finding, leads, openPlace }: EventsProps) {
  const [isLong, setLong] = useState(false);
  if (finding.evidence.length === 0) return null;
  const { run } = model;
  const events = [...finding.evidence].sort((a, b) => a.time - b.time);
  const shown = isLong ? events : events.slice(0, MAX_EVENTS);
  return (
    <div class="why-events">
      <h4>Events that show it</h4>
      <ol>
        {shown.map(({ time, thread, what, place }) => (
          <li>
            <button
              type="button"
              class="why-time"
              title="Show this event on the timeline"
              onClick={() => void leads.toTime(thread, time)}
            >
              {duration(time)}
            </button>
            <span>
              <b>{threadName(run, thread)}</b> {what}
            </span>
            <span>
              {place !== undefined && run.places[place] && (
                <button type="button" class="why-name why-name-place" onClick={() => openPlace(place)}>
                  {shortPlace(run.places[place].text, 40)}
                </button>
              )}
            </span>
          </li>
        ))}
      </ol>
      {events.length > shown.length && (
        <button type="button" class="why-more" onClick={() => setLong(true)}>
          Show {events.length - shown.length} more
        </button>
      )}
    </div>
  );
}

/** Each severity has a shape of its own. */
function SeverityIcon({ severity }: { severity: Severity }) {
  return (
    <svg class="why-icon" viewBox="0 0 16 16" aria-hidden="true">
      {severity === 'error' && (
        <>
          <path d="M 5 1 H 11 L 15 5 V 11 L 11 15 H 5 L 1 11 V 5 Z" class="why-icon-shape" />
          <path d="M 5.2 5.2 L 10.8 10.8 M 10.8 5.2 L 5.2 10.8" class="why-icon-mark" />
        </>
      )}
      {severity === 'warning' && (
        <>
          <path d="M 8 1.2 L 15.2 14.6 H 0.8 Z" class="why-icon-shape" />
          <path d="M 8 5.6 V 10 M 8 12 V 12.6" class="why-icon-mark" />
        </>
      )}
      {severity === 'note' && (
        <>
          <circle cx="8" cy="8" r="7" class="why-icon-shape" />
          <path d="M 8 7 V 12 M 8 3.8 V 4.6" class="why-icon-mark" />
        </>
      )}
    </svg>
  );
}

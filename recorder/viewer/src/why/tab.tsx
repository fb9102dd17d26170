/** What the Why tab shows. */

import { count, counted, duration, threadName } from '../app/words';
import type { Model } from '../data/model';
import type { ReportData, ReportThread, Run } from '../data/run';
import { FindingCard } from './finding';
import type { Leads } from './leads';
import { CriticalPath } from './path-strip';
import { Tables } from './tables';
import { percent } from './text';

/** Up to this number of findings all are open at first. */
const MAX_OPEN = 1;

interface TabProps {
  model: Model;
  leads: Leads;
  selected: number | undefined;
  toggled: ReadonlyMap<number, boolean>;
  toggle(number: number, isOpen: boolean): void;
}

export function WhyTab(props: TabProps) {
  const { model, leads } = props;
  const { run, report } = model;
  if (!report) return <Analysing model={model} />;
  const hangs = report.findings.some((finding) => finding.hang);
  return (
    <div class="why-page">
      <Status model={model} report={report} />
      <section class="why-findings" aria-labelledby="why-title">
        <h2 id="why-title">{summary(report)}</h2>
        {report.findings.length === 0 && <Nothing {...{ run, report, leads }} />}
        {report.findings.map((finding, number) => {
          const isOpen = props.toggled.get(number) ?? (number < MAX_OPEN || number === props.selected);
          return (
            <FindingCard
              key={number}
              {...{ model, report, finding, number, leads, isOpen }}
              isSelected={number === props.selected}
              onToggle={() => props.toggle(number, isOpen)}
            />
          );
        })}
      </section>
      {!hangs && <CriticalPath {...{ run, report, leads }} />}
      <Tables {...{ run, report, leads }} />
    </div>
  );
}

/** `1 error, 2 notes` */
function summary({ findings, report }: ReportData): string {
  if (findings.length === 0) {
    const { duration_ns, threads, channels } = report;
    const size = `${counted(threads.length, 'thread')}, ${counted(channels.length, 'channel')}`;
    return `No findings in ${duration(duration_ns)}: ${size}`;
  }
  const parts = (['error', 'warning', 'note'] as const).flatMap((severity) => {
    const n = findings.filter((it) => it.severity === severity).length;
    return n > 0 ? [counted(n, severity)] : [];
  });
  return parts.join(', ');
}

function Analysing({ model: { run, index } }: Pick<TabProps, 'model'>) {
  const progress = index.done || index.end === 0 ? '' : ` ${percent(index.until, index.end)} read.`;
  return (
    <div class="why-page">
      <p class="why-status" role="status">
        <b>Analysing…</b>
        {progress}
      </p>
      <p>
        {`So far: ${counted(run.threads.length, 'thread')}, ${counted(run.channels.length, 'channel')} and ` +
          `${counted(index.steps, 'event')} in ${duration(index.until)}.`}
      </p>
    </div>
  );
}

/** From when the report is, if the run goes on; and what the recording lacks. */
function Status({ model, report: { report } }: { model: Model; report: ReportData }) {
  const { index } = model;
  const lacks: string[] = [];
  if (report.dropped > 0) lacks.push(`${counted(report.dropped, 'event')} could not be recorded`);
  if (report.damage?.length) lacks.push('parts of the recording are damaged');
  if (report.complete_from_ns > 0) {
    lacks.push(`the recording is complete from ${duration(report.complete_from_ns)} on`);
  }
  if (report.incomplete && lacks.length === 0) lacks.push('events are missing');
  const isLive = index.live && !index.done;
  if (!isLive && lacks.length === 0) return null;
  return (
    <div class="why-status">
      {isLive && (
        <p role="status">
          <b>As of {duration(report.duration_ns)}.</b> The program still runs; this will change.
        </p>
      )}
      {lacks.length > 0 && <p>{`Note: ${lacks.join('; ')}.`}</p>}
    </div>
  );
}

interface NothingProps {
  run: Run;
  report: ReportData;
  leads: Leads;
}

/** A run without findings: what its threads waited for most. */
function Nothing({ run, report, leads }: NothingProps) {
  const waits = report.report.threads.flatMap((thread, index) =>
    thread.waits.map((wait) => ({ index, wait, life: thread.life_ns })),
  );
  const longest = waits.sort((a, b) => b.wait.time_ns - a.wait.time_ns).slice(0, 3);
  return (
    <div class="why-nothing">
      <p class="why-what">Nothing hangs, no message is lost, and no rule found anything else.</p>
      {longest.length > 0 && (
        <>
          <h3>The longest waits</h3>
          <ul class="why-chain">
            {longest.map(({ index, wait, life }) => (
              <li>
                <button
                  type="button"
                  class="why-name why-name-thread"
                  title="Show its lane on the timeline"
                  onClick={() => leads.toThread(index)}
                >
                  {threadName(run, index)}
                </button>
                {` ${inWords(run, wait)}, ${percent(wait.time_ns, life)} of its life` +
                  (wait.count > 1 ? `, ${count(wait.count)} times` : '')}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** `waited 20 ms in recv on "jobs"` */
function inWords(run: Run, { in: call, on, time_ns }: ReportThread['waits'][number]): string {
  const time = duration(time_ns);
  if (call === 'sleep') return `slept ${time}`;
  if (on === undefined) return `waited ${time} in ${call}`;
  const isThread = run.threads.some(({ name }) => name === on) && call === 'join';
  return `waited ${time} in ${call} ${isThread ? `of ${on}` : `on ${JSON.stringify(on)}`}`;
}

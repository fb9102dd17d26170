/** What the header says about a run. */

import type { Model } from '../data/model';
import { counted, duration } from './words';

export interface Status {
  /** `live`, `reading`, `complete`, `incomplete` or `damaged`. */
  readonly name: string;
  readonly text: string;
}

/** Whether the run goes on, and whether it is whole. */
export function statusOf(model: Model): Status {
  const { run, index } = model;
  if (run.damage.length > 0) return { name: 'damaged', text: 'Damaged' };
  if (model.trouble && !index.done) return { name: 'incomplete', text: 'Disconnected' };
  if (index.live && !index.done) return { name: 'live', text: 'Live' };
  if (!index.done) return { name: 'reading', text: 'Reading' };
  if (run.incomplete || run.dropped > 0) return { name: 'incomplete', text: 'Incomplete' };
  return { name: 'complete', text: 'Complete' };
}

/** Everything that the reader must know before trusting the page, a sentence each. */
export function warningsOf(model: Model): string[] {
  const { run, index } = model;
  const warnings: string[] = [];
  if (model.trouble) warnings.push(`${model.trouble} The page shows the data that it could load.`);
  for (const damage of run.damage) {
    warnings.push(`A part of the recording is damaged and missing: ${damage.replace(/\.$/, '')}.`);
  }
  if (run.dropped > 0) {
    const were = run.dropped === 1 ? 'was' : 'were';
    warnings.push(
      `${counted(run.dropped, 'event')} could not be recorded and ${were} dropped. Counts and waits are too low.`,
    );
  } else if (run.incomplete) {
    warnings.push('The recording is incomplete: some events are missing.');
  }
  if (run.completeFrom > 0) {
    warnings.push(
      `All events are there only from ${duration(run.completeFrom)} on. Those before were discarded.`,
    );
  }
  const { first, chunks } = index;
  if (first > 0 && chunks.length > 0) {
    warnings.push(`Events before ${duration(chunks[0][0])} are not kept any more.`);
  }
  return warnings;
}

/** The worst finding of a run that hangs. */
export function hangOf({ report }: Model): { text: string; number: number } | undefined {
  const number = report?.findings.findIndex((it) => it.hang && it.severity === 'error') ?? -1;
  const finding = report?.findings[number];
  return finding && { text: finding.what, number };
}

/** `2.4 s`, `5 threads`, … */
export function figuresOf(model: Model): string[] {
  const { run, index, report } = model;
  const figures = [
    duration(Math.max(index.done ? 0 : index.until, index.end)),
    counted(run.threads.length, 'thread'),
    counted(run.channels.length, 'channel'),
  ];
  if (report) {
    const messages = report.report.channels.reduce((sum, { sent, received }) => sum + Math.max(sent, received), 0);
    figures.push(counted(messages, 'message'));
  } else {
    figures.push(counted(index.steps, 'event'));
  }
  if (run.processes.length > 1) figures.unshift(counted(run.processes.length, 'process').replace(/ss?s$/, 'sses'));
  return figures;
}

/** How the program ended: `ended with exit status 101`. */
export function endsOf(model: Model): string[] {
  const { processes } = model.run;
  return processes.flatMap(({ name, ended }) => {
    if (!ended) return [];
    const who = processes.length > 1 ? `${name} ` : '';
    if (ended.signal !== undefined && ended.signal !== null) return [`${who}ended by signal ${ended.signal}`];
    if (ended.code) return [`${who}ended with exit status ${ended.code}`];
    return [];
  });
}

/** When and where it ran: `November 29, 2026, 17:07 on classroom`. */
export function originOf(model: Model): string {
  const { started, host } = model.run;
  const date = started ? new Date(started) : undefined;
  const when =
    date && !Number.isNaN(date.getTime())
      ? date.toLocaleString('en-US', {
          year: 'numeric',
          month: 'short',
          day: 'numeric',
          hour: '2-digit',
          minute: '2-digit',
          hour12: false,
        })
      : '';
  return [when, host ? `on ${host}` : ''].filter(Boolean).join(' ');
}


/** The critical path, drawn: a row for each thread, and where its time went. */

import { useMemo } from 'preact/hooks';
import { count, duration, threadName } from '../app/words';
import type { ReportData, Run } from '../data/run';
import type { Leads } from './leads';
import {
  criticalPath,
  gains,
  length,
  type PathKind,
  type PathPart,
  pathParts,
  type Segment,
} from './path';
import { percent } from './text';

/** Number of threads that have a row of their own. */
const MAX_ROWS = 8;
const MAX_PARTS = 6;
/** Units of the drawing's width. */
const WIDTH = 1000;
const ROW = 20;
/** Above and below the pieces of a row. */
const GAP = 3;
/** The shortest piece that can be seen. */
const MIN_WIDTH = 1;

interface PathProps {
  run: Run;
  report: ReportData;
  leads: Leads;
}

export function CriticalPath({ run, report, leads }: PathProps) {
  const segments = useMemo(() => criticalPath(report), [report]);
  const parts = useMemo(() => pathParts(run, report), [run, report]);
  const total = report.report.critical_path.length_ns;
  if (segments.length === 0 || total === 0) return null;
  return (
    <section class="why-path" aria-labelledby="why-path-title">
      <header>
        <h3 id="why-path-title">Critical path: what determined the {duration(total)} of the run</h3>
        <button type="button" class="why-lead" onClick={() => leads.toPath()}>
          Draw it on the timeline
        </button>
      </header>
      {gains(report, duration).map((sentence) => (
        <p class="why-what">{sentence}</p>
      ))}
      <Strip {...{ run, segments, leads }} />
      <Parts {...{ parts, total, leads }} />
    </section>
  );
}

interface StripProps {
  run: Run;
  segments: readonly Segment[];
  leads: Leads;
}

function Strip({ run, segments, leads }: StripProps) {
  const rows = useMemo(() => rowsOf(segments), [segments]);
  const from = segments[0]?.from ?? 0;
  const to = segments[segments.length - 1]?.to ?? from;
  const scale = WIDTH / Math.max(1, to - from);
  const x = (time: number) => (time - from) * scale;
  const topOf = ({ thread }: Segment) => (rows.of.get(thread) ?? rows.threads.length) * ROW;
  return (
    <div class="why-strip">
      <div class="why-strip-names">
        {rows.threads.map((thread) => (
          <button
            type="button"
            class="why-strip-name"
            title={threadName(run, thread)}
            onClick={() => leads.toThread(thread)}
          >
            {threadName(run, thread)}
          </button>
        ))}
        {rows.hasOthers && <span class="why-strip-name">others</span>}
      </div>
      <svg
        viewBox={`0 0 ${WIDTH} ${rows.count * ROW}`}
        style={{ height: `${rows.count * 2}rem` }}
        preserveAspectRatio="none"
        role="img"
        aria-label="The critical path over time; its largest parts are in the table below."
      >
        {segments.map((segment, i) => {
          const before = segments[i - 1];
          if (!before || topOf(before) === topOf(segment)) return null;
          const [y1, y2] = [topOf(before) + ROW / 2, topOf(segment) + ROW / 2];
          const at = x(segment.from);
          return <line class="why-strip-step" x1={at} x2={at} y1={y1} y2={y2} />;
        })}
        {segments.map((segment) => (
          <rect
            class={`why-strip-piece why-${segment.kind}`}
            x={x(segment.from)}
            y={topOf(segment) + GAP}
            width={Math.max(MIN_WIDTH, x(segment.to) - x(segment.from))}
            height={ROW - 2 * GAP}
            onClick={() => leads.toSegment(segment)}
          >
            <title>{inWords(segment)}</title>
          </rect>
        ))}
      </svg>
      <div class="why-strip-axis why-muted">
        <span>{duration(from)}</span>
        <Legend segments={segments} />
        <span>{duration(to)}</span>
      </div>
    </div>
  );
}

const KINDS: readonly (readonly [PathKind, string])[] = [
  ['running', 'runs'],
  ['blocked', 'blocked elsewhere'],
  ['sleeping', 'sleeps'],
  ['waiting', 'waits for no recorded thread'],
  ['hand-over', 'hand-over'],
  ['paused', 'not recorded'],
];

function Legend({ segments }: Pick<StripProps, 'segments'>) {
  const used = KINDS.filter(([kind]) => segments.some((it) => it.kind === kind));
  return (
    <ul class="why-legend">
      {used.map(([kind, text]) => (
        <li>
          <span class={`why-swatch why-${kind}`} aria-hidden="true" /> {text}
        </li>
      ))}
    </ul>
  );
}

function inWords(segment: Segment): string {
  const { text, count: pieces } = segment;
  const time = duration(length(segment));
  return pieces > 1 ? `${time}: mainly ${text} (${count(pieces)} short pieces)` : `${time}: ${text}`;
}

interface Rows {
  /** In the order in which the path comes to them. */
  threads: number[];
  of: Map<number, number>;
  hasOthers: boolean;
  count: number;
}

/** The threads with most of the path have a row each. */
function rowsOf(segments: readonly Segment[]): Rows {
  const times = new Map<number, number>();
  for (const it of segments) times.set(it.thread, (times.get(it.thread) ?? 0) + length(it));
  const longest = [...times].sort((a, b) => b[1] - a[1]).slice(0, MAX_ROWS);
  const kept = new Set(longest.map(([thread]) => thread));
  const threads = [...times.keys()].filter((thread) => kept.has(thread));
  const hasOthers = times.size > kept.size;
  const of = new Map(threads.map((thread, row) => [thread, row]));
  return { threads, of, hasOthers, count: threads.length + Number(hasOthers) };
}

interface PartsProps {
  parts: readonly PathPart[];
  total: number;
  leads: Leads;
}

function Parts({ parts, total, leads }: PartsProps) {
  const shown = parts.length === MAX_PARTS + 1 ? parts : parts.slice(0, MAX_PARTS);
  const rest = parts.slice(shown.length).reduce((sum, it) => sum + it.time, 0);
  return (
    <table class="why-parts">
      <caption class="why-sr">The largest parts of the critical path</caption>
      <tbody>
        {shown.map((part) => (
          <tr>
            <td class="why-number">{percent(part.time, total)}</td>
            <td class="why-bar-cell">
              <Bar kind={part.kind} share={part.time / total} />
            </td>
            <td class="why-number">{duration(part.time)}</td>
            <th scope="row">
              {part.longest ? (
                <button
                  type="button"
                  class="why-name"
                  title="Show its longest piece on the timeline"
                  onClick={() => part.longest && leads.toSegment(part.longest)}
                >
                  {part.text}
                </button>
              ) : (
                part.text
              )}
            </th>
            <td class="why-muted">{part.count > 1 ? `in ${count(part.count)} pieces` : ''}</td>
          </tr>
        ))}
        {rest > 0 && (
          <tr>
            <td class="why-number">{percent(rest, total)}</td>
            <td />
            <td class="why-number">{duration(rest)}</td>
            <th scope="row">{parts.length - shown.length} smaller parts</th>
            <td />
          </tr>
        )}
      </tbody>
    </table>
  );
}

function Bar({ kind, share }: { kind: string; share: number }) {
  return (
    <span class="why-bar">
      <span class={`why-${kind}`} style={{ width: `${Math.min(100, share * 100)}%` }} />
    </span>
  );
}

/** The tables of channels, threads and locks. */

import { useMemo } from 'preact/hooks';
import { count, duration } from '../app/words';
import type {
  Primitive,
  ReportChannel,
  ReportData,
  ReportThread,
  Run,
} from '../data/run';
import type { Leads } from './leads';
import { type Column, SortableTable } from './table';
import { percent } from './text';

interface ChannelRow extends ReportChannel {
  index: number;
}

interface ThreadRow extends ReportThread {
  index: number;
}

/** The use of a lock or another primitive, of `report.json`. */
interface PrimitiveUse {
  acquired: number;
  held: number;
  waits: number;
  waited: number;
  longest: number;
  threads: number[];
}

interface LockRow extends PrimitiveUse, Primitive {
  index: number;
}

interface TablesProps {
  run: Run;
  report: ReportData;
  leads: Leads;
}

export function Tables({ run, report, leads }: TablesProps) {
  const several = run.processes.length > 1;
  const channels = useMemo(
    () => report.report.channels.map((it, index): ChannelRow => ({ ...it, index })),
    [report],
  );
  const threads = useMemo(
    () => report.report.threads.map((it, index): ThreadRow => ({ ...it, index })),
    [report],
  );
  const locks = useMemo(() => lockRows(run, report), [run, report]);
  const channelTable = useMemo(() => channelColumns(several), [several]);
  const threadTable = useMemo(() => threadColumns(threads, several), [threads, several]);
  return (
    <div class="why-tables">
      <SortableTable
        title="Channels"
        rows={channels}
        columns={channelTable}
        lead={(row) => leads.toChannel(row.index)}
      />
      <SortableTable
        title="Threads"
        rows={threads}
        columns={threadTable}
        lead={(row) => leads.toThread(row.index)}
      />
      <SortableTable
        title="Locks and other primitives"
        rows={locks}
        columns={LOCK_COLUMNS}
        lead={(row) => leads.toPrimitive(row.index)}
      />
    </div>
  );
}

function lockRows(run: Run, report: ReportData): LockRow[] {
  return ((report as { primitives?: PrimitiveUse[] }).primitives ?? []).flatMap((use, index) => {
    const known = run.primitives[index];
    const isUsed = use.acquired > 0 || use.waits > 0 || use.threads.length > 0;
    return known && isUsed ? [{ ...known, ...use, index }] : [];
  });
}

/** A column of counts. */
function counts<Row>(title: string, about: string, value: (row: Row) => number): Column<Row> {
  return { title, about, isNumber: true, value, cell: (row) => count(value(row)) };
}

/** A column of times; `undefined` is shown as a dash. */
function times<Row>(
  title: string,
  about: string,
  value: (row: Row) => number | undefined,
): Column<Row> {
  const cell = (row: Row) => {
    const time = value(row);
    return time === undefined ? '–' : duration(time);
  };
  return { title, about, isNumber: true, value, cell };
}

function processColumn<Row extends { process: string }>(several: boolean): Column<Row>[] {
  return several ? [{ title: 'process', value: (row) => row.process }] : [];
}

function sum(sides: readonly { waited_ns: number }[]): number {
  return sides.reduce((all, side) => all + side.waited_ns, 0);
}

function channelColumns(several: boolean): Column<ChannelRow>[] {
  const latency = (pick: (it: NonNullable<ReportChannel['latency']>) => number) => (row: ChannelRow) =>
    row.latency && row.latency.count > 0 ? pick(row.latency) : undefined;
  return [
    { title: 'channel', value: (row) => row.name },
    ...processColumn<ChannelRow>(several),
    {
      title: 'bound',
      about: 'Number of messages that it holds',
      isNumber: true,
      value: (row) => row.bound ?? Number.POSITIVE_INFINITY,
      cell: ({ bound }) => (bound === null ? 'none' : bound === 0 ? '0 (rendezvous)' : count(bound)),
    },
    counts('sent', 'Messages sent', (row) => row.sent),
    counts('received', 'Messages received', (row) => row.received),
    counts('not received', 'Messages lost or still in it', (row) => row.lost + row.queued),
    times('p50', 'Half of the messages arrive within this time', latency((it) => it.p50_ns)),
    times('p99', '99% of the messages arrive within this time', latency((it) => it.p99_ns)),
    times('longest', 'The longest time from send to receive', latency((it) => it.max_ns)),
    {
      title: 'depth',
      about: 'Messages in it: the mean over time',
      isNumber: true,
      value: (row) => row.depth.mean,
      cell: (row) => row.depth.mean.toFixed(1),
    },
    counts('max', 'Messages in it: the maximum', (row) => row.depth.max),
    times('senders waited', 'How long senders waited for room in all', (row) => sum(row.senders)),
    times('receivers waited', 'How long receivers waited for messages in all', (row) =>
      sum(row.receivers),
    ),
  ];
}

function threadColumns(rows: readonly ThreadRow[], several: boolean): Column<ThreadRow>[] {
  const share = (title: string, about: string, value: (row: ThreadRow) => number): Column<ThreadRow> => ({
    title,
    about,
    isNumber: true,
    value: (row) => value(row) / Math.max(1, row.life_ns),
    cell: (row) => percent(value(row), row.life_ns),
  });
  const rareShare = (title: string, about: string, value: (row: ThreadRow) => number) =>
    rows.some((row) => value(row) >= row.life_ns / 100) ? [share(title, about, value)] : [];
  return [
    { title: 'thread', value: (row) => row.name },
    ...processColumn<ThreadRow>(several),
    times('for', 'From its first event to its end', (row) => row.life_ns),
    share('runs', 'Part of its life in which it ran', (row) => row.runs_ns),
    ...rareShare('ready', 'Part of its life in which others had the processors', (row) => row.ready_ns),
    ...rareShare(
      'blocked',
      'Part of its life in which it was blocked elsewhere, such as in a file or a socket',
      (row) => row.blocked_ns,
    ),
    share('sleeps', 'Part of its life in which it slept', (row) => row.slept_ns),
    share('waits', 'Part of its life in which it waited for others', (row) => row.waited_ns),
    times('waited', 'How long it waited for others in all', (row) => row.waited_ns),
    {
      title: 'waits most in',
      value: ({ waits: [most] }) => most && `${most.in}${most.on ? ` ${most.on}` : ''}`,
    },
    times('longest wait', 'Its longest wait', ({ waits }) =>
      waits.length > 0 ? Math.max(...waits.map((it) => it.longest_ns)) : undefined,
    ),
    counts('sent', 'Messages sent', (row) => row.sent),
    counts('received', 'Messages received', (row) => row.received),
    {
      title: 'end',
      about: 'How it ended, or what it still waits for',
      value: ({ panicked, waiting }) =>
        panicked ? 'panicked' : waiting ? `waits in ${waiting.in} ${waiting.on ?? ''}`.trim() : '',
    },
  ];
}

const LOCK_COLUMNS: readonly Column<LockRow>[] = [
  { title: 'lock', value: (row) => row.label },
  { title: 'kind', value: (row) => row.kind },
  counts('acquired', 'How often it was acquired', (row) => row.acquired),
  times('held', 'How long it was held in all', (row) => row.held),
  counts('waits', 'How often threads waited for it', (row) => row.waits),
  times('waited', 'How long threads waited for it in all', (row) => row.waited),
  times('longest wait', 'The longest of these waits', (row) => row.longest),
  counts('threads', 'Number of threads that used it', (row) => row.threads.length),
];

/** The critical path: the chain of work and waits that determined how long the run took. */

import type { PathPiece, ReportData, Run } from '../data/run';

export type PathKind = PathPiece['kind'];

/** A piece of the path. */
export interface Segment {
  thread: number;
  from: number;
  to: number;
  kind: PathKind;
  text: string;
  channel?: number;
  /** Number of short segments that the piece stands for. */
  count: number;
}

/** Everything that the path spent in one way: in the work of one thread, or at one channel. */
export interface PathPart {
  kind: PathKind;
  text: string;
  /** The thread whose work, sleep or wait it is. */
  thread?: number;
  channel?: number;
  time: number;
  count: number;
  /** The piece that shows it best. */
  longest?: Segment;
}

/** The pieces of the path, in the order of time. */
export function criticalPath(report: ReportData): Segment[] {
  return report.path.map(({ count, ...piece }) => ({ ...piece, count: count ?? 1 }));
}

/** The parts of the path, the longest first. */
export function pathParts(run: Run, report: ReportData): PathPart[] {
  const segments = criticalPath(report);
  return report.report.critical_path.parts.map(({ kind, name, time_ns, count }) => {
    const part: PathPart = { kind: kind as PathKind, text: '', time: time_ns, count };
    const channel = run.channels.findIndex((it) => it.label === name);
    const thread = run.threads.findIndex((it) => it.name === name);
    const isHandOver = kind === 'hand-over';
    if (isHandOver && channel >= 0) part.channel = channel;
    if (!isHandOver && thread >= 0) part.thread = thread;
    part.text = words(part.kind, name ?? '', part.channel !== undefined, thread >= 0);
    for (const segment of segments) {
      const isIts =
        segment.kind === part.kind &&
        (isHandOver ? segment.channel === part.channel : segment.thread === part.thread);
      if (isIts && segment.to - segment.from > (part.longest ? length(part.longest) : 0)) {
        part.longest = segment;
      }
    }
    return part;
  });
}

export function length(segment: Segment): number {
  return segment.to - segment.from;
}

function words(kind: PathKind, name: string, isChannel: boolean, isThread: boolean): string {
  switch (kind) {
    case 'running':
      return `${name} runs`;
    case 'blocked':
      return `${name} is blocked elsewhere, such as in a file or a socket`;
    case 'sleeping':
      return `${name} sleeps`;
    case 'waiting':
      return `${name} waits, until a timeout or for no recorded thread`;
    case 'paused':
      return 'the recording paused';
    case 'hand-over':
      if (isChannel) return `hand-over at "${name}"`;
      if (isThread) return `until ${name} starts, or its end is noticed`;
      return name ? `hand-over at ${name}` : 'hand-over at a wake-up';
  }
}

/** What a thread does, however fast it is. */
const IDLE: Readonly<Record<string, string | undefined>> = {
  blocked: 'is blocked elsewhere, such as in a file or a socket,',
  sleeping: 'sleeps',
  waiting: 'waits',
};

/** How the run could be shorter, in sentences. */
export function gains(report: ReportData, duration: (ns: number) => string): string[] {
  const { if_faster, if_larger, length_ns, parts } = report.report.critical_path;
  const share = (ns: number) => `${Math.floor((100 * ns) / Math.max(1, length_ns))}%`;
  const sentences: string[] = [];
  const idle = parts.find(({ kind }) => IDLE[kind] !== undefined);
  const [faster] = if_faster;
  if (idle && idle.time_ns > (faster?.at_most_ns ?? 0)) {
    sentences.push(`${idle.name} ${IDLE[idle.kind]} for ${share(idle.time_ns)} of it.`);
  } else if (faster) {
    const time = `${duration(faster.at_most_ns)} (${share(faster.at_most_ns)})`;
    sentences.push(`If ${faster.name} were faster, the run would be shorter, by at most ${time}.`);
  }
  const [larger] = if_larger;
  if (larger && larger.at_most_ns >= length_ns / 20) {
    const time = `${duration(larger.at_most_ns)} (${share(larger.at_most_ns)})`;
    sentences.push(`If "${larger.name}" had more room, it would be shorter, by at most ${time}.`);
  }
  return sentences;
}

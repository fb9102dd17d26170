/** Threads that wait forever, as the report has found. */

import type { GraphEdge, ReportData, Run } from '../data/run';
import type { BeltPicture } from './state';

/** The channel that an edge of the wait-for graph is about. */
export function channelOfEdge({ target }: GraphEdge): number | undefined {
  return target?.type === 'channel' ? target.index : undefined;
}

export interface Stuck {
  threads: ReadonlySet<number>;
  /** `channel:thread`: the ends of belts that threads wait at forever, or for. */
  ends: ReadonlySet<string>;
  /** By channel: threads that hold the last senders, for whose drop a thread waits. */
  holders: ReadonlyMap<number, readonly number[]>;
}

export function endKey(channel: number, thread: number): string {
  return `${channel}:${thread}`;
}

/** Who is in a wait that never ends, at this step. */
export function stuckAt(
  run: Run,
  report: ReportData | undefined,
  picture: BeltPicture,
): Stuck {
  const holders = new Map<number, number[]>();
  const threads = new Set<number>();
  const ends = new Set<string>();
  for (const node of report?.graph.nodes ?? []) {
    const wait = picture.workers.get(node.thread)?.wait;
    if (node.stuck && wait && wait.since === node.since) threads.add(node.thread);
  }
  for (const edge of report?.graph.edges ?? []) {
    const channel = channelOfEdge(edge);
    if (channel === undefined || !threads.has(edge.from)) continue;
    ends.add(endKey(channel, edge.from));
    ends.add(endKey(channel, edge.to));
    const wait = picture.workers.get(edge.from)?.wait;
    if (!wait || run.kinds[wait.kind]?.verb === 'send') continue;
    holders.set(channel, [...(holders.get(channel) ?? []), edge.to]);
  }
  return { threads, ends, holders };
}

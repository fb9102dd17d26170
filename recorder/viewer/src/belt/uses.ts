/** Which threads send and receive on which channels, over the whole run. */

import { type Chunk, NONE, TargetType } from '../data/chunk';
import type { ReportData, Run } from '../data/run';
import { channelOfEdge } from './stuck';

/** In the order of `run.threadOrder`. */
export interface ChannelUse {
  senders: number[];
  receivers: number[];
}

export class Uses {
  private readonly senders = new Map<number, Set<number>>();
  private readonly receivers = new Map<number, Set<number>>();
  private readonly chunks = new Set<number>();

  /** Takes in the operations of a chunk. Returns whether anything is new. */
  addChunk(run: Run, chunk: Chunk): boolean {
    const id = chunk.firstStep + chunk.length;
    if (this.chunks.has(id)) return false;
    this.chunks.add(id);
    let isNew = false;
    for (let i = 0; i < chunk.length; i += 1) {
      if (chunk.targetType[i] !== TargetType.channel || chunk.target[i] === NONE) continue;
      const kind = run.kinds[chunk.kind[i]];
      if (!kind.call) continue;
      if (this.add(chunk.target[i], chunk.thread[i], kind.call.endsWith('send'))) isNew = true;
    }
    return isNew;
  }

  /**
   * Takes in what the report has counted, and who must have the other end of a channel where a thread
   * waits forever. Returns whether anything is new.
   */
  addReport({ report, graph }: ReportData): boolean {
    let isNew = false;
    const threads = new Map(report.threads.map((it, thread) => [`${it.process}\n${it.name}`, thread]));
    report.channels.forEach(({ process, senders, receivers }, channel) => {
      for (const [users, sends] of [[senders, true], [receivers, false]] as const) {
        for (const { thread: name } of users) {
          const thread = threads.get(`${process}\n${name}`);
          if (thread !== undefined && this.add(channel, thread, sends)) isNew = true;
        }
      }
    });
    for (const edge of graph.edges) {
      const channel = channelOfEdge(edge);
      if (channel === undefined) continue;
      const waitsToSend = this.senders.get(channel)?.has(edge.from) ?? false;
      if (this.add(channel, edge.to, !waitsToSend)) isNew = true;
    }
    return isNew;
  }

  of(run: Run): Map<number, ChannelUse> {
    const ranks = new Map(run.threadOrder.map((thread, rank) => [thread, rank]));
    const inOrder = (threads: Iterable<number> = []) =>
      [...threads].sort((a, b) => (ranks.get(a) ?? a) - (ranks.get(b) ?? b));
    const uses = new Map<number, ChannelUse>();
    for (const channel of run.channelOrder) {
      const use = {
        senders: inOrder(this.senders.get(channel)),
        receivers: inOrder(this.receivers.get(channel)),
      };
      if (use.senders.length + use.receivers.length > 0) uses.set(channel, use);
    }
    return uses;
  }

  private add(channel: number, thread: number, sends: boolean): boolean {
    const side = sends ? this.senders : this.receivers;
    const known = side.get(channel);
    if (known?.has(thread)) return false;
    if (known) known.add(thread);
    else side.set(channel, new Set([thread]));
    return true;
  }
}

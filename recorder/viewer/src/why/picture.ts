/** The boxes and arrows of a hang: who waits, and for whom. Plain data; see `layout.ts`. */

import { threadName } from '../app/words';
import type { Finding, GraphEdge, GraphNode, ReportData, Run } from '../data/run';

export interface Box {
  key: string;
  kind: 'thread' | 'channel' | 'sender' | 'nobody';
  title: string;
  /** What it does: `waits in recv on "jobs"`. */
  text: string;
  /** The threads that it stands for. */
  threads: readonly number[];
  channel?: number;
  place?: number;
  /** Whether it can never go on. */
  stuck: boolean;
  /** Whether it is part of the reason. */
  core: boolean;
}

export interface Arrow {
  from: string;
  to: string;
  text: string;
  /** The place that matters: where the lock was acquired. */
  place?: number;
  /** Part of the ring, or of the chain that explains the hang. */
  strong: boolean;
  /** The thread at its end is a guess. */
  likely: boolean;
}

export interface Picture {
  boxes: readonly Box[];
  arrows: readonly Arrow[];
  /** The boxes that explain the hang, in the order of their arrows. */
  spine: readonly string[];
  /** Whether the last of them leads to the first: a ring. */
  closed: boolean;
  /** Whether the finding is a hang, and not only a wait that goes on. */
  isHang: boolean;
  /** The threads that have nothing to do with it. */
  others: readonly GraphNode[];
}

/** Threads that wait in the same way become one box from this number on. */
const MIN_ALIKE = 4;

/** The picture of a finding; `undefined` if the graph has nothing about it. */
export function pictureOf(run: Run, report: ReportData, finding: Finding): Picture | undefined {
  const { nodes, edges } = report.graph;
  const byThread = new Map(nodes.map((node) => [node.thread, node]));
  const about = connected(
    edges,
    finding.threads.filter((it) => byThread.has(it)),
  );
  if (about.size === 0) return undefined;
  const boxes = new Map<string, Box>();
  for (const node of nodes) if (about.has(node.thread)) boxes.set(key(node.thread), box(run, node));
  const arrows: Arrow[] = [];
  const forgotten = finding.code === 'forgotten-sender' ? finding.threads[0] : undefined;
  for (const edge of edges) {
    if (!about.has(edge.from) || !about.has(edge.to)) continue;
    // That a thread could end its own wait matters only if no other one can.
    if (edge.from === edge.to && !edge.ring && edges.some((it) => it.from === edge.from && it.to !== it.from)) {
      continue;
    }
    if (edge.from === forgotten && edge.target?.type === 'channel') {
      addSender(run, edge, boxes, arrows);
    } else {
      const { text, place, ring, likely = false } = edge;
      arrows.push({ from: key(edge.from), to: key(edge.to), text, place, strong: ring, likely });
    }
  }
  for (const thread of about) {
    const node = byThread.get(thread);
    if (node?.needs && !edges.some((edge) => edge.from === thread)) {
      addNeeds(run, node, thread === forgotten ? finding.channels[0] : undefined, boxes, arrows);
    }
  }
  const first = finding.threads.find((it) => about.has(it)) as number;
  const { spine, closed } = spineOf(key(first), [...boxes.keys()], arrows);
  const others = nodes.filter((node) => !about.has(node.thread));
  const grouped = groupAlike([...boxes.values()], arrows, spine);
  return { ...grouped, spine, closed, isHang: finding.hang, others };
}

export function key(thread: number): string {
  return `t${thread}`;
}

function box(run: Run, node: GraphNode): Box {
  return {
    key: key(node.thread),
    kind: 'thread',
    title: threadName(run, node.thread),
    text: node.text,
    threads: [node.thread],
    place: node.place,
    stuck: node.stuck,
    core: node.core ?? false,
  };
}

/** These threads, those that they wait for, and those that wait for them, directly or not. */
function connected(edges: readonly GraphEdge[], threads: readonly number[]): Set<number> {
  const reached = new Set(threads);
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    for (const { from, to } of edges) {
      if (reached.has(from)) reached.add(to);
      else if (reached.has(to)) reached.add(from);
    }
  }
  return reached;
}

/** A wait for a sender that is still alive: by way of the channel and the sender. */
function addSender(run: Run, edge: GraphEdge, boxes: Map<string, Box>, arrows: Arrow[]): void {
  const channel = addChannel(run, edge.target?.index ?? 0, key(edge.from), boxes, arrows);
  const sender = `s${edge.from}-${edge.to}`;
  const place = edge.place === undefined ? undefined : run.places[edge.place]?.text;
  boxes.set(sender, {
    key: sender,
    kind: 'sender',
    title: `a living ${/\bits (\w+)/.exec(edge.text)?.[1] ?? 'Sender'}`,
    text: place ? 'made at' : '',
    threads: [],
    channel: edge.target?.index,
    place: edge.place,
    stuck: false,
    core: true,
  });
  const likely = edge.likely ?? false;
  arrows.push({ from: channel, to: sender, text: 'stays open because of', strong: true, likely: false });
  const self = edge.from === edge.to;
  const text = self ? 'held by the waiting thread itself' : 'held by';
  arrows.push({ from: sender, to: key(edge.to), text, strong: true, likely });
}

function addChannel(
  run: Run,
  index: number,
  receiver: string,
  boxes: Map<string, Box>,
  arrows: Arrow[],
): string {
  const channel = `c${index}`;
  if (!boxes.has(channel)) {
    boxes.set(channel, {
      key: channel,
      kind: 'channel',
      title: `"${run.channels[index]?.label ?? index}"`,
      text: 'channel, empty and still open',
      threads: [],
      channel: index,
      stuck: false,
      core: true,
    });
    const text = 'waits for a message on';
    arrows.push({ from: receiver, to: channel, text, strong: true, likely: false });
  }
  return channel;
}

/** A wait that no known thread could end. */
function addNeeds(
  run: Run,
  node: GraphNode,
  channel: number | undefined,
  boxes: Map<string, Box>,
  arrows: Arrow[],
): void {
  const needs = node.needs ?? '';
  const strong = node.core ?? false;
  let from = key(node.thread);
  if (channel !== undefined) from = addChannel(run, channel, from, boxes, arrows);
  const nobody = channel === undefined ? 'nobody' : `sender of ${channel}`;
  boxes.set(nobody, {
    key: nobody,
    kind: channel === undefined ? 'nobody' : 'sender',
    title: channel === undefined ? 'no thread' : 'a living Sender',
    text: channel === undefined ? 'is left to do that' : 'no thread is left to use it',
    threads: [],
    stuck: false,
    core: strong,
  });
  arrows.push({ from, to: nobody, text: needs, strong, likely: false });
}

/** The longest ring that can be walked from a strong arrow; without one the chain from `first`. */
function spineOf(
  first: string,
  keys: readonly string[],
  arrows: readonly Arrow[],
): { spine: string[]; closed: boolean } {
  const strong = arrows.filter((arrow) => arrow.strong);
  let ring: string[] = [];
  for (const start of [first, ...keys]) {
    const found = ringFrom(start, strong);
    if (found.length > ring.length) ring = found;
  }
  if (ring.length > 0) return { spine: ring, closed: true };
  const chain = [first];
  for (;;) {
    const last = chain[chain.length - 1];
    const next = arrows.find((arrow) => arrow.from === last && !chain.includes(arrow.to));
    if (!next) return { spine: chain, closed: false };
    chain.push(next.to);
  }
}

/** A ring through `start`, the first that a search in depth finds. */
function ringFrom(start: string, arrows: readonly Arrow[]): string[] {
  const dead = new Set<string>();
  const path = [start];
  while (path.length > 0) {
    const last = path[path.length - 1] as string;
    const next = arrows.filter((arrow) => arrow.from === last);
    const fresh = next.find(({ to }) => !path.includes(to) && !dead.has(to));
    if (fresh) path.push(fresh.to);
    else if (next.some(({ to }) => to === start)) return path;
    else dead.add(path.pop() as string);
  }
  return [];
}

/** Joins the boxes of threads that are not in the spine and wait in the same way. */
function groupAlike(
  boxes: readonly Box[],
  arrows: readonly Arrow[],
  spine: readonly string[],
): { boxes: Box[]; arrows: Arrow[] } {
  const groups = new Map<string, Box[]>();
  const outgoing = (it: Box) => arrows.filter((arrow) => arrow.from === it.key);
  for (const it of boxes) {
    const isTarget = arrows.some((arrow) => arrow.to === it.key);
    const alone = it.kind !== 'thread' || spine.includes(it.key) || isTarget;
    const goals = outgoing(it).map(({ to, text }) => `${to} ${text}`);
    const alike = alone ? it.key : JSON.stringify([it.text, it.place, it.core, it.stuck, goals]);
    groups.set(alike, [...(groups.get(alike) ?? []), it]);
  }
  const kept: Box[] = [];
  const gone = new Set<string>();
  for (const group of groups.values()) {
    const [head, ...rest] = group as [Box, ...Box[]];
    if (group.length < MIN_ALIKE) {
      kept.push(...group);
      continue;
    }
    for (const it of rest) gone.add(it.key);
    const names = group.map((it) => it.title).join(', ');
    const threads = group.flatMap((it) => it.threads);
    kept.push({ ...head, title: `${group.length} threads: ${names}`, threads });
  }
  return { boxes: kept, arrows: arrows.filter((arrow) => !gone.has(arrow.from)) };
}

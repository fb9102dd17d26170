import type { Run } from '../data/run';

export type LaneKind = 'heading' | 'thread' | 'channel' | 'lock';

export interface Lane {
  readonly kind: LaneKind;
  /** Index of the thread, channel or primitive in the run; of a heading: the number of its lanes. */
  readonly index: number;
  /** Identifies the lane while others come and go. */
  readonly key: string;
  /** Number of the lane from the top. */
  readonly row: number;
  readonly title: string;
  /** Secondary text, such as where the thread was spawned. */
  readonly detail: string;
  readonly top: number;
  readonly height: number;
  /** Of a heading: whether its lanes are hidden. */
  readonly collapsed: boolean;
  /** Of a heading: the threads whose states it sums up while it is collapsed. */
  readonly members: readonly number[];
}

export interface Lanes {
  readonly all: readonly Lane[];
  readonly height: number;
  thread(index: number): Lane | undefined;
  channel(index: number): Lane | undefined;
  lock(index: number): Lane | undefined;
}

/** Heights in em. Lanes grow from `least` to `most` if there is room. */
const HEIGHTS: Record<LaneKind, { least: number; most: number }> = {
  heading: { least: 1.9, most: 1.9 },
  thread: { least: 2.5, most: 20 },
  channel: { least: 3.4, most: 22 },
  lock: { least: 2, most: 5 },
};
/** With more threads than this, their lanes may be lower. */
const MANY_THREADS = 16;
const LEAST_OF_MANY = 1.75;
/** Height of a collapsed group of threads, which shows the sum of their states. */
const COLLAPSED_THREADS = 2.4;

type Draft = Omit<Lane, 'row' | 'top' | 'height'> & { least: number; most: number };

/** Places the lanes of a run one below the other. They fill `height` px if they are few. */
export function arrangeLanes(
  run: Run,
  locks: readonly number[],
  collapsed: ReadonlySet<string>,
  height: number,
  em: number,
): Lanes {
  const drafts: Draft[] = [];
  const groups = grouped(run, locks);
  for (const group of groups) {
    if (group.members.length === 0) continue;
    const hidden = collapsed.has(group.key);
    const threads = group.kind === 'thread';
    const heading = hidden && threads ? COLLAPSED_THREADS : HEIGHTS.heading.least;
    drafts.push({
      kind: 'heading',
      index: group.members.length,
      key: group.key,
      title: group.title,
      detail: String(group.members.length),
      collapsed: hidden,
      members: threads ? group.members : [],
      least: heading,
      most: heading,
    });
    if (hidden) continue;
    const { least, most } = HEIGHTS[group.kind];
    const many = threads && run.threads.length > MANY_THREADS;
    for (const index of group.members) {
      drafts.push({
        ...names(run, group.kind, index),
        kind: group.kind,
        index,
        key: `${group.kind} ${index}`,
        collapsed: false,
        members: [],
        least: many ? LEAST_OF_MANY : least,
        most,
      });
    }
  }
  return place(drafts, height, em);
}

function place(drafts: Draft[], height: number, em: number): Lanes {
  let least = 0;
  let room = 0;
  for (const draft of drafts) {
    least += draft.least * em;
    room += (draft.most - draft.least) * em;
  }
  const share = room > 0 ? Math.min(Math.max((height - least) / room, 0), 1) : 0;
  let top = 0;
  const found = new Map<string, Lane>();
  const all = drafts.map(({ least, most, ...rest }, row) => {
    const bottom = top + (least + (most - least) * share) * em;
    // Whole pixels keep the edges of bars sharp.
    const lane = {
      ...rest,
      row,
      top: Math.round(top),
      height: Math.round(bottom) - Math.round(top),
    };
    top = bottom;
    found.set(lane.key, lane);
    return lane;
  });
  return {
    all,
    height: Math.round(top),
    thread: (index) => found.get(`thread ${index}`),
    channel: (index) => found.get(`channel ${index}`),
    lock: (index) => found.get(`lock ${index}`),
  };
}

interface Group {
  key: string;
  title: string;
  kind: 'thread' | 'channel' | 'lock';
  members: number[];
}

function grouped(run: Run, locks: readonly number[]): Group[] {
  const groups: Group[] = [];
  const several = run.processes.length > 1;
  run.processes.forEach((process, index) => {
    const suffix = several ? ` · ${process.name} ${process.pid ?? ''}` : '';
    const add = (kind: Group['kind'], title: string, members: number[]) =>
      groups.push({ key: `${title} ${index}`, title: title + suffix, kind, members });
    add(
      'thread',
      'Threads',
      run.threadOrder.filter((n) => run.threads[n]?.process === index),
    );
    add(
      'channel',
      'Channels',
      run.channelOrder.filter((n) => run.channels[n]?.process === index),
    );
    add(
      'lock',
      'Locks',
      locks.filter((n) => run.primitives[n]?.process === index),
    );
  });
  return groups;
}

function names(run: Run, kind: Group['kind'], index: number): { title: string; detail: string } {
  const place = (n: number | undefined) => {
    const found = n === undefined ? undefined : run.places[n];
    return found ? `${found.file.split('/').at(-1)}:${found.line}` : '';
  };
  if (kind === 'thread') {
    const thread = run.threads[index];
    return { title: thread.name || `thread ${index}`, detail: place(thread.place) };
  }
  if (kind === 'lock') {
    const lock = run.primitives[index];
    return {
      title: lock.label,
      detail: [lock.kind, place(lock.place)].filter(Boolean).join(' · '),
    };
  }
  const channel = run.channels[index];
  const bound =
    channel.bound === null
      ? 'unbounded'
      : channel.bound === 0
        ? 'rendezvous'
        : `bound ${channel.bound}`;
  return {
    title: channel.label,
    detail: [bound, place(channel.place)].filter(Boolean).join(' · '),
  };
}

/** Where the parts of a thread's lane are, in px from the top of all lanes. */
export interface ThreadParts {
  /** Names of operations: the baseline of the text, if there is room for it. */
  readonly names: number | undefined;
  readonly barTop: number;
  readonly barHeight: number;
  /** Marks of operations and ends of arrows. */
  readonly middle: number;
}

export function threadParts(lane: Lane, em: number): ThreadParts {
  if (lane.kind === 'heading') {
    // A collapsed group: arrows end at its sums.
    const barHeight = Math.max(lane.height - 6, 4);
    return {
      names: undefined,
      barTop: lane.top + 3,
      barHeight,
      middle: lane.top + lane.height / 2,
    };
  }
  const strip = lane.height >= 3 * em ? Math.round(1.35 * em) : 0;
  const gap = strip ? Math.round(0.35 * em) : 4;
  const free = lane.height - strip - gap;
  const barHeight = Math.round(Math.min(free, Math.max(1.5 * em, 0.45 * lane.height), 5 * em));
  const top = lane.top + Math.round((lane.height - strip - barHeight) / 2);
  return {
    names: strip ? top + strip - Math.round(0.4 * em) : undefined,
    barTop: top + strip,
    barHeight,
    middle: top + strip + barHeight / 2,
  };
}

/** Greatest height of one message in a channel, in em. */
const MAX_MESSAGE = 5;

/** The part of a channel's lane in which a depth of up to `scale` is drawn. */
export function channelArea(
  lane: Lane,
  em: number,
  scale: number,
): { top: number; bottom: number } {
  const above = Math.min(1.3 * em, lane.height * 0.3);
  const below = Math.min(0.5 * em, lane.height * 0.12);
  const room = lane.height - above - below;
  const height = Math.min(room, scale * MAX_MESSAGE * em);
  const top = Math.round(lane.top + above + (room - height) / 2);
  return { top, bottom: Math.round(top + height) };
}

/** The part of a lock's lane in which its holds are drawn. */
export function lockBar(lane: Lane, em: number): { top: number; height: number } {
  // Below it is room for lines of threads that wait.
  const height = Math.round(Math.min((lane.height - 4) * 0.7, 2 * em));
  return { top: lane.top + Math.round((lane.height - height) * 0.4), height };
}

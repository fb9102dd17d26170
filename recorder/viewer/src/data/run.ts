/**
 * The JSON documents of a run: its catalog (`run.json`), its report (`report.json`), and the index
 * of its chunks and tiles. All times are nanoseconds since the start of the trace.
 */

export interface Run {
  version: number;
  name: string;
  command: string[] | string;
  /** When the run started, in ISO 8601. */
  started?: string;
  duration: number;
  /** From this time on the recording has all events. */
  completeFrom: number;
  host?: string;
  incomplete: boolean;
  /** Number of events that could not be recorded. */
  dropped: number;
  damage: string[];
  processes: Process[];
  threads: Thread[];
  channels: Channel[];
  primitives: Primitive[];
  endpoints: Endpoint[];
  callsites: Callsite[];
  places: Place[];
  /** The order of the lanes of threads. */
  threadOrder: number[];
  /** The order of the lanes of channels. */
  channelOrder: number[];
  /** Which thread operates on which endpoint. */
  uses?: [thread: number, endpoint: number][];
  kinds: Kind[];
  /** Names of the activities; see `Activity`. */
  activities: string[];
}

export interface Process {
  name: string;
  pid?: number;
  ended?: { time: number; code?: number | null; signal?: number | string | null };
}

export interface Thread {
  name: string;
  process: number;
  spawnedBy?: number;
  place?: number;
  outcome?: 'returned' | 'panicked';
}

export interface Channel {
  label: string;
  type: string;
  /** 0 is a rendezvous, `null` any number of messages. */
  bound: number | null;
  process: number;
  place?: number;
}

export interface Primitive {
  label: string;
  kind: string;
  type: string;
  process: number;
  place?: number;
}

export interface Endpoint {
  channel: number;
  side: 'sender' | 'receiver';
  clone: boolean;
  name?: string;
}

export interface Callsite {
  name: string;
  place?: number;
}

export interface Place {
  file: string;
  line: number;
  column?: number;
  /** As it is shown: `src/main.rs:42`. */
  text: string;
  /** Whether the file belongs to the program itself and not to a dependency. */
  own: boolean;
  /** The function that was called there, such as `Sender::send of flume`. */
  call?: string;
}

export type Group =
  | 'operation'
  | 'wait'
  | 'waitBegan'
  | 'returning'
  | 'channelCreated'
  | 'senderCloned'
  | 'receiverCloned'
  | 'senderDropped'
  | 'receiverDropped'
  | 'threadStarted'
  | 'threadEnded'
  | 'panicked'
  | 'initializer'
  | 'span'
  | 'log'
  | 'paused'
  | 'resumed'
  | 'leftOut';

export type Ending =
  | 'transferred'
  | 'sendNotRecorded'
  | 'full'
  | 'empty'
  | 'disconnected'
  | 'timedOut'
  | 'held'
  | 'lockNotRecorded'
  | 'lastToArrive'
  | 'done';

export interface Kind {
  group: Group;
  verb: string;
  note?: string;
  method?: string;
  category: 'channel' | 'primitive' | 'thread' | 'span' | 'log';
  call?: string;
  ending?: Ending;
  send: boolean;
  receive: boolean;
}

/** Indices of `Run.activities`. */
export const Activity = {
  running: 0,
  send: 1,
  recv: 2,
  lock: 3,
  condvar: 4,
  barrier: 5,
  initialize: 6,
  join: 7,
  scope: 8,
  park: 9,
  asleep: 10,
  elsewhere: 11,
  paused: 12,
} as const;

/** Number of activities. */
export const ACTIVITIES = 13;

/** The CSS variable with the colour of each activity. */
export const ACTIVITY_VARIABLES: readonly string[] = [
  '--running',
  '--send',
  '--recv',
  '--lock',
  '--condvar',
  '--barrier',
  '--initialize',
  '--join',
  '--scope',
  '--park',
  '--asleep',
  '--elsewhere',
  '--paused',
];

/** `[begin, end, level, firstStep, steps, events]` of a chunk. */
export type ChunkEntry = [
  begin: number,
  end: number,
  level: number,
  firstStep: number,
  steps: number,
  events: number,
];

export interface Index {
  revision: number;
  /** Version of run.json. */
  catalog: number;
  /** Version of report.json; 0 while there is none. */
  report: number;
  /** Whether the run can still grow. */
  live: boolean;
  /** Whether everything has been replayed. */
  done: boolean;
  end: number;
  /** Replayed up to this time. */
  until: number;
  /** Number of steps. */
  steps: number;
  /** Number of the first chunk that is kept. */
  first: number;
  chunks: ChunkEntry[];
  /** The chunk that still grows. */
  open: ChunkEntry | null;
  levels: [level: number, firstTile: number, lastTile: number][];
}

export type Severity = 'error' | 'warning' | 'note';

export interface Evidence {
  time: number;
  thread: number;
  what: string;
  place?: number;
}

export interface Finding {
  code: string;
  severity: Severity;
  certain: boolean;
  certainIf?: string;
  headline: string;
  what: string;
  chain: string[];
  advice: string;
  why: string;
  hang: boolean;
  place?: number;
  threads: number[];
  channels: number[];
  primitives: number[];
  from: number;
  to: number;
  evidence: Evidence[];
}

export interface GraphNode {
  thread: number;
  state: 'waits' | 'sleeps' | 'runs' | 'blockedElsewhere';
  stuck: boolean;
  certain: boolean;
  /** Whether it belongs to a ring of a hang, or is stuck by itself. */
  core?: boolean;
  /** What would end its wait, where no thread is known to do that. */
  needs?: string;
  since?: number;
  place?: number;
  text: string;
}

export interface GraphEdge {
  from: number;
  to: number;
  text: string;
  target?: { type: 'channel' | 'primitive' | 'thread' | 'callsite'; index: number };
  /** Whether it is part of a ring of threads that wait for each other. */
  ring: boolean;
  /** A guess: the endpoint may be with another thread. */
  likely?: boolean;
  /** Where the sender was made, or the lock was acquired. */
  place?: number;
}

export interface PathPiece {
  thread: number;
  from: number;
  to: number;
  kind: 'running' | 'blocked' | 'sleeping' | 'waiting' | 'paused' | 'hand-over';
  text: string;
  channel?: number;
  /** More than 1: several short segments as one piece. */
  count?: number;
}

export interface ReportData {
  /** The report of `recorder report --json`; see docs/report-schema.md. */
  report: Report;
  findings: Finding[];
  graph: { nodes: GraphNode[]; edges: GraphEdge[] };
  path: PathPiece[];
  /** In the order of `Run.primitives`. */
  primitives?: PrimitiveUse[];
}

/** How a lock or another primitive was used. Times are in nanoseconds. */
export interface PrimitiveUse {
  acquired: number;
  held: number;
  /** How often threads waited for it. */
  waits: number;
  waited: number;
  longest: number;
  threads: number[];
}

/** The parts of the report that are shown. */
export interface Report {
  version: number;
  duration_ns: number;
  complete_from_ns: number;
  incomplete: boolean;
  dropped: number;
  damage?: string[];
  channels: ReportChannel[];
  threads: ReportThread[];
  critical_path: {
    length_ns: number;
    parts: { kind: string; name?: string; time_ns: number; count: number }[];
    if_faster: { name: string; at_most_ns: number }[];
    if_larger: { name: string; at_most_ns: number }[];
  };
  [other: string]: unknown;
}

export interface ReportEndpointUse {
  thread: string;
  messages: number;
  waits: number;
  waited_ns: number;
  longest_ns: number;
  refused: number;
}

export interface ReportChannel {
  name: string;
  process: string;
  message_type: string;
  site?: string;
  bound: number | null;
  sent: number;
  received: number;
  lost: number;
  queued: number;
  returned: number;
  latency: {
    count: number;
    mean_ns: number;
    p50_ns: number;
    p90_ns: number;
    p99_ns: number;
    max_ns: number;
  } | null;
  depth: { mean: number; max: number; max_at_ns: number };
  senders: ReportEndpointUse[];
  receivers: ReportEndpointUse[];
  made_at_ns: number | null;
  senders_gone_at_ns: number | null;
  receiver_gone_at_ns: number | null;
  [other: string]: unknown;
}

export interface ReportThread {
  name: string;
  process: string;
  life_ns: number;
  runs_ns: number;
  ready_ns: number;
  blocked_ns: number;
  slept_ns: number;
  waited_ns: number;
  paused_ns: number;
  processor?: { from_ns: number; to_ns: number; on_cpu_ns: number; ready_ns: number };
  sent: number;
  received: number;
  panicked: boolean;
  panics: number;
  dropped: number;
  waits: { in: string; on?: string; count: number; time_ns: number; longest_ns: number }[];
  waiting?: { in: string; on?: string; site?: string; from_ns: number };
  [other: string]: unknown;
}

/** Lines of a source file around a place; `first` is the number of the first line. */
export interface SourceLines {
  first: number;
  lines: string[];
}

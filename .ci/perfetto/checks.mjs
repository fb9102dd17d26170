// What must hold of a trace. A check gives a list of complaints; none is well.

const isMessage = (slice) => slice.message !== null;
const isSend = (slice) => isMessage(slice) && slice.name === `send ${slice.channel}`;
const isReceive = (slice) => isMessage(slice) && slice.name === `recv ${slice.channel}`;
const isWait = (name) => /^sleep$| \((waiting|full|returning)\)$/.test(name);
const isOpen = (slice) => slice.dur === -1;
const isOfChannel = ({ from, to }) => [from, to].some((slice) => slice?.category === 'channel');
// From a receive to a send that is because of it.
const isChain = ({ from, to }) =>
  Boolean(from && to && isReceive(from) && isSend(to) && from.thread === to.thread);
const isOfMessage = (flow) => isOfChannel(flow) && !isChain(flow);
const MOST_CONSEQUENCES = 16; // sends to which an arrow leads from one receive
const isCount = (value) => Number.isInteger(value) && value >= 0;
const byTime = (a, b) => a.ts - b.ts || a.id - b.id;
const numberOf = (title) => Number(title.match(/\((\d+)\)$/)[1]);
const key = ({ channel, message }) => `${channel} #${message}`;

/** A complaint unless the two numbers are equal. */
const expectCount = (what, found, expected) =>
  found === expected ? [] : [`${found} ${what}, expected ${expected}`];

const distinct = (what, keys) =>
  expectCount(`different ${what}`, new Set(keys).size, keys.length);

/** `a` without what is in `b`, each entry as often as it occurs more. */
function minus(a, b) {
  const spare = new Map();
  for (const row of b) spare.set(row, (spare.get(row) ?? 0) + 1);
  return a.filter((row) => {
    const n = spare.get(row) ?? 0;
    spare.set(row, n - 1);
    return n <= 0;
  });
}

/** What is in only one of two lists of strings, each list with its description. */
const differences = (whatA, a, whatB, b) => [
  ...minus(a, b).map((row) => `${whatA}: ${row}`),
  ...minus(b, a).map((row) => `${whatB}: ${row}`),
];

/** The checks of one trace, given its facts and the recording's counts. */
export const TRACE_CHECKS = {
  'nothing is lost or in error on import': (facts) => [
    ...facts.problems,
    ...facts.pageErrors,
    ...expectCount('import errors', facts.importErrors, 0),
  ],

  'every message sent is a slice': (facts, recording) => {
    const sends = facts.slices.filter(isSend);
    return [
      ...expectCount('sends', sends.length, recording.sent),
      ...distinct('messages', sends.map(key)),
      ...sends.filter(({ message }) => !isCount(message) || message === 0),
    ];
  },

  'sends and receives say where they were called, and the latency': (facts) =>
    facts.slices.filter((slice) => isSend(slice) || isReceive(slice)).filter((slice) =>
      !(/:\d+:\d+$/.test(slice.site) && (isSend(slice) || isCount(slice.latency_ns)))),

  'every send and receive has the queue depth after it': (facts) => {
    const depths = new Set(facts.counters.filter(({ kind }) => kind === 'queue depth')
      .map(({ channel, ts }) => `${channel} at ${ts}`));
    return facts.slices.filter((slice) => isSend(slice) || isReceive(slice))
      .filter(({ channel, ts }) => !depths.has(`${channel} at ${ts}`));
  },

  'what was called is said where the name does not begin with it': (facts) =>
    facts.slices.filter(({ name, operation }) =>
      operation && (name === operation || name.startsWith(`${operation} `))),

  'every message received is an arrow from its send to its receive': (facts, recording) => {
    const arrows = facts.flows.filter(isOfMessage);
    return [
      ...(arrows.length ? [] : ['no arrow at all']),
      ...expectCount('arrows', arrows.length, recording.received),
      ...arrows.filter(({ from, to }) =>
        !(from && to && isSend(from) && isReceive(to) && key(from) === key(to))),
      ...distinct('receives at the end of an arrow', arrows.map(({ to }) => to?.id)),
    ];
  },

  'a receive leads to the sends that are because of it': (facts) => {
    const latest = new Map(); // thread -> its latest receive, and how many sends since
    const expected = [];
    for (const slice of facts.slices.filter(isMessage).toSorted(byTime)) {
      if (isReceive(slice)) latest.set(slice.thread, { receive: slice, sent: 0 });
      const cause = isSend(slice) && latest.get(slice.thread);
      if (cause && (cause.sent += 1) <= MOST_CONSEQUENCES) {
        expected.push(`${key(cause.receive)} to ${key(slice)}`);
      }
    }
    const found = facts.flows.filter(isChain).map(({ from, to }) => `${key(from)} to ${key(to)}`);
    return differences('a wrong arrow', found, 'an arrow that is not there', expected);
  },

  'every other arrow leads to where one thing ends that was waited for': (facts) => {
    const arrows = facts.flows.filter((flow) => !isOfChannel(flow));
    return [
      ...arrows.filter(({ from, to }) => !(from && to && from.category === to.category)),
      ...distinct('slices at the end of an arrow', arrows.map(({ to }) => to?.id)),
    ];
  },

  'no arrow points back in time': (facts) => facts.flows.filter(
    ({ from, to }) => from && to && (isOpen(from) || from.ts + from.dur > to.ts)),

  'every thread that did something is there and has a name': (facts, recording) => [
    ...expectCount('threads', facts.threads.length, recording.threads),
    ...facts.threads.filter(({ name }) => !name),
  ],

  'states of threads follow each other, and waits are among them': (facts, recording, format) => {
    const { states } = facts;
    if (format !== 'pftrace') return [];
    const ids = new Set(states.map(({ id }) => id));
    return [
      ...differences('has states and did nothing', [...new Set(states.map(({ thread }) => thread))],
        'has no states', [...new Set(facts.slices.map(({ thread }) => thread))]),
      ...states.filter(({ thread, track }) => track !== thread),
      ...states.filter(({ utid, name, unnamed, ts }, i) => i > 0 && states[i - 1].utid === utid
        && ((unnamed && states[i - 1].name === name) || states[i - 1].ts + states[i - 1].dur !== ts)),
      ...expectCount('states without an end', states.filter(isOpen).length, recording.stuck),
      ...facts.slices.filter(({ id, name, dur }) => isWait(name) && dur !== 0 && !ids.has(id)),
    ];
  },

  'findings are above all, and states directly above operations': (facts, recording, format) => {
    if (format !== 'pftrace') return [];
    const { rows, evidence, threads } = facts;
    const titles = threads.map(({ name, tid }) => `${name} (${tid})`);
    const shown = rows.filter(({ name }) => titles.includes(name)).map(({ name }) => name);
    const [first] = rows;
    return [
      ...(evidence > 0 && (first.name.trim() !== 'findings' || first.depth !== 0) ? [first] : []),
      ...expectCount('rows of states', shown.length, threads.length),
      ...rows.filter(({ name, depth }, i) => /^operations \(\d+\)$/.test(name)
        && (!titles.includes(rows[i - 1].name) || rows[i - 1].depth !== depth - 1)),
      ...(shown.some((name, i) => i > 0 && numberOf(shown[i - 1]) > numberOf(name)) ? shown : []),
    ];
  },

  'every message sent is in flight, and those never received say so': (facts) => {
    const sent = facts.slices.filter(isSend).map(key);
    const received = facts.slices.filter(isReceive).map(key);
    const lost = facts.inFlight.filter((message) => message.lost);
    return [
      ...differences('in flight and not sent', facts.inFlight.map(key),
        'sent and not in flight', sent),
      ...differences('wrongly "never received"', lost.map(key),
        'not shown as "never received"', minus(sent, received)),
    ];
  },

  'counters are there, never negative, and end with what is left': (facts) => {
    const left = new Map();
    const add = (channel, n) => left.set(channel, (left.get(channel) ?? 0) + n);
    for (const { channel } of facts.counters) add(channel, 0);
    for (const { channel } of facts.slices.filter(isSend)) add(channel, 1);
    for (const { channel } of facts.slices.filter(isReceive)) add(channel, -1);
    return [
      ...(left.size ? [] : ['no channel']),
      ...facts.counters.filter(({ value }) => value < 0),
      ...[...left].flatMap(([channel, expected]) => {
        const of = (kind) =>
          facts.counters.filter((at) => at.channel === channel && at.kind === kind);
        return [
          ...(of('live senders').length ? [] : [`${channel} has no counter of live senders`]),
          ...expectCount(`queued in ${channel} at the end`, of('queue depth').at(-1)?.value, expected),
        ];
      }),
    ];
  },

  'only a wait that never ended has no duration': (facts, recording) => {
    // A span may be open, too.
    const open = facts.slices.filter((slice) => isOpen(slice) && slice.category !== 'span');
    return [
      ...facts.badDurations,
      ...expectCount('slices without an end', open.length, recording.stuck),
      ...open.filter(({ name }) => !isWait(name)),
    ];
  },
};

/** A program that hangs shows who waits. */
export const STUCK_CHECK = {
  'a thread waits without an end': (facts) =>
    facts.slices.some((slice) => isOpen(slice) && slice.name.endsWith(' (waiting)'))
      ? [] : ['no slice `… (waiting)` without an end'],

  // The Chrome format has no arrows from tracks that are no thread's.
  'what shows a finding leads to it': (facts, recording, format) => (format !== 'pftrace' ? [] : [
    ...(facts.evidence > 0 ? [] : ['nothing shows a finding']),
    ...expectCount('links', facts.links.length, facts.evidence),
    ...facts.links.filter(({ ts, to }) => !to || to.ts !== ts),
  ]),
};

// What both formats must say alike. Ids and track numbers are each importer's own. In a .json the
// operation that ends a wait is on its track, a nanosecond after it.
const SHARED = {
  slices: (facts) => facts.slices.map(({ id, ts, dur, ...slice }) =>
    (isWait(slice.name) && dur > 0 ? slice : { ts, dur, ...slice })),
  arrows: (facts) => facts.flows.map(({ from, to }) =>
    ({ from: [from?.thread, from?.ts], to: [to?.thread, to?.ts] })),
  'messages in flight': (facts) => facts.inFlight,
  counters: (facts) => facts.counters.map(({ id, ...counter }) => counter),
  'locks that are held': (facts) => facts.holds,
};

// Not every program has these.
const RARE = new Set(['locks that are held']);

/** The checks of two traces of the same recording. */
export const PAIR_CHECKS = Object.fromEntries(Object.entries(SHARED).map(([what, list]) => [
  `both formats hold the same ${what}`,
  (json, pftrace) => {
    const [a, b] = [json, pftrace].map(
      (facts) => list(facts).map((row) => JSON.stringify(row)).sort());
    return [
      ...(a.length || RARE.has(what) ? [] : ['there are none']),
      ...differences('only in .json', a, 'only in .pftrace', b),
    ];
  },
]));

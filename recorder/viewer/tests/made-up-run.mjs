// Runs for tests: a script of events, its chunks with their keyframes, and the queues that a plain
// model of channels has after each step.

import { NONE, TargetType } from '../src/data/chunk';

const operation = (verb, more = {}) => ({
  group: 'operation',
  verb,
  category: 'channel',
  ending: 'done',
  send: false,
  receive: false,
  ...more,
});

export const KINDS = [
  operation('send', { call: 'send', ending: 'transferred', send: true }),
  operation('recv', { call: 'recv', ending: 'transferred', receive: true }),
  { ...operation('send', { call: 'send' }), group: 'waitBegan', note: 'full', ending: undefined },
  { ...operation('recv', { call: 'recv' }), group: 'waitBegan', note: 'waiting', ending: undefined },
  { ...operation('send', { call: 'send' }), group: 'wait', note: 'full', ending: undefined },
  { ...operation('recv', { call: 'recv' }), group: 'wait', note: 'waiting', ending: undefined },
  operation('recv', { call: 'recv', note: 'disconnected', ending: 'disconnected' }),
  { ...operation('send', { call: 'send' }), group: 'returning', note: 'returning', ending: undefined },
  { ...operation('channel'), group: 'channelCreated', ending: undefined },
  { ...operation('clone sender'), group: 'senderCloned', ending: undefined },
  { ...operation('drop sender'), group: 'senderDropped', ending: undefined },
  { ...operation('drop receiver'), group: 'receiverDropped', ending: undefined },
  { ...operation('start', { category: 'thread' }), group: 'threadStarted', ending: undefined },
  { ...operation('end', { category: 'thread' }), group: 'threadEnded', ending: undefined },
  { ...operation('end', { category: 'thread', note: 'panicked' }), group: 'threadEnded', ending: undefined },
  operation('spawn', { category: 'thread' }),
  operation('lock', { category: 'primitive' }),
];

export const ACTIVITIES = [
  'running',
  'waiting in send',
  'waiting in recv',
  'waiting in lock',
  'waiting in condvar',
  'waiting in barrier',
  'waiting in initialize',
  'waiting in join',
  'waiting in scope',
  'waiting in park',
  'asleep',
  'not recorded (paused)',
];

function kindOf(group, verb, ending) {
  const index = KINDS.findIndex(
    (it) => it.group === group && it.verb === verb && (ending === undefined || it.ending === ending),
  );
  if (index < 0) throw new Error(`no kind ${group} ${verb}`);
  return index;
}

export class MadeUpRun {
  constructor({ threads, channels }) {
    this.time = 0;
    this.events = [];
    this.queues = channels.map(() => []);
    this.channels = channels.map(() => undefined);
    this.waits = new Map();
    this.alive = new Set();
    /** Before each event: what a keyframe has. */
    this.keyframes = [];
    /** After each event: the queue of each channel. */
    this.after = [];
    this.run = {
      version: 1,
      name: 'made up',
      command: 'made-up',
      duration: 0,
      completeFrom: 0,
      incomplete: false,
      dropped: 0,
      damage: [],
      processes: [{ name: 'made up' }],
      threads: threads.map((name) => ({ name, process: 0 })),
      channels: channels.map(({ label, bound = null }) => ({ label, type: 'u32', bound, process: 0 })),
      primitives: [],
      endpoints: [],
      callsites: [],
      places: [],
      threadOrder: threads.map((_, i) => i),
      channelOrder: channels.map((_, i) => i),
      kinds: KINDS,
      activities: ACTIVITIES,
    };
  }

  event(thread, kind, fields = {}) {
    this.keyframes.push({
      waiting: [...this.waits.values()],
      alive: [...this.alive],
      channels: this.channels.flatMap((it, channel) => (it ? [{ channel, ...it }] : [])),
    });
    this.time += fields.after ?? 1000;
    this.alive.add(thread);
    this.waits.delete(thread);
    this.events.push({ thread, kind, time: this.time, ...fields });
    this.run.duration = this.time;
  }

  settle() {
    this.after.push({
      queues: this.queues.map((it) => [...it]),
      waits: [...this.waits.keys()],
      alive: [...this.alive],
    });
  }

  start(thread) {
    this.event(thread, kindOf('threadStarted', 'start'));
    this.settle();
  }

  end(thread, panicked = false) {
    this.event(thread, panicked ? kindOf('threadEnded', 'end') + 1 : kindOf('threadEnded', 'end'));
    this.alive.delete(thread);
    this.settle();
  }

  make(thread, channel) {
    this.event(thread, kindOf('channelCreated', 'channel'), { channel });
    this.channels[channel] = { sent: 0, received: 0, depth: 0, senders: 1, receivers: 1 };
    this.settle();
  }

  change(thread, channel, group, verb, field, by) {
    this.event(thread, kindOf(group, verb), { channel });
    this.channels[channel][field] += by;
    this.settle();
  }

  clone(thread, channel) {
    this.change(thread, channel, 'senderCloned', 'clone sender', 'senders', 1);
  }

  dropSender(thread, channel) {
    this.change(thread, channel, 'senderDropped', 'drop sender', 'senders', -1);
  }

  dropReceiver(thread, channel) {
    this.change(thread, channel, 'receiverDropped', 'drop receiver', 'receivers', -1);
  }

  wait(thread, channel, verb) {
    const kind = kindOf('waitBegan', verb);
    this.event(thread, kind, { channel, duration: -1 });
    const { time: since } = this;
    const target = { targetType: TargetType.channel, target: channel, place: NONE };
    this.waits.set(thread, { thread, kind, since, ...target });
    this.settle();
  }

  endWait(thread, channel, verb) {
    const { since } = this.waits.get(thread);
    const duration = this.time + 1000 - since;
    this.event(thread, kindOf('wait', verb), { channel, duration, since });
    this.settle();
  }

  /** A send returns whose message was handed over before. */
  returns(thread, channel) {
    this.event(thread, kindOf('returning', 'send'), { channel });
    this.settle();
  }

  /** `more`: `cause` and `waited`, times. */
  send(thread, channel, text, more = {}) {
    const state = this.channels[channel];
    const message = state.sent + 1;
    const depth = state.depth + 1;
    this.event(thread, kindOf('operation', 'send', 'transferred'), {
      channel,
      message,
      depth,
      text,
      ...more,
    });
    this.channels[channel] = { ...state, sent: message, depth };
    this.queues[channel].push(message);
    this.settle();
  }

  receive(thread, channel) {
    const state = this.channels[channel];
    const message = this.queues[channel].shift();
    const depth = state.depth - 1;
    this.event(thread, kindOf('operation', 'recv', 'transferred'), { channel, message, depth });
    this.channels[channel] = { ...state, received: state.received + 1, depth };
    this.settle();
  }

  /** The chunks, of at most `size` events. */
  chunks(size) {
    const chunks = [];
    for (let first = 0; first < this.events.length; first += size) {
      chunks.push(this.chunk(chunks.length, first, Math.min(first + size, this.events.length)));
    }
    return chunks;
  }

  chunk(number, first, last) {
    const events = this.events.slice(first, last);
    const texts = [];
    const column = (Type, f) => Type.from(events, f);
    const given = (value) => value ?? NONE;
    const keyframe = this.keyframes[first];
    const nothing = column(Float64Array, () => NONE);
    return {
      number,
      begin: events[0].time,
      end: events.at(-1).time + 1,
      firstStep: first,
      length: events.length,
      kind: column(Uint16Array, (it) => it.kind),
      thread: column(Uint32Array, (it) => it.thread),
      time: column(Float64Array, (it) => it.since ?? it.time),
      duration: column(Float64Array, (it) => it.duration ?? 0),
      targetType: column(Int8Array, (it) => (it.channel === undefined ? NONE : TargetType.channel)),
      target: column(Int32Array, (it) => given(it.channel)),
      place: column(Int32Array, () => NONE),
      endpoint: column(Int32Array, () => NONE),
      message: column(Float64Array, (it) => given(it.message)),
      from: column(Int32Array, () => NONE),
      fromTime: nothing,
      latency: nothing,
      depth: column(Float64Array, (it) => given(it.depth)),
      cause: column(Float64Array, (it) => given(it.cause)),
      waited: column(Float64Array, (it) => given(it.waited)),
      timeout: nothing,
      text: column(Int32Array, (it) => (it.text === undefined ? NONE : texts.push(it.text) - 1)),
      texts,
      states: { length: 0 },
      holds: { length: 0 },
      ...keyframe,
      bytes: 0,
    };
  }
}

/** Numbers that look random and are the same in each run of the tests. */
export function randomNumbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A run of `length` events or a few more: threads that send and receive at random. */
export function randomRun(seed, length) {
  const random = randomNumbers(seed);
  const bounds = [null, 3, 1, null];
  const run = new MadeUpRun({
    threads: ['main', 'a', 'b', 'c'],
    channels: bounds.map((bound, i) => ({ label: `channel ${i}`, bound })),
  });
  for (let channel = 0; channel < bounds.length; channel += 1) run.make(0, channel);
  for (const thread of [1, 2, 3]) run.start(thread);
  while (run.events.length < length) {
    const thread = random(4);
    const wait = run.waits.get(thread);
    const channel = wait ? wait.target : random(bounds.length);
    const queue = run.queues[channel];
    const isFull = bounds[channel] !== null && queue.length >= bounds[channel];
    if (wait) {
      const verb = KINDS[wait.kind].verb;
      if (verb === 'recv' ? queue.length === 0 : isFull) continue;
      run.endWait(thread, channel, verb);
      if (verb === 'recv') run.receive(thread, channel);
      else run.send(thread, channel, `value ${run.events.length}`);
    } else if (random(2) === 0) {
      if (isFull) run.wait(thread, channel, 'send');
      else run.send(thread, channel, `value ${run.events.length}`);
    } else if (queue.length > 0) {
      run.receive(thread, channel);
    } else {
      run.wait(thread, channel, 'recv');
    }
    // Not all of them wait forever.
    if (run.waits.size === 4) {
      for (const [stuck, { target, kind }] of run.waits) {
        if (KINDS[kind].verb !== 'recv') continue;
        run.endWait(stuck, target, 'recv');
        break;
      }
    }
    if (run.waits.size === 4) {
      const [stuck, { target }] = [...run.waits][0];
      run.endWait(stuck, target, 'send');
    }
  }
  return run;
}

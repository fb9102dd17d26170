// What the recording itself says, read from its text form.
import { readFileSync } from 'node:fs';

const RECEIVED = new Set(['Recv', 'TryRecv', 'RecvTimeout', 'RecvEnd', 'RecvTimeoutEnd']);
const SENT = new Set(['Send', 'TrySend', 'SendEnd']);
const ON_CHANNEL = /^(Try)?(Send|Recv|Receiver|Channel)/;

/** Counts in NAME.txt what its traces must show. */
export function readRecording(file) {
  const counts = { sent: 0, received: 0 };
  const last = new Map(); // thread -> its last event on a channel, and in which block
  let thread, sequence;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const block = /^block process=(\d+) thread=(\d+) sequence=(\d+)/.exec(line);
    if (block) {
      thread = `${block[1]}/${block[2]}`;
      sequence = Number(block[3]);
      continue;
    }
    const name = /^\d+ (\w+)/.exec(line)?.[1];
    if (!name || !ON_CHANNEL.test(name)) continue;
    if (SENT.has(name)) counts.sent += 1;
    if (RECEIVED.has(name)) counts.received += 1;
    if (!(last.get(thread)?.sequence > sequence)) last.set(thread, { sequence, name });
  }
  return {
    ...counts,
    /** Threads that did something with a channel. */
    threads: last.size,
    /** Threads whose last deed was to begin a wait. */
    stuck: [...last.values()].filter(({ name }) => name.endsWith('Begin')).length,
  };
}

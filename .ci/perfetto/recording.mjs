// What the recording itself says, read from its text form.
import { readFileSync } from 'node:fs';

const RECEIVED = new Set(['Recv', 'TryRecv', 'RecvTimeout', 'RecvEnd', 'RecvTimeoutEnd']);
const SENT = new Set(['Send', 'TrySend', 'SendEnd']);
// What is said of a thread without being something that it does.
const FACTS = new Set(['ThreadStarted', 'Clock', 'Site', 'PrimitiveSeen', 'PrimitiveNamed',
  'EndpointNamed', 'Callsite', 'Value']);

/** Counts in NAME.txt what its traces must show. */
export function readRecording(file) {
  const counts = { sent: 0, received: 0 };
  const last = new Map(); // thread -> its last deed, and in which block
  let process, thread, sequence;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const block = /^block process=(\d+) thread=(\d+) sequence=(\d+)/.exec(line);
    if (block) {
      process = block[2] === '0';
      thread = `${block[1]}/${block[2]}`;
      sequence = Number(block[3]);
      continue;
    }
    const name = /^\d+ (\w+)/.exec(line)?.[1];
    if (!name || process || FACTS.has(name)) continue;
    if (SENT.has(name)) counts.sent += 1;
    if (RECEIVED.has(name)) counts.received += 1;
    if (!(last.get(thread)?.sequence > sequence)) last.set(thread, { sequence, name });
  }
  return {
    ...counts,
    /** Threads that did something. */
    threads: last.size,
    /** Threads whose last deed was to begin a wait. */
    stuck: [...last.values()].filter(({ name }) => name.endsWith('Begin')).length,
  };
}

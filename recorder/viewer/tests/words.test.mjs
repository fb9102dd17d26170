import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, counted, duration, eventName, quoted, sentence } from '../src/app/words.ts';

const run = {
  threads: [{ name: 'main' }, { name: 'worker-1' }],
  channels: [
    { label: 'jobs', bound: 4 },
    { label: 'hands', bound: 0 },
  ],
  primitives: [{ label: 'state' }],
  callsites: [{ name: 'handle' }],
};
const jobs = { type: 0, index: 0 };
const event = (kind, more) => ({ thread: 1, time: 5_000_000, step: 0, duration: 0, kind: { category: 'channel', ...kind }, ...more });

test('lengths of time have at most four digits', () => {
  assert.deepEqual(
    [0, 999, 1000, 1234, 12_345, 999_499, 999_501, 1_250_000, 59.94e9, 125e9, 7200e9].map(duration),
    ['0 ns', '999 ns', '1 µs', '1.23 µs', '12.3 µs', '999 µs', '1 ms', '1.25 ms', '59.9 s', '2 min 5 s', '2 h 0 min'],
  );
  assert.equal(count(1234567), '1,234,567');
  assert.equal(counted(1, 'message'), '1 message');
});

test('a step is a sentence', () => {
  const received = event(
    { group: 'operation', verb: 'recv', call: 'recv', receive: true, ending: 'transferred' },
    { target: jobs, message: 7, text: 'job 7', from: { thread: 0, time: 4_000_000 }, latency: 1_200_000, waited: 900_000 },
  );
  assert.equal(
    sentence(run, received),
    'worker-1 received message 7 (“job 7”) from jobs, 1.2 ms after main sent it, and had waited 900 µs.',
  );
  const say = (kind, more) => sentence(run, event(kind, more));
  assert.equal(say({ group: 'operation', verb: 'send', send: true }, { target: jobs, message: 3 }), 'worker-1 sent message 3 to jobs.');
  assert.equal(say({ group: 'waitBegan', verb: 'send', call: 'send' }, { target: jobs }), 'worker-1 starts to wait for room in jobs.');
  assert.equal(
    say({ group: 'wait', verb: 'recv', call: 'recv' }, { target: jobs, duration: 2000 }),
    'worker-1 waited 2 µs for a message in jobs.',
  );
  assert.equal(say({ group: 'wait', verb: 'sleep', call: 'sleep' }, { duration: 5e6 }), 'worker-1 slept 5 ms.');
  assert.equal(
    say({ group: 'wait', verb: 'send', call: 'send' }, { target: { type: 0, index: 1 }, duration: 10 }),
    'worker-1 waited 10 ns for a receiver of hands.',
  );
  assert.equal(say({ group: 'operation', verb: 'lock', call: 'lock', category: 'primitive' }, { target: { type: 1, index: 0 } }), 'worker-1 locked state.');
  assert.equal(say({ group: 'channelCreated', verb: 'channel' }, { target: jobs }), 'worker-1 made the channel jobs, which holds 4 messages.');
  assert.equal(
    say({ group: 'operation', verb: 'recv', call: 'recv', ending: 'disconnected' }, { target: jobs }),
    'worker-1 found jobs empty and all its senders gone.',
  );
});

test('names are those of the timeline', () => {
  assert.equal(eventName(run, event({ group: 'operation', verb: 'try_recv', note: 'empty' }, { target: jobs })), 'try_recv jobs (empty)');
  assert.equal(eventName(run, event({ group: 'span', verb: '' }, { target: { type: 3, index: 0 } })), 'handle');
});

test('texts of the program are shortened by characters', () => {
  assert.equal(quoted('a\nb'), '“a b”');
  assert.equal(quoted('😀😀😀😀', 3), '“😀😀…”');
});

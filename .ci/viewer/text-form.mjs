// What a recording itself says, read from its text form.
import { readFileSync } from 'node:fs';

const SENT = new Set(['Send', 'TrySend', 'SendEnd']);
const RECEIVED = new Set(['Recv', 'TryRecv', 'RecvTimeout', 'RecvEnd', 'RecvTimeoutEnd']);

/** Messages sent and received on each channel, by the names of channels. */
export function countMessages(file) {
  const channels = new Map(); // process/channel -> its name and counts
  const endpoints = new Map(); // process/endpoint -> process/channel
  const transfers = [];
  let process;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    process = /^block process=(\d+)/.exec(line)?.[1] ?? process;
    const name = /^\d+ (\w+)/.exec(line)?.[1];
    if (!name) continue;
    const number = (field) => `${process}/${new RegExp(` ${field}=(\\d+)`).exec(line)?.[1]}`;
    if (name === 'ChannelCreated') {
      const label = JSON.parse(/ name=("(?:[^"\\]|\\.)*")/.exec(line)[1]);
      channels.set(number('channel'), { label, sent: 0, received: 0 });
      endpoints.set(number('sender'), number('channel'));
      endpoints.set(number('receiver'), number('channel'));
    } else if (name === 'SenderCloned') {
      transfers.push(['clone', number('sender'), number('from')]);
    } else if (SENT.has(name)) {
      transfers.push(['sent', number('endpoint')]);
    } else if (RECEIVED.has(name)) {
      transfers.push(['received', number('endpoint')]);
    }
  }
  // Blocks are in the order of threads: a clone can come before what it is a clone of.
  const clones = transfers.filter(([kind]) => kind === 'clone');
  for (let known = -1; known !== endpoints.size;) {
    known = endpoints.size;
    for (const [, clone, of] of clones) {
      if (endpoints.has(of)) endpoints.set(clone, endpoints.get(of));
    }
  }
  for (const [kind, endpoint] of transfers) {
    if (kind !== 'clone') channels.get(endpoints.get(endpoint))[kind] += 1;
  }
  return [...channels.values()];
}

// Runs the recorder, and the program of this benchmark under it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { within } from './browser.mjs';

const LOAD = fileURLToPath(new URL('load', import.meta.url));
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/[^\s#]*/;
const STARTED = /^load: starts at (\d+) ns$/m;
const ENDED = /^load: (\d+) operations in (\d+) ns, (\d+) ns of processor time$/m;
const ADDRESS_LIMIT = 60_000;
const STOP_LIMIT = 20_000;

const running = new Set();

/** Ends everything that was started. */
export function killAll() {
  for (const process of running) process.kill();
}

export class Recorder {
  constructor(command) {
    this.command = command;
  }

  start(...args) {
    return new Process(this.command, args, LOAD);
  }

  /** Runs it to its end. Returns what it printed. */
  async run(limit, ...args) {
    const process = this.start(...args);
    try {
      const status = await within(limit, process.ended, `recorder ${args[0]}`);
      if (status !== 0) throw new Error(`recorder ${args.join(' ')} failed: ${process.output}`);
      return process.output;
    } finally {
      process.kill();
    }
  }

  /** Records the program; `load` are its arguments. Returns what it measured. */
  async record(limit, file, load, ...options) {
    return measured(await this.run(limit, ...recordArguments(file, load, options)));
  }

  /** Starts to record the program. */
  startRecording(file, load, ...options) {
    return this.start(...recordArguments(file, load, options));
  }
}

function recordArguments(file, load, options) {
  return ['run', 'load', '--release', '--no-values', '-o', file, ...options, '--', ...load.map(String)];
}

/** What the program printed: when it started, and its times in ns. */
export function measured(output) {
  const started = STARTED.exec(output);
  const ended = ENDED.exec(output);
  if (!started || !ended) throw new Error(`the program printed no times: ${output}`);
  const [operations, elapsed, processor] = ended.slice(1).map(Number);
  return { startedMs: Number(started[1]) / 1e6, operations, elapsed, processor };
}

/** A process in a group of its own, which gets signals as it would from a terminal. */
class Process {
  output = '';
  hasEnded = false;

  constructor(command, args, cwd) {
    this.child = spawn(command, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this);
    this.ended = once(this.child, 'close').then(([status]) => {
      this.hasEnded = true;
      running.delete(this);
      return status;
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
      });
    }
  }

  get pid() {
    return this.child.pid;
  }

  /** Waits until it has printed something. */
  async printed(pattern, limit) {
    const wait = async () => {
      const { stdout, stderr } = this.child;
      while (!pattern.test(this.output)) {
        if (this.hasEnded) throw new Error(`it ended: ${this.output}`);
        await Promise.race([once(stdout, 'data'), once(stderr, 'data'), this.ended]);
      }
      return pattern.exec(this.output)[0];
    };
    return within(limit, wait(), `${this.child.spawnfile} printing ${pattern}`);
  }

  address() {
    return this.printed(ADDRESS, ADDRESS_LIMIT);
  }

  programEnded(limit) {
    return this.printed(ENDED, limit);
  }

  /** The most memory that it has had so far, in bytes. */
  peakMemory() {
    const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
    return Number(kib) * 1024;
  }

  signal(name) {
    try {
      process.kill(-this.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }

  /** Ends it as Ctrl-C does. */
  async stop() {
    if (this.hasEnded) return;
    this.signal('SIGINT');
    await within(STOP_LIMIT, this.ended, 'its end').catch(() => this.kill());
  }

  kill() {
    if (!this.hasEnded && this.pid) this.signal('SIGKILL');
  }
}

// Runs the recorder.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/\S*/;

export class Recorder {
  /** `root` is where it runs: source files are found from there. */
  constructor(command, root) {
    this.command = command;
    this.root = root;
  }

  /** Runs it to its end and returns what it printed. */
  run(...args) {
    return execFileSync(this.command, args, {
      cwd: this.root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Exports a recording as `STEM.EXTENSION` for each extension. */
  export(recording, stem, ...extensions) {
    this.run('--quiet', 'export', recording, ...extensions.flatMap((it) => ['-o', `${stem}.${it}`]));
  }

  report(recording) {
    return JSON.parse(this.run('--quiet', 'report', recording, '--json'));
  }

  /** Starts it, and waits for the address of the page that it serves. */
  async serve(...args) {
    // In a process group of its own, which gets the signal as it would from a terminal.
    const child = spawn(this.command, args, { cwd: this.root, detached: true });
    const served = new Served(child);
    try {
      await served.printed(ADDRESS);
    } catch (error) {
      await served.stop();
      throw error;
    }
    return served;
  }
}

/** A recorder that serves a page. */
export class Served {
  output = '';
  hasEnded = false;

  constructor(child) {
    this.child = child;
    this.ended = once(child, 'close').then(() => {
      this.hasEnded = true;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
      });
    }
  }

  get address() {
    return ADDRESS.exec(this.output)?.[0];
  }

  /** Waits until it, or the program that it runs, has printed something. */
  async printed(pattern) {
    while (!pattern.test(this.output)) {
      if (this.hasEnded) throw new Error(`it ended without printing ${pattern}: ${this.output}`);
      const { stdout, stderr } = this.child;
      await Promise.race([once(stdout, 'data'), once(stderr, 'data'), this.ended]);
    }
  }

  /** Writes a line to the standard input of the program that it runs. */
  tell(line) {
    this.child.stdin.write(`${line}\n`);
  }

  /** Interrupts it until it ends: the first signal ends the program, the next one the server. */
  async stop() {
    while (!this.hasEnded) {
      process.kill(-this.child.pid, 'SIGINT');
      await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, 300))]);
    }
  }
}

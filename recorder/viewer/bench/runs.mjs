// The runs that are shown: recorded, and exported, when a row first needs them.
import { statSync } from 'node:fs';
import { join } from 'node:path';

const MILLION = 1_000_000;
const RECORD_LIMIT = 900_000;
const EXPORT_LIMIT = 300_000;
/** Messages that wait in a channel at most. */
const BOUND = 64;

/** Arguments of the program. A send is an operation, and so is a receive. */
export function load(operations, pairs, bound = BOUND) {
  return [pairs, Math.round(operations / 2 / pairs), bound];
}

export class Runs {
  made = new Map();
  /** How long it took to make each file, in ms, and its size in bytes. */
  facts = new Map();

  constructor(recorder, directory, scale) {
    this.recorder = recorder;
    this.directory = directory;
    this.loads = {
      '1m': load(MILLION * scale, 4),
      '10m': load(10 * MILLION * scale, 4),
      '100m': load(100 * MILLION * scale, 4),
      lanes: load(MILLION * scale, 20),
    };
  }

  /** What is in a run, in words. */
  describe(name) {
    const [pairs, messages] = this.loads[name];
    const operations = pairs * messages * 2;
    return `${count(operations)} operations, ${pairs * 2 + 1} threads`;
  }

  path(file) {
    return join(this.directory, file);
  }

  /** The path of a recording (`rec`), or of what is exported from it. */
  file(name, extension = 'rec') {
    const file = `${name}.${extension}`;
    if (!this.made.has(file)) this.made.set(file, this.make(name, extension));
    return this.made.get(file);
  }

  async make(name, extension) {
    const file = `${name}.${extension}`;
    const path = this.path(file);
    const recording = extension === 'rec' ? undefined : await this.file(name);
    const start = performance.now();
    if (extension === 'rec') await this.recorder.record(RECORD_LIMIT, path, this.loads[name]);
    else await this.recorder.run(EXPORT_LIMIT, 'export', recording, '-o', path);
    const { size } = statSync(path);
    this.facts.set(file, { time: performance.now() - start, size });
    console.error(`wrote ${file}, ${(size / 1e6).toFixed(1)} MB`);
    return path;
  }
}

export function count(operations) {
  return operations >= MILLION ? `${operations / MILLION} million` : operations.toLocaleString('en');
}

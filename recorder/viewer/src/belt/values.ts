/** The values of messages: those of the chunk at hand, and those of earlier ones, when needed. */

import { type Chunk, NONE, TargetType } from '../data/chunk';
import type { Model } from '../data/model';
import { messageKey } from './loads';

/** Lookups at the same time. */
const MAX_LOOKUPS = 4;
/** Lookups that wait; older ones are dropped. */
const MAX_WANTED = 200;
/** Values that are kept, about. */
const MAX_KNOWN = 50_000;

export class Values {
  private readonly known = new Map<string, string>();
  private readonly asked = new Set<string>();
  private wanted: { channel: number; number: number; near: number }[] = [];
  private running = 0;
  private chunk: Chunk | undefined;
  /** Whether the run has values at all. */
  private recorded = false;

  constructor(
    private readonly model: Model,
    private readonly changed: () => void,
  ) {}

  take(chunk: Chunk): void {
    if (this.chunk === chunk) return;
    this.chunk = chunk;
    if (this.known.size > MAX_KNOWN) {
      this.known.clear();
      this.asked.clear();
    }
    for (let i = 0; i < chunk.length; i += 1) {
      if (chunk.text[i] === NONE || chunk.message[i] === NONE) continue;
      if (chunk.targetType[i] !== TargetType.channel) continue;
      this.recorded = true;
      const key = messageKey(chunk.target[i], chunk.message[i]);
      this.known.set(key, chunk.texts[chunk.text[i]]);
    }
  }

  of(channel: number, number: number): string | undefined {
    const key = messageKey(channel, number);
    const value = this.known.get(key);
    const { chunk } = this;
    if (value === undefined && this.recorded && chunk && !this.asked.has(key)) {
      this.asked.add(key);
      this.wanted.push({ channel, number, near: chunk.firstStep });
      if (this.wanted.length > MAX_WANTED) this.wanted.shift();
      void this.lookUp();
    }
    return value;
  }

  private async lookUp(): Promise<void> {
    if (this.running >= MAX_LOOKUPS) return;
    this.running += 1;
    for (let next = this.wanted.pop(); next; next = this.wanted.pop()) {
      const { channel, number, near } = next;
      try {
        const { sent } = await this.model.message(channel, number, near);
        const text = sent === undefined ? undefined : (await this.model.event(sent)).text;
        if (text !== undefined) {
          this.known.set(messageKey(channel, number), text);
          this.changed();
        }
      } catch {
        // It is shown by its number.
      }
    }
    this.running -= 1;
  }
}

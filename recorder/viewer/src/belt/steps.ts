/** From a step to the next one that changes the picture. */

import type { Chunk } from '../data/chunk';
import type { Model } from '../data/model';
import { isShown } from './state';

type Wanted = (chunk: Chunk, i: number) => boolean;

export class Steps {
  constructor(private readonly model: Model) {}

  get count(): number {
    return this.model.index.steps;
  }

  /** The next step in a direction, or the next of a thread; `undefined` at the end. */
  next(step: number, direction: 1 | -1, thread?: number): Promise<number | undefined> {
    const { kinds } = this.model.run;
    return this.find(step + direction, direction, (chunk, i) => {
      const isWanted = thread === undefined || chunk.thread[i] === thread;
      return isWanted && isShown(kinds[chunk.kind[i]]);
    });
  }

  private async find(from: number, direction: 1 | -1, wanted: Wanted): Promise<number | undefined> {
    let step = from;
    while (step >= this.first() && step < this.count) {
      const chunk = await this.chunkAt(step);
      let i = step - chunk.firstStep;
      for (; i >= 0 && i < chunk.length; i += direction) {
        if (wanted(chunk, i)) return chunk.firstStep + i;
      }
      if (chunk.length === 0) return undefined;
      step = direction > 0 ? chunk.firstStep + chunk.length : chunk.firstStep - 1;
    }
    return undefined;
  }

  /** The first step that is kept. */
  first(): number {
    const { chunks, open } = this.model.index;
    return chunks[0]?.[3] ?? open?.[3] ?? 0;
  }

  async chunkAt(step: number): Promise<Chunk> {
    const number = this.model.chunkOf(step);
    const cached = this.model.cachedChunk(number);
    // The last chunk of a running program grows.
    const has = cached !== undefined && step < cached.firstStep + cached.length;
    return has ? cached : this.model.chunk(number);
  }
}

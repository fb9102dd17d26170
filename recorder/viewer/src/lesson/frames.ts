/** The belts of a run at the few steps that matter, for paper. */

import { sentence } from '../app/words';
import type { Layout } from '../belt/boxes';
import { layoutInside } from '../belt/layout';
import { plan } from '../belt/plan';
import { type BeltPicture, stateAt } from '../belt/state';
import { type Stuck, stuckAt } from '../belt/stuck';
import { Uses } from '../belt/uses';
import { Values } from '../belt/values';
import { eventView } from '../data/event';
import type { Model } from '../data/model';

/** The largest picture, and the size of its text, in pixels. */
const WIDTH = 640;
const HEIGHT = 230;
const TEXT = 13;

export interface KeyFrame {
  readonly layout: Layout;
  readonly picture: BeltPicture;
  readonly stuck: Stuck;
  readonly sentence: string;
  valueOf(channel: number, number: number): string | undefined;
}

/** The belts after some steps. */
export async function framesOf(model: Model, steps: readonly number[]): Promise<KeyFrame[]> {
  const { run, index, report } = model;
  const uses = new Uses();
  const values = new Values(model, () => {});
  if (report) uses.addReport(report);
  for (let n = index.first; n < index.first + index.chunks.length; n += 1) {
    const chunk = await model.chunk(n);
    uses.addChunk(run, chunk);
    values.take(chunk);
  }
  const layout = layoutInside(plan(run, uses.of(run), report), WIDTH, HEIGHT, TEXT);
  return Promise.all(
    steps.map(async (step) => {
      const chunk = await model.chunk(model.chunkOf(step));
      const picture = stateAt(run, chunk, step);
      return {
        layout,
        picture,
        // A picture before a question must not answer it.
        stuck: stuckAt(run, undefined, picture),
        sentence: sentence(run, eventView(run, chunk, step - chunk.firstStep)),
        valueOf: (channel: number, number: number) => values.of(channel, number),
      };
    }),
  );
}

/** The size on paper. */
export function sizeOf({ width, height }: Layout): { width: number; height: number } {
  const by = Math.min(WIDTH / width, HEIGHT / height, 1);
  return { width: width * by, height: height * by };
}

/** The threads, each with what it does next. */

import { threadName } from '../app/words';
import type { BeltPicture } from '../belt/state';
import { statusOf } from '../belt/status';
import type { Run } from '../data/run';
import type { Prospect } from './state';
import { placeOf, waitText } from './words';

interface ThreadsProps {
  run: Run;
  picture: BeltPicture;
  prospects: readonly Prospect[];
  /** The threads that wait for each other, or for ever. */
  stuck: ReadonlySet<number>;
  /** The thread that goes on next in the order that is played. */
  next: number | undefined;
  onChoose(thread: number): void;
}

export function Threads({ run, picture, prospects, stuck, next, onChoose }: ThreadsProps) {
  const of = new Map(prospects.map((it) => [it.thread, it]));
  return (
    <ol class="orders-threads" aria-label="Threads">
      {run.threads.map((_, thread) => {
        const prospect = of.get(thread);
        const name = threadName(run, thread);
        const status = statusOf(run, picture, thread, stuck.has(thread));
        const canGo = prospect?.canGo ?? false;
        const isAlive = picture.workers.get(thread)?.life === 'alive';
        const place = prospect && isAlive ? placeOf(prospect.move) : '';
        const waits = prospect && isAlive ? waitText(run, picture, thread, prospect.move) : undefined;
        return (
          <li key={thread}>
            <button
              type="button"
              class={`orders-thread${stuck.has(thread) ? ' stuck' : ''}${next === thread ? ' next' : ''}`}
              data-thread={thread}
              disabled={!canGo}
              onClick={() => onChoose(thread)}
            >
              <kbd>{thread < 9 ? thread + 1 : ''}</kbd>
              <b>{name}</b>
              <span>{canGo && prospect ? prospect.move.intends : (waits ?? status)}</span>
              <small>{place}</small>
            </button>
          </li>
        );
      })}
    </ol>
  );
}

/** The parts of the tab, and what is said below the picture. */

import { counted, threadName } from '../app/words';
import type { Run } from '../data/run';
import type { Plan } from './plan';

/** Where the source lines are. */
export type SourcesAt = 'beside' | 'below' | 'nowhere';

interface FrameProps {
  sources?: SourcesAt;
  sentence?: string;
  note?: string;
  stage?: preact.JSX.Element;
  rest?: preact.JSX.Element;
  side?: preact.JSX.Element;
  controls?: preact.JSX.Element;
}

export function Frame({ sources = 'beside', sentence: text, note, stage, rest, side, controls }: FrameProps) {
  return (
    <>
      <p class="belt-sentence">
        <span>{text}</span>
        {note === undefined ? null : <span class="belt-note">{note}</span>}
      </p>
      <div class={`belt-middle ${sources}`}>
        <div class="belt-stage" tabIndex={-1}>
          {stage}
        </div>
        {side}
      </div>
      {rest}
      {controls}
    </>
  );
}

/** Names of what there is no room for. */
export function Rest({ plan: planned, run }: { plan: Plan; run: Run }) {
  const { hiddenChannels, hiddenThreads, hiddenLocks } = planned;
  const parts: string[] = [];
  const names = (all: number[], name: (index: number) => string) => {
    const some = all.slice(0, 5).map(name).join(', ');
    return all.length > 5 ? `${some}, …` : some;
  };
  if (hiddenThreads.length > 0) {
    const list = names(hiddenThreads, (it) => threadName(run, it));
    parts.push(`${counted(hiddenThreads.length, 'more thread')} (${list})`);
  }
  if (hiddenChannels.length > 0) {
    const list = names(hiddenChannels, (it) => run.channels[it].label);
    parts.push(`${counted(hiddenChannels.length, 'more channel')} (${list})`);
  }
  if (hiddenLocks > 0) parts.push(counted(hiddenLocks, 'more lock'));
  return parts.length > 0 ? <p class="belt-rest">{`Not shown: ${parts.join('; ')}.`}</p> : null;
}

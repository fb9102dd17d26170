/** A thread, drawn as a worker. */

import { ACTIVITY_VARIABLES, type Run } from '../data/run';
import { threadName } from '../app/words';
import type { WorkerBox } from './boxes';
import type { BeltPicture } from './state';
import { activityOf, briefStatusOf, stateName, statusOf, wrapText } from './status';

interface WorkerProps {
  run: Run;
  box: WorkerBox;
  picture: BeltPicture;
  unit: number;
  /** Whether it waits forever. */
  stuck: boolean;
  selected: boolean;
  onSelect(thread: number): void;
}

/** Everything that a worker shows and that can change. */
export function workerShows(
  run: Run,
  picture: BeltPicture,
  thread: number,
  stuck: boolean,
  selected: boolean,
): string {
  const worker = picture.workers.get(thread);
  return [
    threadName(run, thread),
    stateName(run, worker),
    statusOf(run, picture, thread, stuck),
    worker?.held !== undefined,
    picture.thread === thread,
    selected,
  ].join('\n');
}

export function Worker({ run, box, picture, unit, stuck, selected, onSelect }: WorkerProps) {
  const { thread } = box;
  const worker = picture.workers.get(thread);
  const state = stateName(run, worker);
  const status = statusOf(run, picture, thread, stuck);
  const name = threadName(run, thread);
  const alive = worker?.life === 'alive';
  const variable = alive ? ACTIVITY_VARIABLES[activityOf(run, worker)] : undefined;
  const scale = unit * box.figure;
  const acts = picture.thread === thread;
  const select = () => onSelect(thread);
  return (
    <g
      class={`worker${acts ? ' acts' : ''}${stuck ? ' stuck' : ''}${selected ? ' selected' : ''}`}
      data-thread={thread}
      data-state={state}
      role="button"
      tabindex={0}
      aria-label={`${name}: ${status}`}
      aria-pressed={selected}
      onClick={select}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return;
        event.stopPropagation();
        select();
      }}
    >
      <title>{`${name}: ${status}`}</title>
      <rect
        class="worker-frame"
        x={box.x}
        y={box.y}
        width={box.width}
        height={box.height}
        rx={unit * 0.6}
      />
      <g transform={`translate(${box.hands.x} ${box.hands.y}) scale(${scale})`}>
        <Figure state={state} variable={variable} holds={worker?.held !== undefined} />
      </g>
      <Words
        box={box}
        unit={unit}
        name={name}
        status={isTiny(box) ? briefStatusOf(run, picture, thread) : status}
      />
    </g>
  );
}

function isTiny({ figure }: WorkerBox): boolean {
  return figure < 0.7;
}

function Words({
  box,
  unit,
  name,
  status,
}: {
  box: WorkerBox;
  unit: number;
  name: string;
  status: string;
}) {
  const { beside, figure } = box;
  const x = beside ? box.hands.x + 2.5 * figure * unit : box.x + box.width / 2;
  const [nameLine] = wrapText(name, beside ? 12 : 17, 1);
  const lines = wrapText(status, beside ? 14 : 19, isTiny(box) ? 1 : 2);
  const middle = box.y + box.height / 2;
  const top = beside
    ? middle + unit * (lines.length > 1 ? -0.8 : -0.2)
    : box.hands.y + (2.35 * figure + 1.45) * unit;
  return (
    <text class="worker-words" x={x} y={top} text-anchor={beside ? 'start' : 'middle'}>
      <tspan class="worker-name" x={x}>
        {nameLine}
      </tspan>
      {lines.map((line, i) => (
        <tspan key={i} class="worker-status" x={x} dy={unit * 1.18}>
          {line}
        </tspan>
      ))}
    </text>
  );
}

/** Around its hands; its head is up, and one unit is the size of the text. */
function Figure({
  state,
  variable,
  holds,
}: {
  state: string;
  variable: string | undefined;
  holds: boolean;
}) {
  const waits = state.startsWith('waiting');
  const asleep = state === 'asleep';
  const arms = holds
    ? ['M-.95 -.3 Q-1.5 .3 -1.05 .75', 'M.95 -.3 Q1.5 .3 1.05 .75']
    : state === 'waiting in recv'
      ? ['M-.95 -.3 Q-1.6 .1 -1.9 -.25', 'M.95 -.3 Q1.6 .1 1.9 -.25']
      : ['M-.98 -.3 Q-1.45 .3 -1.3 1.05', 'M.98 -.3 Q1.45 .3 1.3 1.05'];
  return (
    <g
      class="figure"
      ref={(element) => {
        if (!element) return;
        element.style.setProperty('--activity', variable ? `var(${variable})` : 'var(--line-strong)');
      }}
    >
      <path class="figure-leg" d="M-.5 1.4 V2.35 M.5 1.4 V2.35" />
      <path class="figure-body" d="M-1.1 1.55 V.1 Q-1.1 -.8 -.3 -.8 H.3 Q1.1 -.8 1.1 .1 V1.55 Q1.1 1.8 .8 1.8 H-.8 Q-1.1 1.8 -1.1 1.55 Z" />
      <path class="figure-arm" d={arms[0]} />
      <path class="figure-arm" d={arms[1]} />
      <circle class="figure-head" cx="0" cy="-1.5" r=".72" />
      <Face state={state} />
      <path class="figure-hat" d="M-.78 -1.72 Q-.78 -2.5 0 -2.5 Q.78 -2.5 .78 -1.72 Z M-1 -1.72 H1 V-1.52 H-1 Z" />
      {waits || asleep || state === 'panicked' || state === 'ended' ? (
        <g class="figure-sign" transform="translate(1.35 -2.05)">
          {asleep ? (
            <path class="figure-z" d="M-.35 -.1 H.15 L-.35 .5 H.15 M.35 -.65 H.75 L.35 -.15 H.75" />
          ) : state === 'ended' ? (
            <path class="figure-done" d="M-.45 0 L-.1 .4 L.55 -.45" />
          ) : state === 'panicked' ? (
            <path class="figure-alarm" d="M.1 -.75 V.1 M.1 .5 V.55" />
          ) : (
            <g class="figure-clock">
              <circle cx=".1" cy="-.05" r=".62" />
              <path d="M.1 -.4 V-.05 L.38 .12" />
            </g>
          )}
        </g>
      ) : null}
    </g>
  );
}

function Face({ state }: { state: string }) {
  if (state === 'panicked') {
    return (
      <path
        class="figure-face"
        d="M-.4 -1.5 L-.18 -1.28 M-.18 -1.5 L-.4 -1.28 M.18 -1.5 L.4 -1.28 M.4 -1.5 L.18 -1.28"
      />
    );
  }
  if (state.startsWith('waiting')) {
    return <path class="figure-face" d="M-.27 -1.38 V-1.36 M.27 -1.38 V-1.36 M-.13 -1.05 H.13" />;
  }
  if (state === 'asleep' || state === 'ended') {
    return <path class="figure-face" d="M-.4 -1.36 H-.18 M.18 -1.36 H.4" />;
  }
  return <path class="figure-face" d="M-.27 -1.38 V-1.36 M.27 -1.38 V-1.36 M-.14 -1.08 Q0 -1.01 .14 -1.08" />;
}

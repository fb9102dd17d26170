/** Buttons, the scrubber and the speed. */

import { count, duration } from '../app/words';
import { type Pace, SPEEDS } from './player';

export interface ControlsProps {
  step: number;
  steps: number;
  first: number;
  time: number;
  playing: boolean;
  pace: Pace;
  speed: number;
  /** Nanoseconds of the run in a millisecond. */
  rate: number;
  /** Names of the selected worker and the selected message. */
  worker: string | undefined;
  message: string | undefined;
  on: {
    play(): void;
    next(): void;
    previous(): void;
    home(): void;
    end(): void;
    scrub(step: number): void;
    pace(pace: Pace): void;
    speed(speed: number): void;
    /** Shows the journey of the selected message. */
    journey(): void;
    nextOfWorker(direction: 1 | -1): void;
  };
}

const ICONS = {
  home: 'M5 5 V19 M19 5 L9 12 L19 19 Z',
  previous: 'M16 5 L7 12 L16 19 Z',
  play: 'M7 4 L20 12 L7 20 Z',
  pause: 'M7 5 H10 V19 H7 Z M14 5 H17 V19 H14 Z',
  next: 'M8 5 L17 12 L8 19 Z',
  end: 'M19 5 V19 M5 5 L15 12 L5 19 Z',
} as const;

export function Button({
  icon,
  label,
  main,
  onClick,
}: {
  icon: keyof typeof ICONS;
  label: string;
  main?: boolean;
  onClick(): void;
}) {
  return (
    <button
      type="button"
      class={`belt-button${main ? ' main' : ''}`}
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={ICONS[icon]} />
      </svg>
    </button>
  );
}

export function Controls(props: ControlsProps) {
  const { on, step, steps, playing } = props;
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, () => void> = {
      ArrowRight: on.next,
      ArrowLeft: on.previous,
      Home: on.home,
      End: on.end,
      ' ': on.play,
    };
    const move = moves[event.key];
    if (!move || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  };
  return (
    <div class="belt-controls" role="group" aria-label="Player">
      <input
        class="belt-scrubber"
        type="range"
        min={props.first}
        max={Math.max(steps - 1, 0)}
        step={1}
        value={step}
        aria-label="Step"
        aria-valuetext={`step ${count(step + 1)} of ${count(steps)}, at ${duration(props.time)}`}
        onInput={(event) => on.scrub(Number(event.currentTarget.value))}
        onKeyDown={onKeyDown}
      />
      <div class="belt-buttons">
        <Button icon="home" label="First step (Home)" onClick={on.home} />
        <Button icon="previous" label="One step back (←)" onClick={on.previous} />
        <Button
          icon={playing ? 'pause' : 'play'}
          label={playing ? 'Pause (space)' : 'Play (space)'}
          main
          onClick={on.play}
        />
        <Button icon="next" label="One step forward (→)" onClick={on.next} />
        <Button icon="end" label="Last step (End)" onClick={on.end} />
      </div>
      <p class="belt-position">
        <span>
          step <b>{count(step + 1)}</b> of {count(steps)}
        </span>
        <span>
          at <b>{duration(props.time)}</b>
        </span>
      </p>
      <Selected {...props} />
      <div class="belt-pace">
        <label>
          <span class="belt-pace-label">Play</span>
          <select
            value={props.pace}
            onChange={(event) => on.pace(event.currentTarget.value === 'time' ? 'time' : 'steps')}
          >
            <option value="steps">step by step</option>
            <option value="time">by time</option>
          </select>
        </label>
        <label>
          <span class="belt-pace-label">Speed</span>
          <select
            value={String(props.speed)}
            onChange={(event) => on.speed(Number(event.currentTarget.value))}
          >
            {SPEEDS.map((speed) => (
              <option key={speed} value={String(speed)}>
                {`${speed}×`}
              </option>
            ))}
          </select>
        </label>
        {props.pace === 'time' ? (
          <span class="belt-rate">1 s shows {duration(props.rate * 1000)}</span>
        ) : null}
      </div>
    </div>
  );
}

/** What can be done with the selected worker and the selected message. */
function Selected({ worker, message, on }: ControlsProps) {
  return (
    <div class="belt-selected">
      {worker === undefined ? null : (
        <span>
          <button type="button" onClick={() => on.nextOfWorker(-1)} title="Shift+←">
            ◂
          </button>
          <b>{worker}</b>
          <button type="button" onClick={() => on.nextOfWorker(1)} title="Shift+→">
            ▸
          </button>
        </span>
      )}
      {message === undefined ? null : (
        <button type="button" onClick={on.journey}>
          {`Journey of ${message}`}
        </button>
      )}
    </div>
  );
}

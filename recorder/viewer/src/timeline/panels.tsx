/** The panels over and below the canvas: what the pointer shows, sums of a range, the legend. */

import { count, duration, threadName } from '../app/words';
import { ACTIVITY_VARIABLES, type Run } from '../data/run';
import type { Window } from '../data/window';
import { SHAPE_NAMES, type Shape, drawMark } from './marks';
import type { Palette } from './palette';
import type { RangeSums } from './sums';
import { type Tip, percent } from './tip';
import { timeNear } from './ticks';

/** More threads and channels than this are summed up in one row. */
const MAX_ROWS = 12;

interface TipPlace {
  readonly x: number;
  readonly y: number;
  /** Whether it is at the left of the pointer, and above it. */
  readonly left: boolean;
  readonly above: boolean;
}

export function TipBox({ tip, place }: { tip: Tip; place: TipPlace }) {
  const { x, y, left, above } = place;
  const style = {
    left: `${left ? x - 14 : x + 14}px`,
    top: `${above ? y - 12 : y + 16}px`,
    transform: `translate(${left ? '-100%' : '0'}, ${above ? '-100%' : '0'})`,
  };
  return (
    <div class="tip" style={style}>
      <strong>{tip.title}</strong>
      {tip.lines.map((line) => (
        <div>{line}</div>
      ))}
    </div>
  );
}

export function Sums({ run, sums, close }: { run: Run; sums: RangeSums; close: () => void }) {
  const length = sums.to - sums.from;
  const occurring = run.activities
    .map((name, activity) => ({ name, activity }))
    .filter(({ activity }) => sums.threads.some(({ ns }) => ns[activity] > 0));
  const precision = Math.max(length / 1000, 1);
  return (
    <section class="sums" aria-label="Sums of the selected time">
      <header>
        <strong>{duration(length)}</strong>
        <span>
          {timeNear(sums.from, precision)} to {timeNear(sums.to, precision)}
        </span>
        <button type="button" aria-label="Close" title="Close (Esc)" onClick={close}>
          ×
        </button>
      </header>
      <table>
        <thead>
          <tr>
            <th scope="col">thread</th>
            {occurring.map(({ name, activity }) => (
              <th scope="col">
                <Swatch activity={activity} /> {name.replace('waiting in ', '')}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sums.threads.slice(0, MAX_ROWS).map(({ thread, ns }) => (
            <tr>
              <th scope="row">{threadName(run, thread)}</th>
              {occurring.map(({ activity }) => (
                <td>{ns[activity] ? <TimeAndShare ns={ns[activity]} of={length} /> : ''}</td>
              ))}
            </tr>
          ))}
          {sums.threads.length > MAX_ROWS ? (
            <tr>
              <th scope="row">{sums.threads.length - MAX_ROWS} more</th>
              {occurring.map(({ activity }) => (
                <td>
                  {duration(
                    sums.threads.slice(MAX_ROWS).reduce((all, { ns }) => all + ns[activity], 0),
                  )}
                </td>
              ))}
            </tr>
          ) : null}
        </tbody>
      </table>
      {sums.channels.length ? (
        <table>
          <thead>
            <tr>
              <th scope="col">channel</th>
              <th scope="col">sent</th>
              <th scope="col">received</th>
              <th scope="col">deepest</th>
            </tr>
          </thead>
          <tbody>
            {sums.channels.slice(0, MAX_ROWS).map(({ channel, sent, received, max }) => (
              <tr>
                <th scope="row">{run.channels[channel].label}</th>
                <td>{count(sent)}</td>
                <td>{count(received)}</td>
                <td>{count(max)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </section>
  );
}

function TimeAndShare({ ns, of }: { ns: number; of: number }) {
  return (
    <>
      {duration(ns)} <small>{percent(ns / of)}</small>
    </>
  );
}

function Swatch({ activity }: { activity: number }) {
  return <i class="swatch" style={{ background: `var(${ACTIVITY_VARIABLES[activity]})` }} />;
}

/** The colours and marks that occur in the run. */
export function Legend({
  run,
  overview,
  shapes,
  palette,
}: {
  run: Run;
  overview: Window | undefined;
  shapes: readonly Shape[];
  palette: Palette;
}) {
  const occurs = (activity: number) =>
    [...(overview?.threads.values() ?? [])].some((bins) => bins.ns[activity]);
  return (
    <div class="legend" aria-hidden="true">
      {run.activities.map((name, activity) =>
        occurs(activity) ? (
          <span>
            <ActivityIcon activity={activity} palette={palette} />
            {name}
          </span>
        ) : null,
      )}
      {shapes.map((shape) => (
        <span>
          <ShapeIcon shape={shape} palette={palette} />
          {SHAPE_NAMES[shape]}
        </span>
      ))}
    </div>
  );
}

/** An icon is drawn like what it stands for, patterns included. */
function ActivityIcon({ activity, palette }: { activity: number; palette: Palette }) {
  return (
    <Icon
      palette={palette}
      paint={(ctx, size) => {
        ctx.fillStyle = palette.activities[activity];
        ctx.fillRect(0, size * 0.1, size, size * 0.8);
        if (!palette.blackWhite) return;
        ctx.strokeStyle = palette.text;
        ctx.strokeRect(0.5, Math.round(size * 0.1) + 0.5, size - 1, Math.round(size * 0.8) - 1);
      }}
    />
  );
}

function ShapeIcon({ shape, palette }: { shape: Shape; palette: Palette }) {
  return (
    <Icon
      palette={palette}
      paint={(ctx, size) =>
        drawMark(ctx, palette, shape, size / 2, size / 2, size * (shape === 'panic' ? 0.3 : 0.36))
      }
    />
  );
}

function Icon({
  palette,
  paint,
}: {
  palette: Palette;
  paint: (ctx: CanvasRenderingContext2D, size: number) => void;
}) {
  const size = Math.round(palette.em);
  const draw = (canvas: HTMLCanvasElement | null) => {
    const ctx = canvas?.getContext('2d');
    if (!canvas || !ctx) return;
    const ratio = devicePixelRatio;
    canvas.width = canvas.height = size * ratio;
    ctx.scale(ratio, ratio);
    paint(ctx, size);
  };
  return <canvas class="icon" ref={draw} style={{ width: `${size}px`, height: `${size}px` }} />;
}

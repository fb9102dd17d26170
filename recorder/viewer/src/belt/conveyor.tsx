/** A channel, drawn as a conveyor belt; a rendezvous, as two hands. */

import type { Run } from '../data/run';
import { count, counted, threadName } from '../app/words';
import { type BeltBox, placeOn } from './boxes';
import type { BeltPicture, BeltState } from './state';
import { fullness, shortenedInside } from './status';

/** A belt that is this wide has room for the states of both ends, in units. */
const MIN_WIDTH_FOR_ENDS = 18;

interface ConveyorProps {
  run: Run;
  box: BeltBox;
  picture: BeltPicture;
  unit: number;
  /** Threads that hold the senders for whose drop another thread waits forever. */
  holders: readonly number[];
}

/** The channel of a slot that is shown: the latest that has been made. */
export function channelOf(box: BeltBox, picture: BeltPicture): number {
  const { channels } = box.slot;
  return channels.findLast((it) => picture.belts.has(it)) ?? channels[0];
}

/** Everything that a belt shows and that can change. */
export function conveyorShows({ run, box, picture, holders }: Omit<ConveyorProps, 'unit'>): string {
  const channel = channelOf(box, picture);
  const belt = picture.belts.get(channel);
  return [
    channel,
    run.channels[channel].label,
    belt && [belt.depth, belt.senders, belt.receivers],
    picture.move?.channel === channel,
    holders,
  ].join('\n');
}

export function Conveyor({ run, box, picture, unit, holders }: ConveyorProps) {
  const channel = channelOf(box, picture);
  const belt = picture.belts.get(channel);
  const { label, bound } = run.channels[channel];
  const closed = belt !== undefined && belt.senders === 0;
  const dropped = belt !== undefined && belt.receivers === 0;
  const classes = ['conveyor'];
  if (!belt) classes.push('ghost');
  if (closed) classes.push('closed');
  if (dropped) classes.push('dropped');
  if (dropped && belt.depth > 0) classes.push('loses');
  if (picture.move?.channel === channel) classes.push('acts');
  const room = Math.floor((box.width / unit) * 1.6);
  const state = bound === 0 ? '' : fullness(bound, belt);
  return (
    <g
      class={classes.join(' ')}
      data-channel={channel}
      data-depth={belt?.depth ?? 0}
      role="img"
      aria-label={description(label, bound, belt)}
    >
      <title>{description(label, bound, belt)}</title>
      <text class="conveyor-label" x={box.x} y={box.label}>
        {shortenedInside(label, room - state.length - 2)}
      </text>
      <text class="conveyor-depth" x={box.x + box.width} y={box.label} text-anchor="end">
        {state}
      </text>
      {bound === 0 ? <Hands box={box} /> : <Belt box={box} unit={unit} bound={bound} />}
      {closed ? <Gate box={box} unit={unit} /> : null}
      {dropped ? <Edge box={box} unit={unit} /> : null}
      <Ends
        box={box}
        unit={unit}
        belt={belt}
        heldBy={holders.map((it) => threadName(run, it)).join(', ')}
      />
    </g>
  );
}

function description(label: string, bound: number | null, belt: BeltState | undefined): string {
  if (!belt) return `${label}: not made yet`;
  const messages = bound ? `${belt.depth} of ${bound} messages` : counted(belt.depth, 'message');
  const senders = belt.senders === 0 ? 'closed: no sender is left' : counted(belt.senders, 'sender');
  const receiver = belt.receivers === 0 ? ', the receiver is dropped' : '';
  return `${label}: ${messages}, ${senders}${receiver}`;
}

function Belt({ box, unit, bound }: { box: BeltBox; unit: number; bound: number | null }) {
  const { x, width, surface, places, parcel, thickness } = box;
  const rollers = Math.max(2, Math.round((width / thickness) * 0.8));
  const step = (width - thickness) / (rollers - 1);
  return (
    <g>
      {bound === null
        ? null
        : Array.from({ length: places }, (_, i) => {
            const middle = placeOn(box, i);
            return (
              <rect
                key={i}
                class="conveyor-place"
                x={middle.x - parcel.width / 2}
                y={surface - parcel.height}
                width={parcel.width}
                height={parcel.height}
                rx={unit * 0.25}
              />
            );
          })}
      <rect class="conveyor-body" x={x} y={surface} width={width} height={thickness} rx={thickness / 2} />
      {Array.from({ length: rollers }, (_, i) => (
        <circle
          key={i}
          class="conveyor-roller"
          cx={x + thickness / 2 + i * step}
          cy={surface + thickness / 2}
          r={thickness * 0.27}
        />
      ))}
    </g>
  );
}

/** Two hands that meet under the parcel. */
function Hands({ box }: { box: BeltBox }) {
  const middle = box.x + box.width / 2;
  const { thickness: t, surface } = box;
  const palm = box.parcel.width / 2;
  const y = surface + t * 0.3;
  const at = (side: number, x: number, dy: number) => `${middle + side * x} ${y + dy * t}`;
  const reach = box.width / 2;
  const arm = (side: number) =>
    `M${at(side, reach, 0.25)} C${at(side, reach * 0.7, 0.3)} ${at(side, palm + t, 0.2)} ${at(side, palm * 0.2, 0)}`;
  const thumb = (side: number) =>
    `M${at(side, palm + t * 0.75, 0)} Q${at(side, palm + t * 0.75, -0.8)} ${at(side, palm + t * 0.3, -1.05)}`;
  return (
    <g
      class="conveyor-hands"
      ref={(element) => {
        element?.style.setProperty('--thickness', `${t}px`);
      }}
    >
      {[-1, 1].map((side) => (
        <g key={side}>
          <path class="conveyor-thumb" d={thumb(side)} />
          <path class="conveyor-hand" d={arm(side)} />
          <path class="conveyor-sleeve" d={`M${at(side, reach, 0.25)} L${at(side, reach * 0.72, 0.27)}`} />
        </g>
      ))}
    </g>
  );
}

/** No sender is left: nothing can come in. */
function Gate({ box, unit }: { box: BeltBox; unit: number }) {
  const x = box.start.x + (box.slot.forward ? -0.35 : -0.15) * unit;
  return (
    <rect
      class="conveyor-gate"
      x={x}
      y={box.surface - box.parcel.height - unit * 0.1}
      width={unit * 0.5}
      height={box.parcel.height + box.thickness + unit * 0.1}
      rx={unit * 0.12}
    />
  );
}

/** The receiver is dropped: nothing is taken off any more. */
function Edge({ box, unit }: { box: BeltBox; unit: number }) {
  const { x } = box.end;
  const y = box.surface + box.thickness / 2;
  const r = unit * 0.45;
  return (
    <path
      class="conveyor-edge"
      d={`M${x - r} ${y - r} L${x + r} ${y + r} M${x + r} ${y - r} L${x - r} ${y + r}`}
    />
  );
}

/** Who is left at the two ends. */
function Ends({
  box,
  unit,
  belt,
  heldBy,
}: {
  box: BeltBox;
  unit: number;
  belt: BeltState | undefined;
  heldBy: string;
}) {
  if (!belt) return null;
  const below = box.surface + box.thickness;
  const y = box.label > below ? box.label + unit * 1.2 : below + unit * 1.05;
  const { forward } = box.slot;
  const alive = counted(belt.senders, 'sender');
  const senders =
    belt.senders === 0 ? 'no sender left' : heldBy ? `${alive}, held by ${heldBy}` : alive;
  const receivers =
    belt.receivers === 0 ? 'no receiver' : belt.receivers > 1 ? `${count(belt.receivers)} receivers` : '';
  // Both names need room.
  const isClosed =
    belt.senders === 0 && belt.receivers === 0 && box.width < MIN_WIDTH_FOR_ENDS * unit;
  const [left, right] = isClosed ? ['closed', ''] : forward ? [senders, receivers] : [receivers, senders];
  return (
    <g>
      <text
        class={`conveyor-end${forward ? ' sending' : ''}${forward && heldBy ? ' held' : ''}`}
        data-senders={forward ? belt.senders : undefined}
        x={box.x}
        y={y}
      >
        {left}
      </text>
      <text
        class={`conveyor-end${forward ? '' : ' sending'}${!forward && heldBy ? ' held' : ''}`}
        data-senders={forward ? undefined : belt.senders}
        x={box.x + box.width}
        y={y}
        text-anchor="end"
      >
        {right}
      </text>
    </g>
  );
}

/** The picture: workers, belts, locks, and the lines between them. */

import { useLayoutEffect, useRef } from 'preact/hooks';
import { TargetType } from '../data/chunk';
import type { Run } from '../data/run';
import { count, threadName } from '../app/words';
import { channelOf, Conveyor, conveyorShows } from './conveyor';
import { Kept } from './kept';
import { inHands, loads, messageKey, type ValueOf } from './loads';
import type { Layout, LockBox } from './boxes';
import { ParcelLayer } from './parcels';
import type { BeltPicture, LockHolder } from './state';
import { shortened, shortenedInside } from './status';
import { endKey, type Stuck } from './stuck';
import { Worker, workerShows } from './worker';

interface StageProps {
  run: Run;
  layout: Layout;
  picture: BeltPicture;
  stuck: Stuck;
  valueOf: ValueOf;
  selectedThread: number | undefined;
  selectedMessage: { channel: number; number: number } | undefined;
  /** How long parcels move, in milliseconds. */
  motion: number;
  onThread(thread: number): void;
  onMessage(channel: number, number: number): void;
}

export function Stage(props: StageProps) {
  const { run, layout, picture } = props;
  const { unit } = layout;
  const { parcels, more } = loads(layout, picture, props.valueOf, props.selectedMessage);

  const kept = useRef(new Kept()).current.from(layout);
  const group = useRef<SVGGElement>(null);
  const layer = useRef<ParcelLayer>(undefined);
  const before = useRef<{ picture: BeltPicture; layout: Layout }>(undefined);
  useLayoutEffect(() => {
    if (!group.current) return;
    layer.current ??= new ParcelLayer(group.current, props.onMessage);
    const last = before.current;
    before.current = { picture, layout };
    // Parcels do not move when the page changes its size.
    const duration = last && last.layout === layout ? props.motion : 0;
    const handsOf = (move: BeltPicture['move'], key: string) => {
      if (!move || messageKey(move.channel, move.number) !== key) return undefined;
      const box = layout.workers.find((it) => it.thread === move.thread);
      return box && inHands(box, unit);
    };
    layer.current.update(parcels, unit * 0.92, {
      duration,
      from: (key) => (picture.move?.sends ? handsOf(picture.move, key) : undefined),
      // One step back, a message that has been sent is with its sender again.
      to: (key) => (last?.picture.move?.sends ? handsOf(last.picture.move, key) : undefined),
    });
  });

  const moving = picture.move;
  return (
    <svg
      class="belt-picture"
      width={layout.width}
      height={layout.height}
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      role="group"
      aria-label="Workers and belts"
      ref={(element) => {
        element?.style.setProperty('font-size', `${unit}px`);
      }}
    >
      <defs>
        {['', '-carries', '-stuck'].map((kind) => (
          <marker
            key={kind}
            id={`belt-arrow${kind}`}
            viewBox="0 0 10 10"
            refX="8"
            refY="5"
            markerWidth={kind ? 15 : 10}
            markerHeight={kind ? 15 : 10}
            markerUnits="userSpaceOnUse"
            orient="auto-start-reverse"
          >
            <path class={`link-arrow${kind}`} d="M1 1 L9 5 L1 9 Z" />
          </marker>
        ))}
      </defs>
      <Ground {...props} />
      <g>
        {layout.links.map((link, i) => {
          const channel = channelOf(layout.belts[link.belt], picture);
          const carries =
            moving?.channel === channel && moving.thread === link.thread && moving.sends === link.sends;
          const stuck = props.stuck.ends.has(endKey(channel, link.thread));
          if (link.faint && !carries && !stuck) return null;
          const ghost = !picture.belts.has(channel);
          const look = carries ? ' carries' : stuck ? ' stuck' : ghost ? ' ghost' : '';
          const arrow = `url(#belt-arrow${carries ? '-carries' : stuck ? '-stuck' : ''})`;
          const mark = link.sends ? { 'marker-start': arrow } : { 'marker-end': arrow };
          return <path key={i} class={`link${look}`} d={link.path} {...mark} />;
        })}
      </g>
      <LockLines {...props} />
      {layout.workers.map((box) => {
        const { thread } = box;
        const stuck = props.stuck.threads.has(thread);
        const selected = props.selectedThread === thread;
        const shows = workerShows(run, picture, thread, stuck, selected);
        const worker = { run, box, picture, unit, stuck, selected, onSelect: props.onThread };
        const key = `thread ${thread}`;
        return kept.node(key, shows, () => <Worker key={key} {...worker} />);
      })}
      {layout.belts.map((box, i) => {
        const holders = props.stuck.holders.get(channelOf(box, picture)) ?? [];
        const belt = { run, box, picture, holders };
        const key = `belt ${i}`;
        return kept.node(key, conveyorShows(belt), () => <Conveyor key={key} {...belt} unit={unit} />);
      })}
      {layout.locks.map((box) => (
        <Lock
          key={`lock ${box.primitive}`}
          run={run}
          box={box}
          unit={unit}
          holders={picture.locks.get(box.primitive) ?? []}
        />
      ))}
      <g ref={group} />
      {more.map(({ box, channel, count: number, at, width }) => (
        <g
          key={`more ${channel}`}
          class="more"
          data-of={channel}
          data-more={number}
          transform={`translate(${at.x} ${at.y})`}
        >
          <rect
            x={-width / 2}
            y={-box.parcel.height / 2}
            width={width}
            height={box.parcel.height}
            rx={unit * 0.25}
          />
          <text y={unit * 0.33} text-anchor="middle">{`+ ${short(number)}`}</text>
        </g>
      ))}
    </svg>
  );
}

/** `999`, `1.2k`, `35k`: it has the room of a parcel. */
function short(n: number): string {
  if (n < 1000) return count(n);
  const [value, suffix] = n < 1e6 ? [n / 1e3, 'k'] : [n / 1e6, 'M'];
  return `${value < 10 ? Math.floor(value * 10) / 10 : Math.floor(value)}${suffix}`;
}

/** Behind the worker whose step it is. */
function Ground({ layout, picture }: StageProps) {
  const box = layout.workers.find((it) => it.thread === picture.thread);
  if (!box) return null;
  const { x, y, width, height } = box;
  return (
    <rect class="worker-ground" x={x} y={y} width={width} height={height} rx={layout.unit * 0.6} />
  );
}

/** From locks to those who hold them, and to those who wait for them. */
function LockLines({ layout, picture, stuck }: StageProps) {
  const { unit } = layout;
  const lines: preact.JSX.Element[] = [];
  const boxes = new Map(layout.locks.map((box) => [box.primitive, box]));
  const waits = [...picture.workers].flatMap(([thread, { wait }]) =>
    wait?.targetType === TargetType.primitive ? [{ thread, primitive: wait.target }] : [],
  );
  const never = new Set(waits.filter((it) => stuck.threads.has(it.thread)).map((it) => it.primitive));
  const draw = (primitive: number, thread: number, kind: string) => {
    const name = `${kind}${never.has(primitive) ? ' stuck' : ''}`;
    const lock = boxes.get(primitive);
    const worker = layout.workers.find((it) => it.thread === thread);
    if (!lock || !worker) return;
    const [x1, y1] = [lock.x + lock.width / 2, lock.y];
    const x2 = worker.hands.x;
    const y2 = worker.y + worker.height;
    const bend = Math.max((y1 - y2) / 2, unit * 2);
    lines.push(
      <path
        key={`${kind} ${primitive} ${thread}`}
        class={name}
        d={`M${x1} ${y1} C${x1} ${y1 - bend} ${x2} ${y2 + bend} ${x2} ${y2}`}
      />,
    );
  };
  for (const [primitive, holders] of picture.locks) {
    for (const { thread } of holders) draw(primitive, thread, 'lock-held-line');
  }
  for (const { thread, primitive } of waits) draw(primitive, thread, 'lock-wait-line');
  return <g>{lines}</g>;
}

function Lock({
  run,
  box,
  unit,
  holders,
}: {
  run: Run;
  box: LockBox;
  unit: number;
  holders: readonly LockHolder[];
}) {
  const { label, kind } = run.primitives[box.primitive];
  const held = holders.length > 0;
  const names = holders.map((it) => threadName(run, it.thread)).join(', ');
  const isLock = /mutex|rwlock/i.test(kind);
  const shared = holders.some((it) => it.shared);
  const status = held ? `${shared ? 'read by' : 'held by'} ${names}` : isLock ? 'free' : kind.toLowerCase();
  return (
    <g
      class={`lock${held ? ' held' : ''}`}
      data-primitive={box.primitive}
      data-holders={holders.map((it) => it.thread).join(' ')}
      role="img"
      aria-label={`${label}: ${status}`}
      transform={`translate(${box.x} ${box.y})`}
    >
      <title>{`${label}: ${status}`}</title>
      <rect class="lock-box" width={box.width} height={box.height} rx={unit * 0.5} />
      {isLock ? (
        <g transform={`translate(${unit * 1.5} ${box.height / 2}) scale(${unit})`}>
          <path class="lock-shackle" d={held ? 'M-.45 -.1 V-.6 A.45 .45 0 0 1 .45 -.6 V-.1' : 'M-.45 -.1 V-.75 A.45 .45 0 0 1 .45 -.75 V-.6'} />
          <rect class="lock-body" x="-.75" y="-.1" width="1.5" height="1.15" rx=".2" />
        </g>
      ) : null}
      <text x={unit * (isLock ? 2.8 : 0.8)} y={unit * 1.5}>
        <tspan class="lock-name" x={unit * (isLock ? 2.8 : 0.8)}>
          {shortenedInside(label, 19)}
        </tspan>
        <tspan class="lock-status" x={unit * (isLock ? 2.8 : 0.8)} dy={unit * 1.2}>
          {shortened(status, 22)}
        </tspan>
      </text>
    </g>
  );
}

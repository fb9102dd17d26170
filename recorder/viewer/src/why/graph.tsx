/** The picture of a hang: who waits for whom. */

import { useMemo } from 'preact/hooks';
import type { Run } from '../data/run';
import { layOut, type PlacedArrow } from './layout';
import type { Leads } from './leads';
import type { Arrow, Box, Picture } from './picture';
import { fileAndLine, shortName, shortPlace } from './text';

/** Number of characters of a title that fit into a box. */
const MAX_TITLE = 21;
const MAX_PLACE = 24;
/** Number of characters of a place that fit into a rem of a label. */
const PER_REM = 1.75;

interface GraphProps {
  run: Run;
  picture: Picture;
  leads: Leads;
  openPlace(place: number): void;
}

export function Graph({ run, picture, leads, openPlace }: GraphProps) {
  const layout = useMemo(() => layOut(picture), [picture]);
  const size = { width: `${layout.width}rem`, height: `${layout.height}rem` };
  const titleOf = (key: string) => picture.boxes.find((it) => it.key === key)?.title ?? '';
  const label = picture.closed ? 'Wait-for graph with a ring' : 'Wait-for graph';
  // The boxes in the order in which they are read: first the ring.
  const order = [
    ...picture.spine.flatMap((key) => picture.boxes.filter((it) => it.key === key)),
    ...picture.boxes.filter((it) => !picture.spine.includes(it.key)),
  ];
  return (
    <div class="why-graph-scroll">
      <div class="why-graph" style={size}>
        <svg viewBox={`0 0 ${layout.width} ${layout.height}`} style={size} aria-hidden="true">
          <defs>
            <Head id="why-head" class="why-head" size={1} />
            <Head id="why-head-strong" class="why-head-strong" size={1.35} />
          </defs>
          {[...layout.arrows]
            .sort((a, b) => Number(a.arrow.strong) - Number(b.arrow.strong))
            .map(({ arrow, path }) => (
              <path
                d={path}
                class={`why-arrow${arrow.strong ? ' why-strong' : ''}${arrow.likely && !arrow.strong ? ' why-likely' : ''}`}
                marker-end={`url(#why-head${arrow.strong ? '-strong' : ''})`}
              />
            ))}
        </svg>
        {layout.arrows.map((placed) => (
          <ArrowLabel run={run} placed={placed} />
        ))}
        <ul aria-label={label}>
          {order.map((box) => {
            const area = layout.boxes.get(box.key);
            if (!area) return null;
            const arrows = picture.arrows.filter((arrow) => arrow.from === box.key);
            return (
              <li
                class={boxClass(box, picture)}
                style={{
                  left: `${area.x}rem`,
                  top: `${area.y}rem`,
                  width: `${area.width}rem`,
                  height: `${area.height}rem`,
                }}
              >
                <BoxContent {...{ run, box, leads, openPlace }} />
                {arrows.length > 0 && (
                  <span class="why-sr">
                    {arrows.map((arrow) => inWords(arrow, titleOf)).join('; ')}
                    {picture.closed && picture.spine.includes(box.key) ? '. Part of the ring.' : '.'}
                  </span>
                )}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}

function inWords(arrow: Arrow, titleOf: (key: string) => string): string {
  const goal = titleOf(arrow.to);
  const text = arrow.text.includes(goal.replaceAll('"', '')) ? arrow.text : `${arrow.text} ${goal}`;
  return arrow.likely ? `${text} (likely)` : text;
}

function boxClass(box: Box, picture: Picture): string {
  const isMain = box.core || (picture.isHang && picture.spine.includes(box.key));
  return `why-box why-box-${box.kind}${isMain ? ' why-core' : ''}${box.stuck ? ' why-stuck' : ''}`;
}

interface BoxProps extends Omit<GraphProps, 'picture'> {
  box: Box;
}

function BoxContent({ run, box, leads, openPlace }: BoxProps) {
  const { place, channel, kind, threads } = box;
  const lanes = [
    ...threads.map((it) => `t${it}`),
    ...(kind === 'channel' && channel !== undefined ? [`c${channel}`] : []),
  ];
  const short = threads.length > 1 ? box.title : shortName(box.title, MAX_TITLE);
  const where = place === undefined ? undefined : run.places[place];
  const title = `${box.title}: ${box.text}${where ? ` (${where.text})` : ''}`;
  return (
    <>
      {lanes.length > 0 ? (
        <button type="button" class="why-box-title" title={title} onClick={() => leads.toLanes(...lanes)}>
          {short}
        </button>
      ) : (
        <span class="why-box-title" title={title}>
          {short}
        </span>
      )}
      <span class="why-box-text" title={title}>
        {box.text}
      </span>
      {place !== undefined && where && (
        <button type="button" class="why-box-place" title={where.text} onClick={() => openPlace(place)}>
          {shortPlace(where.text, MAX_PLACE)}
        </button>
      )}
    </>
  );
}

function ArrowLabel({ run, placed: { arrow, label } }: { run: Run; placed: PlacedArrow }) {
  if (!label) return null;
  const where = arrow.place === undefined ? undefined : run.places[arrow.place]?.text;
  // The place has a line of its own.
  const text = where ? arrow.text.replace(/ \([^()]*\)$/, '') : arrow.text;
  return (
    <div
      class={`why-label why-label-${label.align}${arrow.strong ? ' why-label-strong' : ''}`}
      aria-hidden="true"
      title={arrow.text}
      style={{
        left: `${label.x}rem`,
        top: `${label.y}rem`,
        width: `${label.width}rem`,
        height: `${label.height}rem`,
      }}
    >
      <span class="why-label-text">
        {arrow.likely && !arrow.strong ? `${text} (likely)` : text}
      </span>
      {where && <span class="why-label-place">{fileAndLine(where, Math.floor(label.width * PER_REM))}</span>}
    </div>
  );
}

interface HeadProps {
  id: string;
  class: string;
  size: number;
}

function Head({ id, class: name, size }: HeadProps) {
  return (
    <marker
      id={id}
      viewBox="0 0 10 10"
      refX="9"
      refY="5"
      markerWidth={size}
      markerHeight={size}
      markerUnits="userSpaceOnUse"
      orient="auto"
    >
      <path d="M 0 0 L 10 5 L 0 10 z" class={name} />
    </marker>
  );
}

/** The names of the lanes, beside the canvas. Only those in view are in the page. */

import type { Run } from '../data/run';
import type { Lane } from './lanes';
import type { Timeline } from './timeline';

interface Props {
  readonly timeline: Timeline;
  readonly run: Run;
  readonly toggle: (key: string) => void;
  /** The lane of the selection. */
  readonly current: Lane | undefined;
  /** The lanes that a link leads to. */
  readonly pointedOut: readonly Lane[];
}

export function Names({ timeline, toggle, current, pointedOut }: Props) {
  const { lanes, top, lanesHeight, palette } = timeline;
  const visible = lanes.all.filter(
    (lane) => lane.top + lane.height > top && lane.top < top + lanesHeight,
  );
  return (
    <div class="names" style={{ height: `${lanesHeight}px` }}>
      {visible.map((lane) => {
        const place = { top: `${lane.top - top}px`, height: `${lane.height}px` };
        if (lane.kind === 'heading') {
          return (
            <button
              key={lane.key}
              type="button"
              class="name heading"
              style={place}
              aria-expanded={!lane.collapsed}
              title={`${lane.collapsed ? 'Show' : 'Hide'} the lanes of ${lane.title}`}
              onClick={() => toggle(lane.key)}
            >
              <span class="fold" aria-hidden="true">
                {lane.collapsed ? '▸' : '▾'}
              </span>
              <span class="title">{lane.title}</span>
              <span class="detail">{lane.detail}</span>
            </button>
          );
        }
        const roomy = lane.height >= 2.7 * palette.em;
        return (
          <div
            key={lane.key}
            class={`name ${lane.kind}${lane === current ? ' current' : ''}${pointedOut.includes(lane) ? ' pointed-out' : ''}`}
            style={place}
            title={lane.detail ? `${lane.title}\n${lane.detail}` : lane.title}
          >
            <span class="title">{lane.title}</span>
            {roomy && lane.detail ? <span class="detail">{lane.detail}</span> : null}
          </div>
        );
      })}
    </div>
  );
}

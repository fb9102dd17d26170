/** Which parcels a picture has, and where they are. */

import { NONE } from '../data/chunk';
import { channelOf } from './conveyor';
import { type BeltBox, type Layout, type Point, placeOn, type WorkerBox } from './boxes';
import type { Parcel } from './parcels';
import { type BeltPicture, queueOf } from './state';

/** The value of a message: its text, `undefined` if it is not known (yet). */
export type ValueOf = (channel: number, number: number) => string | undefined;

/** Room for the number of messages that are not drawn, in sizes of the text. */
const MORE_WIDTH = 3.2;
/** Messages that are drawn between a belt and its receiver. */
const MAX_LEAVING = 2;

export interface Loads {
  parcels: Parcel[];
  /** Messages on belts that are not drawn: their number, and where it stands. */
  more: { box: BeltBox; channel: number; count: number; at: Point; width: number }[];
}

export function messageKey(channel: number, number: number): string {
  return `${channel}:${number}`;
}

export function loads(
  layout: Layout,
  picture: BeltPicture,
  valueOf: ValueOf,
  selected: { channel: number; number: number } | undefined,
): Loads {
  const parcels: Parcel[] = [];
  const more: Loads['more'] = [];
  const isSelected = (channel: number, number: number) =>
    selected?.channel === channel && selected.number === number;
  const words = (channel: number, number: number) => {
    const value = valueOf(channel, number);
    return value === undefined || value === ''
      ? { label: `#${number}`, title: `message ${number}` }
      : { label: unquoted(value), title: `${value} (message ${number})` };
  };

  for (const box of layout.belts) {
    const channel = channelOf(box, picture);
    const belt = picture.belts.get(channel);
    if (!belt) continue;
    const span = Math.min(Math.ceil((MORE_WIDTH * layout.unit) / box.pitch), box.places);
    const visible = belt.depth <= box.places ? belt.depth : box.places - span;
    const queue = queueOf(belt, visible);
    const put = (number: number, index: number, where: Parcel['where']) => {
      parcels.push({
        ...placeOn(box, index),
        ...box.parcel,
        ...words(channel, number),
        key: messageKey(channel, number),
        channel,
        number,
        where,
        lost: belt.receivers === 0,
        selected: isSelected(channel, number),
      });
    };
    queue.waiting.forEach((number, index) => put(number, index, 'belt'));
    // Beyond the end of the belt.
    queue.leaving.slice(-MAX_LEAVING).forEach((number) => put(number, -1.1, 'leaving'));
    if (belt.depth > visible) {
      const at = placeOn(box, visible + (span - 1) / 2);
      const width = box.pitch * (span - 1) + box.parcel.width;
      more.push({ box, channel, count: belt.depth - visible, at, width });
    }
  }
  for (const box of layout.workers) {
    const held = picture.workers.get(box.thread)?.held;
    if (!held) continue;
    const { channel, number } = held;
    const known = number !== NONE;
    parcels.push({
      ...inHands(box, layout.unit),
      ...(known ? words(channel, number) : { label: '', title: 'the message to send' }),
      key: known ? messageKey(channel, number) : `held by ${box.thread}`,
      channel,
      number: known ? number : undefined,
      where: 'hands',
      lost: false,
      selected: known && isSelected(channel, number),
    });
  }
  return { parcels, more };
}

/** A text without its quotes: there is little room. */
function unquoted(value: string): string {
  return value.length > 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** The place and size of a parcel that a worker holds. */
export function inHands(box: WorkerBox, unit: number): Point & { width: number; height: number } {
  const size = unit * Math.max(box.figure, 0.9);
  return { x: box.hands.x, y: box.hands.y + size * 0.45, width: size * 2.7, height: size * 1.9 };
}

/** Which parcels a picture has, and where they are. */

import { NONE } from '../data/chunk';
import { channelOf } from './conveyor';
import { type BeltBox, type Layout, type Point, placeOn, type WorkerBox } from './boxes';
import type { Parcel } from './parcels';
import { type BeltPicture, queued } from './state';

/** The value of a message: its text, `undefined` if it is not known (yet). */
export type ValueOf = (channel: number, number: number) => string | undefined;

export interface Loads {
  parcels: Parcel[];
  /** Messages on belts that are not drawn: their number, and where it stands. */
  more: { box: BeltBox; channel: number; count: number; at: Point }[];
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
    if (!belt || belt.depth === 0) continue;
    const visible = belt.depth <= box.places ? belt.depth : box.places - 1;
    queued(belt, visible).forEach((number, index) => {
      parcels.push({
        ...placeOn(box, index),
        ...box.parcel,
        ...words(channel, number),
        key: messageKey(channel, number),
        channel,
        number,
        where: 'belt',
        lost: belt.receivers === 0,
        selected: isSelected(channel, number),
      });
    });
    if (belt.depth > visible) {
      more.push({ box, channel, count: belt.depth - visible, at: placeOn(box, visible) });
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
  const size = unit * Math.max(box.figure, 0.75);
  return { x: box.hands.x, y: box.hands.y + size * 0.45, width: size * 2.7, height: size * 1.9 };
}

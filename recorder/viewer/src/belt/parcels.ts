/** Messages, drawn as parcels that move from hands to belts and from belts to hands. */

import type { Point } from './boxes';
import { cutValue, withoutMarks } from './status';

export interface Parcel extends Point {
  /** The same while the message exists. */
  key: string;
  channel: number;
  /** Undefined if it is not known. */
  number: number | undefined;
  width: number;
  height: number;
  /** Its value, or its number. */
  label: string;
  /** All of its value. */
  title: string;
  where: 'belt' | 'leaving' | 'hands';
  /** No thread will receive it. */
  lost: boolean;
  selected: boolean;
}

/** Where a parcel comes from, or goes to, when it is not in the other picture. */
export type Elsewhere = (key: string) => Point | undefined;

export interface Motion {
  /** In milliseconds; 0 for none. */
  duration: number;
  from: Elsewhere;
  to: Elsewhere;
}

interface Drawn {
  parcel: Parcel;
  element: SVGGElement;
}

const SVG = 'http://www.w3.org/2000/svg';

export class ParcelLayer {
  private readonly drawn = new Map<string, Drawn>();
  private readonly leaving = new Set<SVGGElement>();

  constructor(
    private readonly layer: SVGGElement,
    private readonly onSelect: (channel: number, number: number) => void,
  ) {}

  /** `fontSize` is the smallest size of text. */
  update(parcels: readonly Parcel[], fontSize: number, motion: Motion): void {
    for (const element of this.leaving) element.remove();
    this.leaving.clear();
    const keys = new Set(parcels.map((it) => it.key));
    for (const [key, drawn] of this.drawn) {
      if (keys.has(key)) continue;
      this.drawn.delete(key);
      this.leave(drawn.element, motion.duration, motion.to(key));
    }
    const entering: Drawn[] = [];
    for (const parcel of parcels) {
      const known = this.drawn.get(parcel.key);
      if (known) {
        change(known, parcel, fontSize);
        moveTo(known.element, parcel, motion.duration);
        known.parcel = parcel;
        continue;
      }
      const drawn = { parcel, element: this.create(parcel, fontSize) };
      const from = motion.duration > 0 ? motion.from(parcel.key) : undefined;
      if (motion.duration > 0 && !from) drawn.element.classList.add('arrives');
      moveTo(drawn.element, from ?? parcel, 0);
      if (from) entering.push(drawn);
      this.layer.append(drawn.element);
      this.drawn.set(parcel.key, drawn);
    }
    if (entering.length === 0) return;
    // The browser must see the start, or it would not move them.
    this.layer.getBoundingClientRect();
    for (const { parcel, element } of entering) moveTo(element, parcel, motion.duration);
  }

  private create(parcel: Parcel, fontSize: number): SVGGElement {
    const element = document.createElementNS(SVG, 'g');
    element.addEventListener('click', () => {
      const { channel, number } = this.drawn.get(parcel.key)?.parcel ?? parcel;
      if (number !== undefined) this.onSelect(channel, number);
    });
    fill(element, parcel, fontSize);
    return element;
  }

  private leave(element: SVGGElement, duration: number, to: Point | undefined): void {
    if (duration === 0) {
      element.remove();
      return;
    }
    // It is not part of the picture any more.
    delete element.dataset.message;
    delete element.dataset.where;
    element.classList.add('leaves');
    element.style.setProperty('--duration', `${duration}ms`);
    if (to) moveTo(element, to, duration);
    this.leaving.add(element);
    setTimeout(() => {
      if (this.leaving.delete(element)) element.remove();
    }, duration + 50);
  }
}

function moveTo(element: SVGGElement, { x, y }: Point, duration: number): void {
  element.style.setProperty('--duration', `${duration}ms`);
  element.style.transform = `translate(${round(x)}px, ${round(y)}px)`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function change(known: Drawn, parcel: Parcel, fontSize: number): void {
  const { parcel: before } = known;
  const same =
    before.width === parcel.width &&
    before.height === parcel.height &&
    before.label === parcel.label &&
    before.title === parcel.title &&
    before.lost === parcel.lost &&
    before.where === parcel.where &&
    before.number === parcel.number &&
    before.selected === parcel.selected;
  if (!same) fill(known.element, parcel, fontSize);
}

function fill(element: SVGGElement, parcel: Parcel, fontSize: number): void {
  const { width, height, number } = parcel;
  const { size, label } = fitted(parcel, fontSize);
  element.setAttribute('class', `parcel${parcel.lost ? ' lost' : ''}${parcel.selected ? ' selected' : ''}`);
  element.dataset.message = number === undefined ? '' : String(number);
  element.dataset.of = String(parcel.channel);
  element.dataset.where = parcel.where;
  const title = document.createElementNS(SVG, 'title');
  title.textContent = parcel.title;
  const box = shape('rect', {
    class: 'parcel-box',
    x: -width / 2,
    y: -height / 2,
    width,
    height,
    rx: height * 0.12,
  });
  const tape = shape('rect', {
    class: 'parcel-tape',
    x: -width / 2,
    y: -height / 2 + height * 0.13,
    width,
    height: height * 0.14,
  });
  const text = shape('text', { class: 'parcel-label', x: 0, y: height * 0.12 + size * 0.34, 'text-anchor': 'middle' });
  text.style.fontSize = `${size}px`;
  text.textContent = label;
  element.replaceChildren(title, box, tape, text);
  if (parcel.lost) {
    const r = height * 0.42;
    element.append(
      shape('path', { class: 'parcel-lost', d: `M${-r} ${-r} L${r} ${r} M${r} ${-r} L${-r} ${r}` }),
    );
  }
}

/** The label as far as there is room for it, and the size of its text. */
function fitted({ label, width, height }: Parcel, fontSize: number): { size: number; label: string } {
  const room = width * 0.94;
  const large = Math.max(height * 0.42, fontSize);
  if (textWidth(label, large) <= room) return { size: large, label };
  if (textWidth(label, fontSize) <= room) return { size: fontSize, label };
  const plain = withoutMarks(label);
  if (textWidth(plain, fontSize) <= room) return { size: fontSize, label: plain };
  let length = Math.min(plain.length - 1, Math.floor(room / (fontSize * 0.3)));
  while (length > 1 && textWidth(cutValue(plain, length), fontSize) > room) length -= 1;
  return { size: fontSize, label: cutValue(plain, length) };
}

let measure: CanvasRenderingContext2D | null | undefined;

function textWidth(text: string, size: number): number {
  if (measure === undefined) {
    measure = document.createElement('canvas').getContext('2d');
    if (measure) measure.font = `650 100px ${getComputedStyle(document.body).fontFamily}`;
  }
  // Longer texts do not fit anyway.
  const shown = text.slice(0, 60);
  return measure ? (measure.measureText(shown).width * size) / 100 : shown.length * size * 0.65;
}

function shape(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

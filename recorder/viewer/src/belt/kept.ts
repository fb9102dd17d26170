/** Parts of the picture that are made again only if what they show has changed. */

import type { VNode } from 'preact';

export class Kept {
  private readonly nodes = new Map<string, { shows: string; node: VNode }>();
  private of: unknown;

  /** Forgets all nodes if they are made from something else now. */
  from(of: unknown): this {
    if (this.of !== of) this.nodes.clear();
    this.of = of;
    return this;
  }

  /** `shows` has everything that can change. Preact skips a node that is the same as before. */
  node(key: string, shows: string, make: () => VNode): VNode {
    const known = this.nodes.get(key);
    if (known?.shows === shows) return known.node;
    const node = make();
    this.nodes.set(key, { shows, node });
    return node;
  }
}

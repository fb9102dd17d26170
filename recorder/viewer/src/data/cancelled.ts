/** A request that a later one of the same caller has replaced. */
export class Cancelled extends Error {
  constructor() {
    super('replaced by a later request');
    this.name = 'Cancelled';
  }
}

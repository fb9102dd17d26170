/** Long work in short turns, so that frames are drawn in between. */

/** Longest turn, in ms. A frame takes 16. */
const MAX_TURN = 6;

export class Turns {
  private started = 0;
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `f` after what was passed before, and in a later task if this one has taken long. */
  run<T>(f: () => T): Promise<T> {
    const result = this.last.then(async () => {
      if (performance.now() - this.started > MAX_TURN) {
        await nextTask();
        this.started = performance.now();
      }
      return f();
    });
    this.last = result.catch(() => {});
    return result;
  }
}

/** A message, because timers wait for 4 ms. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

// Measures the page from inside. Runs before the page's own script, as `window.probe`.
//
// The page needs no code for this: the probe wraps `model.window` of the page's App, and follows the
// timeline's picture, which is painted on a sheet of its own and then copied to the visible canvas.
// All times are those of `performance.now()`.
(() => {
  /** A view has settled if nothing has changed for this time, in ms. */
  const SETTLED = 250;
  const now = () => performance.now();

  let model;
  /** Windows that the timeline has requested so far. */
  let requests = 0;
  /** The last window that it got. */
  let answer;
  /** What each sheet was painted from. */
  const answerOf = new WeakMap();
  /** What is visible. */
  let shown;
  let listeners = [];

  const probe = { firstPicture: undefined, done: undefined, complete: undefined, report: undefined };
  window.probe = probe;

  /** What is known, for messages of errors. */
  probe.state = () => {
    const { app, ...times } = probe;
    const { index, report, trouble } = app?.model ?? {};
    const { chunks, levels, ...rest } = index ?? {};
    const hasReport = report !== undefined;
    const text = document.body.innerText.slice(0, 300);
    return { ...times, index: rest, hasReport, trouble, requests, answer, shown, text };
  };

  Object.defineProperty(window, 'recorder', {
    configurable: true,
    get: () => probe.app,
    set(app) {
      probe.app = app;
      model = app.model;
      followWindows(app.model);
      followGrowth();
      model.onChange(followGrowth);
    },
  });

  function followGrowth() {
    if (model.report) probe.report ??= now();
    if (model.index.done) probe.done ??= now();
  }

  function followWindows(model) {
    const window = model.window.bind(model);
    model.window = async (from, to, pixels, caller, preview) => {
      if (caller !== 'timeline') return window(from, to, pixels, caller, preview);
      const request = ++requests;
      const { until } = model.index;
      const take = (it, isFinal) => {
        let steps = 0;
        for (const { events } of it.threads.values()) for (const n of events) steps += n;
        answer = { request, until, isFinal, steps };
      };
      const coarse = preview && ((it) => {
        take(it, false);
        preview(it);
      });
      const it = await window(from, to, pixels, caller, coarse);
      take(it, true);
      return it;
    };
  }

  const { setTransform, drawImage } = CanvasRenderingContext2D.prototype;

  /** A sheet gets its transformation when it starts to be painted. */
  CanvasRenderingContext2D.prototype.setTransform = function (...values) {
    if (!this.canvas.isConnected) answerOf.set(this.canvas, answer);
    return setTransform.apply(this, values);
  };

  /** The visible part of the sheet is copied in every frame. */
  CanvasRenderingContext2D.prototype.drawImage = function (...values) {
    const result = drawImage.apply(this, values);
    if (values.length === 9 && this.canvas.classList.contains('lanes-canvas')) {
      follow(this.canvas, values);
    }
    return result;
  };

  function follow(canvas, [sheet, sx, , sw, , dx, , dw]) {
    const width = canvas.width / devicePixelRatio;
    shown = {
      at: now(),
      answer: answerOf.get(sheet),
      place: `${sx} ${sw} ${dx} ${dw}`,
      // Neither scaled nor with gaps at the sides.
      isWhole: Math.abs(sw / dw / devicePixelRatio - 1) < 1e-4 && dx < 0.5 && dx + dw > width - 0.5,
    };
    const steps = shown.answer?.steps;
    if (shown.isWhole && steps > 0) probe.firstPicture ??= shown.at;
    if (isCurrent() && model.index.done && steps === model.index.steps) probe.complete ??= shown.at;
    for (const listener of listeners) listener();
  }

  /** Whether the visible picture is what the timeline requested last. */
  const isCurrent = () =>
    shown !== undefined && shown.isWhole && shown.answer?.isFinal && shown.answer.request === requests;

  /** Resolves with the time of the first frame of which `condition` returns true. */
  const frame = (condition) => new Promise((resolve) => {
    const listener = () => {
      if (!condition()) return;
      listeners = listeners.filter((it) => it !== listener);
      resolve(shown.at);
    };
    listeners.push(listener);
  });

  const press = (key) =>
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** Presses a key at the first picture, and returns the time of the frame that differs from it. */
  probe.usable = async () => {
    while (probe.firstPicture === undefined) await sleep(5);
    const before = shown.place;
    const moved = frame(() => shown.place !== before);
    press('w');
    return moved;
  };

  /** Presses a key. Returns the time, in ms, until the window that it leads to is drawn exactly. */
  probe.move = async (key) => {
    const start = now();
    let since;
    const listener = () => {
      if (!isCurrent()) since = undefined;
      else since ??= shown.at;
    };
    listeners.push(listener);
    press(key);
    // A request that was put off can still follow.
    while (since === undefined || !isCurrent() || now() - since < SETTLED) await sleep(20);
    listeners = listeners.filter((it) => it !== listener);
    return since - start;
  };

  /** How often a zoom key must be pressed to get from the whole run to the shortest span. */
  probe.zooms = () => Math.ceil(Math.log((model.index.end * 1.04) / 40) / Math.log(1.6));

  /** Presses keys, one every `interval` ms, and returns the lengths of all frames in between. */
  probe.ride = async (keys, interval) => {
    const lengths = [];
    let goesOn = true;
    let before;
    const measure = (time) => {
      if (before !== undefined) lengths.push(time - before);
      before = time;
      if (goesOn) requestAnimationFrame(measure);
    };
    requestAnimationFrame(measure);
    const start = now();
    for (let i = 0; i < keys.length; i++) {
      press(keys[i]);
      await sleep(Math.max(start + (i + 1) * interval - now(), 0));
    }
    goesOn = false;
    return lengths;
  };

  /** Lanes that are in view. */
  probe.lanes = () => {
    const { bottom } = document.querySelector('.lanes-canvas').getBoundingClientRect();
    const names = [...document.querySelectorAll('#panel-timeline .side .name')];
    return names.filter((name) => name.getBoundingClientRect().top < bottom).length;
  };

  /** Every `interval` ms notes the time of day and how far the run is known and drawn. */
  probe.sample = (interval) => {
    probe.samples = [];
    setInterval(() => {
      if (!shown?.answer || !model.index.live) return;
      probe.samples.push({
        at: performance.timeOrigin + now(),
        known: model.index.until,
        drawn: shown.answer.until,
      });
    }, interval);
  };
})();

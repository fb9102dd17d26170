// One page of ours, open in the browser.

export const TABS = ['timeline', 'why', 'message', 'belt'];

/** A condition that takes longer than this never comes. */
const PATIENCE_MS = 20_000;

/** What a tab has in the page once it shows its run. */
const SHOWN = {
  timeline: '#panel-timeline .names .name',
  why: '#panel-why h2, #panel-why h3, #panel-why article',
  message: '#panel-message :is(h2, h3, p)',
  belt: '#panel-belt[data-step] .worker',
};

export class View {
  /** What went wrong inside the page: errors, requests, dialogs. */
  problems = [];

  constructor(page) {
    this.page = page;
  }

  /** Waits until the page shows its run. */
  async ready() {
    await this.until(() => window.recorder && document.querySelector('[role=tabpanel]:not([hidden]) *'));
    return this;
  }

  /** Waits until a function, which runs in the page, returns something true. */
  async until(condition, argument) {
    const found = await this.page.waitForFunction(condition, argument, { timeout: PATIENCE_MS });
    return found.jsonValue();
  }

  /** Waits until the page contains a text. */
  async untilText(text, selector = 'body') {
    await this.until(
      ([wanted, where]) => document.querySelector(where)?.innerText.includes(wanted),
      [text, selector],
    );
  }

  /** Runs a function in the page, with the page's `App` (`window.recorder`) and an argument. */
  app(action, argument = null) {
    return this.page.evaluate(`(${action})(window.recorder, ${JSON.stringify(argument)})`);
  }

  press(...keys) {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  /** Shows a tab with its key, and waits until it shows the run. */
  async show(tab) {
    await this.press(String(TABS.indexOf(tab) + 1));
    await this.page.waitForSelector(SHOWN[tab], { timeout: PATIENCE_MS });
    await this.rested();
  }

  /** Waits until the page draws what it has: fonts are loaded, and two frames have passed. */
  async rested() {
    await this.page.evaluate(async () => {
      await document.fonts.ready;
      for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
    });
  }

  /** Waits until no element of the page moves any more. */
  async still() {
    await this.rested();
    await this.until(() => document.getAnimations().every((it) => it.playState !== 'running'));
  }

  tab() {
    return this.page.evaluate(() => document.querySelector('[role=tab][aria-selected=true]').id.replace('tab-', ''));
  }

  text(selector = 'body') {
    return this.page.innerText(selector);
  }

  texts(selector) {
    return this.page.$$eval(selector, (found) => found.map((it) => it.textContent.trim()));
  }

  close() {
    return this.page.context().close();
  }
}

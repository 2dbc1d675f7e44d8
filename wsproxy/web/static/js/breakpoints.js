// Breakpoints and what waits at them, as the feed tells.

import { get } from './api.js';
import { feed } from './feed.js';

class Breakpoints extends EventTarget {
  list = [];
  held = [];

  constructor() {
    super();
    feed.on('open', () => this.load());
    feed.on('behind', () => this.load());
    feed.on('batch', (batch) => batch.breakpoints && this.take(batch.breakpoints));
  }

  async load() {
    this.take(await get('/breakpoints'));
  }

  take(state) {
    this.list = state.breakpoints;
    this.held = state.held;
    this.dispatchEvent(new Event('change'));
  }
}

export const breakpoints = new Breakpoints();

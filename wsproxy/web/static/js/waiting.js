// Breakpoints and what waits at them, as the feed tells.

import { get } from './api.js';
import { attempt } from './dom.js';
import { feed } from './feed.js';
import { status } from './status.js';

/** @import { Breakpoint, BreakpointState, Held } from './types' */

class Waiting extends EventTarget {
  /** @type {Breakpoint[]} */
  breakpoints = [];
  /** @type {Held[]} */
  held = [];

  constructor() {
    super();
    status.addEventListener('change', () => status.alive && attempt(() => this.load()));
    feed.on('behind', () => attempt(() => this.load()));
    feed.on('batch', (batch) => batch.breakpoints && this.take(batch.breakpoints));
  }

  async load() {
    if (status.steers) this.take(await get('/breakpoints'));
  }

  /** @param {BreakpointState} state */
  take(state) {
    this.breakpoints = state.breakpoints;
    this.held = state.held;
    this.dispatchEvent(new Event('change'));
  }
}

export const waiting = new Waiting();

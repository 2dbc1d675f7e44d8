// What this proxy is: its URL, its upstream, and whether it answers.

import { get } from './api.js';
import { feed } from './feed.js';

/** @import { Status } from './types' */

class ProxyStatus extends EventTarget {
  /** @type {Status | null} */
  value = null;
  alive = false;
  everAlive = false;

  /** Whether there are live connections to steer; a saved capture has none. */
  get steers() {
    return this.value?.steers ?? false;
  }

  constructor() {
    super();
    feed.on('open', () => this.#load());
    feed.on('lost', () => this.#alive(false));
  }

  async #load() {
    try {
      this.value = await get('/status');
      this.#alive(true);
    } catch {
      this.#alive(false); // the feed tries again
    }
  }

  /** @param {boolean} alive */
  #alive(alive) {
    this.alive = alive;
    this.everAlive ||= alive;
    this.dispatchEvent(new Event('change'));
  }
}

export const status = new ProxyStatus();

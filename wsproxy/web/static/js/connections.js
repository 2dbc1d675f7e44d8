// All connections, as the API and the feed tell of them.

import { get } from './api.js';
import { attempt } from './dom.js';
import { feed } from './feed.js';
import { INSTANCES } from './pure/columns.js';

/** @import { Batch, Connection } from './types' */

const RATE_SECONDS = 3;
const SPARK_SECONDS = 30;
const MAX = 5000; // connections that the page knows; the newest ones

/** @param {{upstream: number, downstream: number}} pair */
export const both = (pair) => pair.upstream + pair.downstream;

class Connections extends EventTarget {
  /** @type {Map<number, Connection>} */
  byId = new Map();
  now = Date.now() / 1000; // the proxy's clock
  loaded = false;
  /** By the feed, since the last load began. @type {Set<number>} */
  #heardOf = new Set();

  constructor() {
    super();
    feed.on('open', () => {
      this.byId.clear(); // perhaps another proxy with another capture
      INSTANCES.clear();
      attempt(() => this.load());
    });
    feed.on('behind', () => attempt(() => this.load()));
    feed.on('batch', (batch) => this.#heard(batch));
  }

  async load() {
    this.#heardOf.clear();
    const page = await get('/connections', { newest: 1, limit: MAX });
    for (const connection of page.connections) {
      if (!this.#heardOf.has(connection.id)) this.#put(connection); // the feed knows better
    }
    this.loaded = true;
    this.#changed();
  }

  /** @param {string | number} id */
  get(id) {
    return this.byId.get(Number(id));
  }

  /** Frames a second, lately. @param {Connection} connection */
  rate(connection) {
    if (connection.state !== 'open') return 0;
    const oldest = connection.past.find(([time]) => time >= this.now - RATE_SECONDS);
    return oldest ? Math.max(0, (both(connection.frames) - oldest[1]) / RATE_SECONDS) : 0;
  }

  /**
   * Frames in each of the last seconds, the oldest first.
   * @param {Connection} connection
   */
  spark(connection) {
    const counts = new Array(SPARK_SECONDS).fill(0);
    const { past } = connection;
    past.forEach(([time, before], index) => {
      const after = past[index + 1]?.[1] ?? both(connection.frames);
      const place = SPARK_SECONDS - 1 - Math.floor(this.now - time);
      if (place >= 0 && place < SPARK_SECONDS) counts[place] += Math.max(0, after - before);
    });
    return counts;
  }

  /** @param {Omit<Connection, 'past'>} summary */
  #put(summary) {
    const past = this.byId.get(summary.id)?.past ?? [];
    this.byId.set(summary.id, { ...summary, past });
    if (summary.instance) INSTANCES.set(summary.id, summary.instance);
    if (this.byId.size <= MAX) return;
    for (const old of this.byId.values()) {
      if (old.state !== 'open' && old.state !== 'opening') {
        this.byId.delete(old.id); // the oldest that is over
        INSTANCES.delete(old.id);
        break;
      }
    }
  }

  /** @param {Batch} batch */
  #heard(batch) {
    this.now = batch.time;
    for (const connection of batch.connections) {
      this.#heardOf.add(connection.id);
      this.#put(connection);
    }
    for (const [id, traffic] of Object.entries(batch.traffic)) {
      const connection = this.byId.get(Number(id));
      if (!connection || !traffic) continue;
      const before = both(connection.frames);
      connection.frames = { upstream: traffic[0], downstream: traffic[1] };
      connection.bytes = { upstream: traffic[2], downstream: traffic[3] };
      remember(connection.past, batch.time, before);
    }
    if (batch.connections_skipped) attempt(() => this.load());
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/**
 * Two entries a second are enough for a rate and a sparkline.
 * @param {[number, number][]} past
 * @param {number} now
 * @param {number} before
 */
function remember(past, now, before) {
  const last = past.at(-1);
  if (!last || now - last[0] >= 0.5) past.push([now, before]);
  while (past[0] && past[0][0] < now - SPARK_SECONDS) past.shift();
}

export const connections = new Connections();

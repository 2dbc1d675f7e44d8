// All connections, as the API and the feed tell of them.

import { get } from './api.js';
import { feed } from './feed.js';

const RATE_SECONDS = 3;
const MAX = 5000; // connections that the page knows; the newest ones

class Connections extends EventTarget {
  byId = new Map();
  now = Date.now() / 1000; // the proxy's clock

  constructor() {
    super();
    feed.on('open', () => this.load());
    feed.on('behind', () => this.load());
    feed.on('batch', (batch) => this.#heard(batch));
  }

  async load() {
    const page = await get('/connections', { newest: 1, limit: MAX });
    for (const connection of page.connections) this.#put(connection);
    this.#changed();
  }

  get(id) {
    return this.byId.get(Number(id));
  }

  /** Frames a second, lately. */
  rate(connection) {
    const past = connection.past;
    if (!past?.length || connection.state !== 'open') return 0;
    const all = connection.frames.upstream + connection.frames.downstream;
    const oldest = past.find(([time]) => time >= this.now - RATE_SECONDS);
    return oldest ? Math.max(0, (all - oldest[1]) / RATE_SECONDS) : 0;
  }

  #put(connection) {
    connection.past = this.byId.get(connection.id)?.past ?? [];
    this.byId.set(connection.id, connection);
    if (this.byId.size <= MAX) return;
    for (const old of this.byId.values()) { // the oldest that is over
      if (old.state !== 'open' && old.state !== 'opening') {
        this.byId.delete(old.id);
        break;
      }
    }
  }

  #heard(batch) {
    this.now = batch.time;
    for (const connection of batch.connections) this.#put(connection);
    for (const [id, traffic] of Object.entries(batch.traffic)) {
      const connection = this.byId.get(Number(id));
      if (!connection || !traffic) continue;
      const before = connection.frames.upstream + connection.frames.downstream;
      connection.frames = { upstream: traffic[0], downstream: traffic[1] };
      connection.bytes = { upstream: traffic[2], downstream: traffic[3] };
      connection.past.push([batch.time, before]);
      while (connection.past[0][0] < batch.time - RATE_SECONDS * 2) connection.past.shift();
    }
    if (batch.connections_skipped) this.load();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

export const connections = new Connections();

// The live feed: one WebSocket, opened again when it breaks. Listeners get `batch`, `behind`
// (rows were skipped: fetch), `subscribed`, `error`, `open` and `lost`.

/** @import { FeedEvents } from './types' */

class Feed extends EventTarget {
  /** @type {WebSocket | null} */
  #socket = null;
  #wanted = '';
  #delay = 500;

  connect() {
    const socket = new WebSocket(`ws://${location.host}/api/v1/feed`);
    this.#socket = socket;
    socket.onopen = () => {
      this.#delay = 500;
      if (this.#wanted) socket.send(this.#wanted);
      this.#tell('open', null);
    };
    socket.onmessage = (event) => {
      const value = JSON.parse(event.data);
      this.#tell(value.type, value);
    };
    socket.onclose = () => {
      this.#tell('lost', null);
      setTimeout(() => this.connect(), this.#delay);
      this.#delay = Math.min(this.#delay * 2, 5000);
    };
  }

  /** Say which rows to send. @param {object} query */
  subscribe(query) {
    this.#wanted = JSON.stringify(query);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(this.#wanted);
  }

  /**
   * Listen; returns what ends it.
   * @template {keyof FeedEvents} T
   * @param {T} type
   * @param {(detail: FeedEvents[T]) => void} listener
   */
  on(type, listener) {
    const heard = (/** @type {Event} */ event) =>
      listener(/** @type {CustomEvent} */ (event).detail);
    this.addEventListener(type, heard);
    return () => this.removeEventListener(type, heard);
  }

  /** @param {string} type @param {unknown} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

export const feed = new Feed();

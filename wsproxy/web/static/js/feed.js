// The live feed: one WebSocket, opened again when it breaks. Listeners get `batch`, `behind`
// (rows were skipped: fetch), `subscribed`, `open` and `lost`.

class Feed extends EventTarget {
  #socket = null;
  #wanted = null;
  #delay = 500;

  connect() {
    this.#socket = new WebSocket(`ws://${location.host}/api/v1/feed`);
    this.#socket.onopen = () => {
      this.#delay = 500;
      if (this.#wanted) this.#socket.send(this.#wanted);
      this.#tell('open', null);
    };
    this.#socket.onmessage = (event) => {
      const value = JSON.parse(event.data);
      this.#tell(value.type, value);
    };
    this.#socket.onclose = () => {
      this.#tell('lost', null);
      setTimeout(() => this.connect(), this.#delay);
      this.#delay = Math.min(this.#delay * 2, 5000);
    };
  }

  /** Say which rows to send. */
  subscribe(query) {
    this.#wanted = JSON.stringify(query);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(this.#wanted);
  }

  /** Listen; returns what ends it. */
  on(type, listener) {
    const heard = (event) => listener(event.detail);
    this.addEventListener(type, heard);
    return () => this.removeEventListener(type, heard);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

export const feed = new Feed();

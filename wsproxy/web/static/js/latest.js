// Of several asynchronous answers only the newest is wanted.

export class Latest {
  #controller = new AbortController();

  /** Begin anew: what was under way is no longer wanted (its signal is aborted). */
  begin() {
    this.#controller.abort();
    this.#controller = new AbortController();
    return this.#controller.signal;
  }
}

// The rows that are selected in the list of frames, by id; the one whose details are shown is
// `view.get('frame')`.

class Selection extends EventTarget {
  /** @type {Set<number>} */
  ids = new Set();

  /** @param {number} id */
  only(id) {
    this.ids = new Set([id]);
    this.#changed();
  }

  /** @param {Iterable<number>} ids */
  these(ids) {
    this.ids = new Set(ids);
    this.#changed();
  }

  /** @param {number} id */
  toggle(id) {
    if (!this.ids.delete(id)) this.ids.add(id);
    this.#changed();
  }

  /** @param {number} id */
  add(id) {
    this.ids.add(id);
    this.#changed();
  }

  clear() {
    this.ids.clear();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

export const selection = new Selection();

// What is being looked at; all of it is in the URL.

import { highlight, wholeFilter } from './pure/filter.js';
import { QUERY_KEYS, queryOf, readUrl, writeUrl } from './pure/state.js';

/** @import { Key } from './pure/state.js' */

class View extends EventTarget {
  values = readUrl(location.search);

  constructor() {
    super();
    addEventListener('popstate', () => {
      const before = this.values;
      this.values = readUrl(location.search);
      const keys = /** @type {Key[]} */ (Object.keys(before));
      this.#tell(keys.filter((key) => before[key] !== this.values[key]));
    });
  }

  /** @param {Key} key */
  get(key) {
    return this.values[key];
  }

  /**
   * Change some values; listeners hear once which. `push` makes a step for the back button.
   * @param {Partial<Record<Key, string | number>>} changes
   * @param {{push?: boolean}} [options]
   */
  set(changes, { push = false } = {}) {
    const keys = /** @type {Key[]} */ (Object.keys(changes));
    const changed = keys.filter((key) => this.values[key] !== String(changes[key]));
    if (!changed.length) return;
    const values = { ...this.values };
    for (const key of changed) values[key] = String(changes[key]);
    this.values = values;
    history[push ? 'pushState' : 'replaceState'](null, '', writeUrl(values));
    this.#tell(changed);
  }

  /**
   * Call `listener` when one of these keys changed; returns what ends it.
   * @param {Key[]} keys
   * @param {(changed: Key[]) => void} listener
   */
  on(keys, listener) {
    const heard = (/** @type {Event} */ event) => {
      const changed = /** @type {CustomEvent<Key[]>} */ (event).detail;
      if (keys.some((key) => changed.includes(key))) listener(changed);
    };
    this.addEventListener('change', heard);
    return () => this.removeEventListener('change', heard);
  }

  /** Call `listener` when other rows are wanted. @param {(changed: Key[]) => void} listener */
  onQuery(listener) {
    return this.on(QUERY_KEYS, listener);
  }

  /** The parameters of the API for the wanted rows. */
  query() {
    return queryOf(this.values);
  }

  /** The filter of the list. */
  filter() {
    return this.query().filter;
  }

  /** What line and chips look for, also where the list shows more. */
  search() {
    return wholeFilter(this.values);
  }

  /** What to light up in payloads. */
  lit() {
    return highlight(this.values.q);
  }

  /** @param {Key[]} changed */
  #tell(changed) {
    if (changed.length) this.dispatchEvent(new CustomEvent('change', { detail: changed }));
  }
}

export const view = new View();

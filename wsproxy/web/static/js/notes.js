// Notes, stars and colours on messages and connections. They are kept in the browser, by id and
// time, so that those of one capture do not turn up in another.

import { saveText } from './api.js';
import { pref, setPref } from './prefs.js';

/** @typedef {{about: string, id: number, connection: number, text: string, colour: string, summary: string}} Note */

export const COLOURS = ['red', 'amber', 'green', 'blue', 'violet'];
const MAX_NOTES = 2000;

class Notes extends EventTarget {
  /** @type {Map<string, Note>} */
  #notes = new Map(pref('notes', /** @type {[string, Note][]} */ ([])));

  /** @param {{id: number, time: number}} row */
  of(row) {
    return this.#notes.get(frameKey(row));
  }

  /** @param {{id: number, opened: number}} connection */
  ofConnection(connection) {
    return this.#notes.get(connectionKey(connection));
  }

  /**
   * Put or change a note on a message.
   * @param {{id: number, time: number, connection: number, preview: string}} row
   * @param {Partial<Note>} changes
   */
  put(row, changes) {
    const { id, connection, preview } = row;
    this.#put(
      frameKey(row),
      { about: 'frame', id, connection, summary: preview.slice(0, 120) },
      changes,
    );
  }

  /**
   * @param {{id: number, opened: number, target: string}} connection
   * @param {Partial<Note>} changes
   */
  putConnection(connection, changes) {
    const { id, target } = connection;
    this.#put(
      connectionKey(connection),
      { about: 'connection', id, connection: id, summary: target },
      changes,
    );
  }

  /** @param {{id: number, time: number}} row */
  removeOf(row) {
    this.remove(frameKey(row));
  }

  /** @param {string} key */
  remove(key) {
    this.#notes.delete(key);
    this.#keep();
  }

  /** As a file. */
  save() {
    saveText(
      JSON.stringify(
        this.all().map(([, note]) => note),
        null,
        2,
      ),
      'wsproxy-notes.json',
    );
  }

  /** @returns {[string, Note][]} */
  all() {
    return [...this.#notes].sort(([, a], [, b]) => a.connection - b.connection || a.id - b.id);
  }

  /**
   * @param {string} key
   * @param {Pick<Note, 'about' | 'id' | 'connection' | 'summary'>} what
   * @param {Partial<Note>} changes
   */
  #put(key, what, changes) {
    const before = this.#notes.get(key) ?? { text: '', colour: 'amber' };
    this.#notes.set(key, { ...before, ...what, ...changes });
    const oldest = this.#notes.keys().next().value;
    if (this.#notes.size > MAX_NOTES && oldest) this.#notes.delete(oldest);
    this.#keep();
  }

  #keep() {
    setPref('notes', [...this.#notes]);
    this.dispatchEvent(new Event('change'));
  }
}

/** @param {{id: number, time: number}} row */
export const frameKey = ({ id, time }) => `${id}@${time}`;

/** @param {{id: number, opened: number}} connection */
export const connectionKey = ({ id, opened }) => `c${id}@${opened}`;

export const notes = new Notes();

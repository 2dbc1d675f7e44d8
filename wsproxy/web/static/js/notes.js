// Notes and bookmarks on messages and connections. They live in the capture; a word such as #red in
// a note is its colour.

import { get, patch } from './api.js';
import { attempt } from './dom.js';
import { feed } from './feed.js';

/** @import { Note, NoteChange } from './types' */
/** @typedef {{connection: number, direction: 'upstream' | 'downstream' | null, message: number | null}} Place */

export const COLOURS = ['red', 'amber', 'green', 'blue', 'violet'];
const AT_ONCE = 1000;
const COLOUR = new RegExp(`(?:^|\\s)#(${COLOURS.join('|')})(?=\\s|$)`);

/** @param {Place} place */
const keyOf = ({ connection, direction, message }) =>
  message === null ? String(connection) : `${connection}/${direction}/${message}`;

class Notes extends EventTarget {
  /** @type {Map<string, Note>} */
  #notes = new Map();

  constructor() {
    super();
    feed.on('open', () => attempt(() => this.#load()));
    feed.on('behind', () => attempt(() => this.#load()));
    feed.on('batch', ({ updates }) => {
      for (const update of updates) if ('note' in update) this.#take(/** @type {Note} */ (update));
    });
  }

  /** The note on a row's message. @param {Place} row */
  of(row) {
    return row.message !== null ? this.#notes.get(keyOf(row)) : undefined;
  }

  /** @param {{id: number}} connection */
  ofConnection({ id }) {
    return this.#notes.get(String(id));
  }

  /** Change what is noted; what is not given stays. @param {Place} place @param {NoteChange} change */
  async put({ connection, direction, message }, change) {
    const path =
      message === null
        ? `/connections/${connection}/note`
        : `/connections/${connection}/messages/${direction}/${message}/note`;
    this.#take(await patch(path, change));
  }

  /** Colour messages or a connection; an empty colour takes it away. @param {Place[]} places @param {string} colour */
  async colour(places, colour) {
    for (const place of places) {
      const text = withoutColour(this.#notes.get(keyOf(place))?.note ?? '');
      await this.put(place, { note: `${text}${colour && ` #${colour}`}`.trim() });
    }
  }

  /** @returns {Note[]} by connection and message */
  all() {
    return [...this.#notes.values()].sort(
      (a, b) => a.connection - b.connection || (a.message ?? 0) - (b.message ?? 0),
    );
  }

  async #load() {
    /** @type {Map<string, Note>} */
    const found = new Map();
    for (let offset = 0; ; offset += AT_ONCE) {
      const page = await get('/notes', { offset, limit: AT_ONCE });
      for (const note of page.notes) found.set(keyOf(note), note);
      if (offset + AT_ONCE >= page.total) break;
    }
    this.#notes = found;
    this.dispatchEvent(new Event('change'));
  }

  /** @param {Note} note */
  #take(note) {
    if (note.note || note.marked) this.#notes.set(keyOf(note), note);
    else this.#notes.delete(keyOf(note));
    this.dispatchEvent(new Event('change'));
  }
}

/** The colour of a note. @param {Note} note */
export const colourOf = ({ note }) => COLOUR.exec(note)?.[1] ?? 'amber';

/** A note's text without its colour. @param {string} text */
export const withoutColour = (text) => text.replace(COLOUR, '').trim();

export const notes = new Notes();

// All notes and bookmarks of the capture, with a way to each.

import { get } from '../api.js';
import { attempt, button, el, fill, select } from '../dom.js';
import { showFrame } from '../facts.js';
import { COLOURS, colourOf, notes, withoutColour } from '../notes.js';
import { arrow, count } from '../pure/format.js';
import { hasWords } from '../pure/words.js';
import { view } from '../view.js';

/** @import { Note } from '../types' */

const MOST = 1000; // notes that are listed at a time

class NotesPanel extends HTMLElement {
  #update = () => this.#draw();
  #find = el('input', {
    type: 'search',
    placeholder: 'Find a note',
    'aria-label': 'Find a note',
    oninput: () => this.#draw(),
  });
  #colour = select(
    'List a colour',
    [
      ['', 'List a colour…'],
      ...COLOURS.map((each) => /** @type {[string, string]} */ ([each, each])),
    ],
    '',
    () => this.#colour.value && view.set({ q: `~note #${this.#colour.value}` }),
  );
  #body = el('div');

  connectedCallback() {
    this.className = 'tool';
    this.append(
      el(
        'div',
        { class: 'row' },
        this.#find,
        button('List what is bookmarked', () => view.set({ q: '~marked' })),
        this.#colour,
        button('List what has a note', () => view.set({ q: '~note .' })),
      ),
      this.#body,
    );
    notes.addEventListener('change', this.#update);
    this.#draw();
  }

  disconnectedCallback() {
    notes.removeEventListener('change', this.#update);
  }

  #draw() {
    const all = notes.all();
    const wanted = hasWords(this.#find.value);
    const found = all.filter(({ note }) => wanted(note));
    if (!all.length)
      return fill(
        this.#body,
        el(
          'p',
          { class: 'dim' },
          'No notes yet: b bookmarks the selected frame; the menu of a row or a connection adds a note. They are kept in the capture.',
        ),
      );
    fill(
      this.#body,
      el(
        'table',
        {},
        el(
          'tbody',
          {},
          found.slice(0, MOST).map((note) => this.#row(note)),
        ),
      ),
      found.length > MOST &&
        el('p', { class: 'dim' }, `${count(found.length - MOST)} more: find them by their words.`),
    );
  }

  /** @param {Note} note */
  #row(note) {
    const { connection, direction, message } = note;
    const name =
      message === null || direction === null
        ? `Connection #${connection}`
        : `#${connection} ${arrow(direction)} message ${count(message)}`;
    return el(
      'tr',
      {},
      el(
        'td',
        { class: `noted ${colourOf(note)}` },
        button(name, () => attempt(() => show(note)), { class: 'plain' }),
      ),
      el('td', {}, note.marked && el('span', { class: 'star', title: 'bookmarked' }, '★')),
      el('td', { class: 'untrusted' }, withoutColour(note.note)),
      el(
        'td',
        {},
        button('Remove', () => attempt(() => notes.put(note, { note: '', marked: false })), {
          'aria-label': `Remove the note on ${name}`,
        }),
      ),
    );
  }
}

/** @param {Note} note */
async function show({ connection, direction, message }) {
  if (message === null) return view.set({ connection, frame: '' }, { push: true });
  const { frames } = await get(`/connections/${connection}/messages/${direction}/${message}`);
  const last = frames.at(-1);
  if (last !== undefined) showFrame(last);
}

customElements.define('wsp-notes', NotesPanel);

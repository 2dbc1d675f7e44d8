// The dialog for a note on a message or a connection.

import { attempt, button, el, select } from '../dom.js';
import { dialog } from '../menu.js';
import { COLOURS, colourOf, notes, withoutColour } from '../notes.js';

/** @import { Note } from '../types' */
/** @import { Place } from '../notes.js' */

const MOST = 4000; // characters; the API takes a few more, for the colour

/**
 * @param {string} about
 * @param {Place} place
 * @param {Note | undefined} note as it is
 */
export function editNote(about, place, note) {
  const text = el('textarea', {
    'aria-label': 'Note',
    rows: 3,
    maxlength: MOST,
    value: withoutColour(note?.note ?? ''),
  });
  const before = note ? colourOf(note) : 'amber';
  const colour = select(
    'Colour',
    COLOURS.map((each) => [each, each]),
    before,
  );
  const marked = el('input', { type: 'checkbox', checked: note?.marked ?? false });
  const done = () =>
    attempt(async () => {
      const tag = colour.value === 'amber' ? '' : ` #${colour.value}`;
      await notes.put(place, { note: `${text.value.trim()}${tag}`.trim(), marked: marked.checked });
      box.close();
    });
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) done();
  });
  const box = dialog(
    'Note',
    el('h2', {}, 'Note'),
    el('p', { class: 'dim untrusted' }, about.slice(0, 200)),
    text,
    el(
      'p',
      { class: 'dim' },
      'Kept in the capture, found by ~note and ~marked, and part of every export.',
    ),
    el(
      'div',
      { class: 'row end' },
      el('label', {}, marked, 'Bookmark'),
      colour,
      button('Cancel', () => box.close()),
      button('Keep', done, { class: 'primary' }),
    ),
  );
  text.focus();
}

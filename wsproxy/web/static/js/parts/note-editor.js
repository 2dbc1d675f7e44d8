// The dialog for a note on a message or a connection.

import { button, el, select } from '../dom.js';
import { dialog } from '../menu.js';
import { COLOURS } from '../notes.js';

/** @import { Note } from '../notes.js' */

/**
 * @param {string} about
 * @param {Note | undefined} note
 * @param {(changes: {text: string, colour: string}) => void} keep
 */
export function editNote(about, note, keep) {
  const text = el('textarea', { 'aria-label': 'Note', rows: 3, value: note?.text ?? '' });
  const colour = select(
    'Colour',
    COLOURS.map((each) => [each, each]),
    note?.colour ?? 'amber',
  );
  const done = () => {
    keep({ text: text.value.trim(), colour: colour.value });
    box.close();
  };
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) done();
  });
  const box = dialog(
    'Note',
    el('h2', {}, 'Note'),
    el('p', { class: 'dim untrusted' }, about.slice(0, 200)),
    text,
    el('p', { class: 'dim' }, 'Notes are kept in this browser; Export saves them as a file.'),
    el(
      'div',
      { class: 'row end' },
      colour,
      button('Cancel', () => box.close()),
      button('Keep', done, { class: 'primary' }),
    ),
  );
  text.focus();
}

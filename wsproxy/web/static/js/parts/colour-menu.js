// Colours for messages and connections: they are words of their notes, kept in the capture.

import { attempt } from '../dom.js';
import { COLOURS, notes } from '../notes.js';
import { pref } from '../prefs.js';

/** @import { Action } from '../types' */
/** @import { Place } from '../notes.js' */

/** @param {Place[]} places @returns {Action} */
export const colourItems = (places) => ({
  text: 'Colour',
  items: ['', ...COLOURS].map((colour, digit) => ({
    text: colour || 'no colour',
    keys: String(digit),
    look: colour ? `swatch noted ${colour}` : '',
    run: () => attempt(() => notes.colour(places, colour)),
  })),
});

/**
 * What a digit does where messages or a connection are selected; false where it does nothing.
 * @param {string} key
 * @param {Place[]} places
 */
export function colourKey(key, places) {
  const colour = ['', ...COLOURS][/^\d$/.test(key) ? Number(key) : -1];
  if (colour === undefined || !places.length || !pref('keys', true)) return false;
  attempt(() => notes.colour(places, colour));
  return true;
}

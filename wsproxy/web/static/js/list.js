// The list of rows that the page shows, following the view and what one likes.

import { onPref, pref } from './prefs.js';
import { comparison, MAX_COLOURS, pathsOf } from './pure/columns.js';
import { hitSource } from './pure/filter.js';
import { Rows } from './rows.js';
import { view } from './view.js';

/** @typedef {{filter: string, colour: string}} ColourRule */

export const rows = new Rows();

/** Keys of the columns that are shown. @returns {string[]} */
export const columnKeys = () => pref('columns', ['conn', 'instance']);

/** @returns {ColourRule[]} */
export const colourRules = () =>
  pref('colours', /** @type {ColourRule[]} */ ([])).slice(0, MAX_COLOURS);

const extras = () => ({
  columns: pathsOf(columnKeys()),
  colours: colourRules().map(({ filter }) => filter),
  hit: hitSource(view.get('q')),
});

/** Sort the rows as the view says. */
export const sortRows = () =>
  rows.sort(comparison(view.get('order'), columnKeys()), view.get('order'));

/** List what the view asks for. */
export async function openRows() {
  await rows.open(view.query(), extras());
  if (view.get('order')) await sortRows();
}

view.onQuery(() => openRows());
view.on(['order'], () => sortRows());
onPref('columns', () => rows.extend(extras()));
onPref('colours', () => rows.extend(extras()));

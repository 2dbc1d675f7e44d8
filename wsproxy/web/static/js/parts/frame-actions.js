// What can be done with the selected rows: the context menu, and the palette.

import {
  copyCurl,
  copyHex,
  copyJsonLines,
  copyPayload,
  copyPython,
  copyRows,
  copyWebsocat,
} from '../clipboard.js';
import { attempt, toast } from '../dom.js';
import { filterBy } from '../filtering.js';
import { notes } from '../notes.js';
import { filtersOf } from '../pure/filter.js';
import { counted } from '../pure/format.js';
import { status } from '../status.js';
import { view } from '../view.js';
import { colourItems } from './colour-menu.js';
import { editNote } from './note-editor.js';

/** @import { Action, Row } from '../types' */

/** @param {Row} row */
export function bookmark(row) {
  return attempt(() => {
    if (row.message === null) throw new Error(NO_NOTE);
    return notes.put(row, { marked: !notes.of(row)?.marked });
  });
}

const NO_NOTE = 'A control frame belongs to no message: bookmark its connection instead.';

/** The messages of rows, which can be coloured. @param {Row[]} rows */
export const messagesOf = (rows) => rows.filter(({ fin, message }) => fin && message !== null);

/**
 * @param {Row[]} selected in their order
 * @param {{path: string, value: string} | null} [cell] of the row, that was pointed at
 * @returns {(Action | null)[]}
 */
export function rowActions(selected, cell = null) {
  const row = selected.find(({ id }) => String(id) === view.get('frame')) ?? selected[0];
  if (!row) return [];
  return [
    {
      text: `Copy ${counted(selected.length, 'row')}`,
      keys: 'Ctrl+C',
      run: () => copyRows(selected),
    },
    { text: 'Copy payload', run: () => attempt(() => copyPayload(row.id)) },
    { text: 'Copy payload as hex', run: () => attempt(() => copyHex(row.id)) },
    { text: 'Copy as JSON lines', run: () => attempt(() => copyJsonLines(selected)) },
    { text: 'Copy as websocat', run: () => attempt(() => copyWebsocat(row.id)) },
    { text: 'Copy as Python', run: () => attempt(() => copyPython(row.id)) },
    { text: 'Copy handshake as cURL', run: () => attempt(() => copyCurl(row.connection)) },
    null,
    {
      text: 'Filter',
      items: [
        ...filtersOf(row, cell).map(([text, filter]) => ({ text, run: () => filterBy(filter) })),
        { text: 'From this time on', run: () => view.set({ since: row.time }) },
        { text: 'Up to this time', run: () => view.set({ until: row.time }) },
      ],
    },
    { text: 'Measure time from here', run: () => view.set({ time: 'mark', zero: row.time }) },
    ...comparing(row, selected),
    {
      text: notes.of(row)?.marked ? 'Remove bookmark' : 'Bookmark',
      keys: 'b',
      run: () => bookmark(row),
    },
    ...(messagesOf(selected).length ? [colourItems(messagesOf(selected))] : []),
    {
      text: 'Note…',
      run: () =>
        row.message === null ? toast(NO_NOTE, true) : editNote(row.preview, row, notes.of(row)),
    },
    null,
    {
      text: `Only connection #${row.connection}`,
      run: () => view.set({ connection: row.connection, frame: row.id }, { push: true }),
    },
    ...(status.steers
      ? [
          {
            text: 'Edit and send again…',
            run: () => {
              view.set({ connection: row.connection, frame: row.id, tool: 'send', pane: 'tools' });
              document.dispatchEvent(new Event('send-selected'));
            },
          },
        ]
      : []),
  ];
}

/** @param {Row} row @param {Row[]} selected @returns {Action[]} */
function comparing(row, selected) {
  const [first, second] = selected;
  const compare = (/** @type {number} */ before, /** @type {number} */ after) => () =>
    view.set({ frame: after, compare: before, tab: 'compare', pane: 'details' });
  if (selected.length === 2 && first && second)
    return [{ text: 'Compare these two', run: compare(first.id, second.id) }];
  const chosen = Number(view.get('base'));
  return [
    { text: 'Choose for comparing', run: () => view.set({ base: row.id }) },
    ...(chosen && chosen !== row.id
      ? [{ text: `Compare with frame ${chosen}`, run: compare(chosen, row.id) }]
      : []),
  ];
}

// To a frame by its number, or to the first row of the list at a time.

import { get } from '../api.js';
import { attempt, toast } from '../dom.js';
import { showFrame } from '../facts.js';
import { rows } from '../list.js';
import { ask } from '../menu.js';
import { offer } from '../palette.js';
import { destination } from '../pure/destination.js';
import { view } from '../view.js';

/** @import { Page, Row } from '../types' */

/** Ask where to go, and go there. */
export const goSomewhere = () =>
  attempt(async () => {
    const text = await ask('Go to a frame or a time', '1234 or 12:34:56.7', 'Go');
    if (!text) return;
    const place = rows.all - 1;
    const last = place < 0 ? undefined : await rowAt(place);
    const where = destination(text, last?.time ?? Date.now() / 1000);
    if (!where) throw new Error('Say the number of a frame, or a time such as 12:34:56.7');
    if ('frame' in where) return showFrame(where.frame);
    const row = await firstAt(where.time);
    if (row) showFrame(row.id);
    else toast('No row of the list is as late as that.');
  });

/** @param {number} offset @returns {Promise<Row | undefined>} */
async function rowAt(offset) {
  /** @type {Page} */
  const page = await get('/frames', { ...view.query(), offset, limit: 1 });
  return page.rows[0];
}

/** The first row at a time or after it; rows are in the order of time. @param {number} time */
async function firstAt(time) {
  let [from, to] = [0, rows.all];
  /** @type {Row | undefined} */
  let found;
  while (from < to) {
    const middle = (from + to) >> 1;
    const row = await rowAt(middle);
    if (row && row.time < time) from = middle + 1;
    else {
      found = row;
      to = middle;
    }
  }
  return found;
}

offer(() => [{ text: 'Go to a frame or a time…', keys: 'g', run: goSomewhere }]);

// From hit to hit of what the line looks for, whether the list shows other rows between or not.

import { get } from './api.js';
import { showFrame } from './facts.js';
import { Latest } from './latest.js';
import { rows } from './list.js';
import { both } from './pure/filter.js';
import { view } from './view.js';

/** @import { Page } from './types' */

const latest = new Latest();
const LOOKS = 100; // a tenth of a second of searching each

/**
 * Go to the next hit, or to the one before; round the ends.
 * @param {1 | -1} step
 * @returns {Promise<boolean>} whether there is one
 */
export async function goToHit(step) {
  if (rows.sorted && view.search()) return goInSorted(Number(view.get('frame')) || 0, step);
  return goToNext(step, view.search());
}

/**
 * Go to the next bookmark of the list, or to the one before.
 * @param {1 | -1} step
 */
export function goToBookmark(step) {
  return goToNext(step, both(view.filter(), '~marked'));
}

/** @param {1 | -1} step @param {string} filter */
async function goToNext(step, filter) {
  const signal = latest.begin();
  if (!filter) return false;
  const id = Number(view.get('frame')) || 0;
  const next = step > 0 ? { after: id } : { before: id };
  const round = step > 0 ? { offset: 0 } : { offset: -1 };
  for (const where of id ? [next, round] : [round]) {
    for (let look = 0; look < LOOKS; look += 1) {
      const query = { ...view.query(), filter, ...where, limit: 1 };
      /** @type {Page} */
      const page = await get('/frames', query, signal);
      const row = page.rows[0];
      if (row) {
        showFrame(row.id);
        return true;
      }
      if (page.complete) break;
    }
  }
  return false;
}

/** @param {number} id @param {number} step */
function goInSorted(id, step) {
  const all = rows.sorted ?? [];
  const at = all.findIndex((row) => row.id === id);
  const row = all[(at + step + all.length) % all.length];
  if (row) showFrame(row.id);
  return Boolean(row);
}

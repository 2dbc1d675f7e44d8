// The rows of a list in another order than they came: a snapshot of its newest ones.

import { get } from './api.js';

/** @import { Page, Row } from './types' */
/** @import { Parameters } from './api.js' */

export const MAX_SORTED = 5000;
const AT_ONCE = 1000;

/**
 * The newest MAX_SORTED rows of a list, sorted.
 * @param {Parameters} query
 * @param {(a: Row, b: Row) => number} compare
 * @param {AbortSignal} signal
 * @returns {Promise<Row[]>}
 */
export async function sortedRows(query, compare, signal) {
  /** @type {Row[]} */
  const found = [];
  /** @type {number | undefined} */
  let before;
  while (found.length < MAX_SORTED) {
    const where = before === undefined ? { offset: -AT_ONCE } : { before };
    /** @type {Page} */
    const page = await get('/frames', { ...query, ...where, limit: AT_ONCE }, signal);
    if (!page.complete && before === undefined) continue; // the search goes on
    found.push(...page.rows.reverse());
    before = found.at(-1)?.id;
    if (!page.rows.length || page.offset === 0) break;
  }
  return found.slice(0, MAX_SORTED).reverse().sort(compare);
}

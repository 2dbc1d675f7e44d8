// The rows of a list in another order than they came: a snapshot of its newest ones, or of its
// largest or smallest ones, which the capture finds by itself.

import { get } from './api.js';

/** @import { Page, Row } from './types' */
/** @import { Parameters } from './api.js' */

export const MAX_SORTED = 5000;
const AT_ONCE = 1000;

/**
 * Which rows of a list are sorted, where they are not all.
 * @param {string} order as the view has it
 */
export const sortedWhich = (order) => ({ size: 'smallest', '-size': 'largest' })[order] ?? 'newest';

/**
 * The MAX_SORTED largest or smallest rows of a list.
 * @param {Parameters} query
 * @param {AbortSignal} signal
 * @returns {Promise<Row[]>}
 */
async function bySize(query, signal) {
  /** @type {Row[]} */
  const found = [];
  while (found.length < MAX_SORTED) {
    /** @type {Page} */
    const page = await get('/frames', { ...query, offset: found.length, limit: AT_ONCE }, signal);
    if (!page.complete && !found.length) continue; // the search goes on
    found.push(...page.rows);
    if (!page.rows.length || found.length >= page.total) break;
  }
  return found;
}

/**
 * At most MAX_SORTED rows of a list, sorted: those of `sortedWhich`.
 * @param {Parameters} query
 * @param {string} order
 * @param {(a: Row, b: Row) => number} compare
 * @param {AbortSignal} signal
 * @returns {Promise<Row[]>}
 */
export async function sortedRows(query, order, compare, signal) {
  if (sortedWhich(order) !== 'newest')
    return (await bySize({ ...query, order }, signal)).sort(compare);
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

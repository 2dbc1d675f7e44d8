// What is being looked at, as the query of the page's URL: a view can be shared or bookmarked.

import { wholeFilter } from './filter.js';

export const DEFAULTS = {
  connection: '', // id
  frame: '', // id of the selected row
  q: '', // the line of filter
  dir: '', // up, down
  op: '', // text, binary
  mark: '', // changed, dropped, injected, violation, compressed
  kind: '', // what a decoder calls it
  since: '', // seconds since the epoch
  until: '',
  control: '1',
  fragments: '1',
  start: '', // id of the first row after a clear
  time: 'clock', // clock, start, delta, mark
  zero: '', // seconds since the epoch that `mark` counts from
  tab: 'payload', // of the details
  format: 'auto', // of the payload
  tool: '', // open tool below
  sort: 'newest', // of the connections
  order: '', // of the rows: a column's key, with - before it from its end
  hits: '1', // 0 lists all rows and lights up those that the line finds
  find: '', // in the connections
  state: '', // of the connections
  pane: 'frames', // on narrow screens: connections, frames, details, tools
  before: '', // numbers of two connections that are compared
  after: '',
  base: '', // id of a frame that was chosen for comparing
  compare: '', // id of the frame that the selected one is compared with
};

/** @typedef {keyof typeof DEFAULTS} Key */
/** @typedef {Record<Key, string>} Values */

/** Keys that say which rows are listed. @type {Key[]} */
export const QUERY_KEYS = [
  'connection',
  'q',
  'hits',
  'dir',
  'op',
  'mark',
  'kind',
  'since',
  'until',
  'control',
  'fragments',
  'start',
];

/**
 * @param {string} search the URL's query
 * @returns {Values}
 */
export function readUrl(search) {
  const values = { ...DEFAULTS };
  for (const [key, value] of new URLSearchParams(search)) {
    if (key in DEFAULTS) values[/** @type {Key} */ (key)] = value;
  }
  return values;
}

/**
 * @param {Values} values
 * @returns {string} the URL, without what is as it always is
 */
export function writeUrl(values) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== DEFAULTS[/** @type {Key} */ (key)]) query.set(key, value);
  }
  const text = query.toString();
  return text ? `/?${text}` : '/';
}

/**
 * The parameters of the API for the rows that are wanted.
 * @param {Values} values
 */
export function queryOf(values) {
  const { connection, control, fragments, since, until, start } = values;
  const filter = wholeFilter(values.hits === '0' ? { ...values, q: '' } : values);
  return { connection, filter, control, fragments, since, until, start };
}

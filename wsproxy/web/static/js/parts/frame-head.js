// The titles of the list's columns: they sort, and a menu chooses which there are.

import { button, fill, toast } from '../dom.js';
import { columnKeys } from '../list.js';
import { ask, menu } from '../menu.js';
import { setPref } from '../prefs.js';
import {
  INSTANCES,
  isPath,
  MAX_PATHS,
  nextOrder,
  OPTIONAL,
  pathsOf,
  shownColumns,
} from '../pure/columns.js';
import { view } from '../view.js';

/** @import { Column } from '../pure/columns.js' */

/** @type {[string, string, string][]} */
const TIMES = [
  ['clock', 'Time of day', 'Time'],
  ['start', 'Since the connection opened', 'Time +'],
  ['delta', 'Since the row before', 'Time Δ'],
  ['mark', 'Since the row that was chosen', 'Time ±'],
];

const OF_MANY = ['conn', 'instance']; // the same in all rows of one connection

/** @param {Column} column */
const exists = ({ key }) => key !== 'instance' || INSTANCES.size > 0;

/** The optional columns that are shown. @returns {Column[]} */
export const columns = () =>
  shownColumns(columnKeys()).filter(
    (column) => exists(column) && !(view.get('connection') && OF_MANY.includes(column.key)),
  );

/** @param {string} path */
export function addColumn(path) {
  const keys = columnKeys();
  if (keys.includes(path)) return;
  if (pathsOf(keys).length >= MAX_PATHS) toast(`There are ${MAX_PATHS} paths already.`, true);
  else setPref('columns', [...keys, path]);
}

/**
 * Draw the titles.
 * @param {HTMLElement} head
 */
export function drawHead(head) {
  const time = TIMES.find(([key]) => key === view.get('time'))?.[2] ?? 'Time';
  fill(
    head,
    title('direction', '⇅', 'direction'),
    title('time', time),
    columns().map(({ key, title: text }) => title(key, text, text, 'extra untrusted')),
    title('size', 'Size', 'size', 'number'),
    title('payload', 'Payload'),
    button('⋮', () => columnMenu(head), {
      class: 'plain',
      title: 'Columns',
      'aria-label': 'Columns',
      'aria-haspopup': 'menu',
    }),
  );
}

/** @param {string} key @param {string} text @param {string} [name] @param {string} [classes] */
function title(key, text, name = text, classes = '') {
  const order = view.get('order');
  const sign = order === key ? ' ▲' : order === `-${key}` ? ' ▼' : '';
  return button(`${text}${sign}`, () => view.set({ order: nextOrder(order, key) }), {
    class: `plain title ${classes}`,
    title: `Sort by ${name.toLowerCase()}`,
    'aria-pressed': String(sign !== ''),
  });
}

/** @param {HTMLElement} head @param {MouseEvent} [event] */
export function columnMenu(head, event) {
  event?.preventDefault();
  const { right, bottom } = head.getBoundingClientRect();
  const keys = columnKeys();
  const toggle = (/** @type {string} */ key) =>
    setPref('columns', keys.includes(key) ? keys.filter((each) => each !== key) : [...keys, key]);
  menu(event?.clientX ?? right - 10, event?.clientY ?? bottom, [
    ...TIMES.filter(([key]) => key !== 'mark' || view.get('zero')).map(([key, text]) => ({
      text: `${view.get('time') === key ? '● ' : '○ '}${text}`,
      run: () => view.set({ time: key }),
    })),
    null,
    ...OPTIONAL.filter(exists).map(({ key, title: text }) => ({
      text: `${keys.includes(key) ? '✓ ' : '   '}${text === 'Conn' ? 'Connection' : text}`,
      run: () => toggle(key),
    })),
    ...keys.filter(isPath).map((key) => ({ text: `✓ ${key}`, run: () => toggle(key) })),
    { text: 'A path of JSON…', run: askForPath },
    null,
    { text: 'As they came, not sorted', run: () => view.set({ order: '' }) },
  ]);
}

async function askForPath() {
  const path = await ask('A path of JSON as a column', '$.op', 'Add the column', '$.');
  if (!path) return;
  if (isPath(path)) addColumn(path);
  else toast('A path begins with $, for instance $.data.price', true);
}

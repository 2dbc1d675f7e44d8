// The columns of the list: what each is called, how wide it is, and how it sorts.

/** @import { Row } from '../types' */

/** @typedef {{key: string, title: string, width: string, value: (row: Row) => string | number | null | undefined}} Column */

const PATH_WIDTH = '8rem';
export const MAX_PATHS = 8; // that the API takes
export const MAX_COLOURS = 8;

/** Of each connection, in a fleet; connections.js knows them. @type {Map<number, string>} */
export const INSTANCES = new Map();

/** Columns that can be switched on, beyond those that are always there. @type {Column[]} */
export const OPTIONAL = [
  { key: 'conn', title: 'Conn', width: '3.6rem', value: (row) => row.connection },
  {
    key: 'instance',
    title: 'Instance',
    width: '6rem',
    value: (row) => INSTANCES.get(row.connection),
  },
  { key: 'opcode', title: 'Opcode', width: '3.6rem', value: (row) => row.opcode },
  { key: 'kind', title: 'Kind', width: '7rem', value: (row) => row.kind },
  { key: 'latency', title: 'Latency', width: '5rem', value: (row) => row.latency },
];

/** Columns that are always there and sort. @type {Column[]} */
const FIXED = [
  { key: 'direction', title: 'Direction', width: '', value: (row) => row.direction },
  { key: 'time', title: 'Time', width: '', value: (row) => row.id },
  { key: 'size', title: 'Size', width: '', value: (row) => row.payload_length },
  { key: 'payload', title: 'Payload', width: '', value: (row) => row.summary ?? row.preview },
];

/** @param {string} key */
export const isPath = (key) => key.startsWith('$');

/** The paths among the keys of columns. @param {string[]} keys */
export const pathsOf = (keys) => keys.filter(isPath).slice(0, MAX_PATHS);

/**
 * The optional columns that are shown, in their order.
 * @param {string[]} keys
 * @returns {Column[]}
 */
export function shownColumns(keys) {
  const paths = pathsOf(keys);
  return [
    ...OPTIONAL.filter(({ key }) => keys.includes(key)),
    ...paths.map((path, place) => ({
      key: path,
      title: path,
      width: PATH_WIDTH,
      value: (/** @type {Row} */ row) => row.columns?.[place],
    })),
  ];
}

/**
 * How rows sort by a column: `size` up, `-size` down. Rows without a value come last.
 * @param {string} order
 * @param {string[]} keys of the columns that are shown
 * @returns {((a: Row, b: Row) => number) | null} null where there is no such column
 */
export function comparison(order, keys) {
  const key = order.replace(/^-/, '');
  const column = [...FIXED, ...shownColumns(keys)].find((each) => each.key === key);
  if (!column) return null;
  const sign = order.startsWith('-') ? -1 : 1;
  return (a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    const [noX, noY] = [x ?? null, y ?? null].map((each) => each === null);
    if (noX || noY) return Number(noX) - Number(noY) || a.id - b.id;
    return sign * compare(x ?? '', y ?? '') || a.id - b.id;
  };
}

/** Numbers as such, also where they are written as text. @param {string | number} x @param {string | number} y */
function compare(x, y) {
  const [a, b] = [Number(x), Number(y)];
  if (x !== '' && y !== '' && !Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  return String(x).localeCompare(String(y));
}

/**
 * What a click on a column's title makes of the order: up, down, as they came.
 * @param {string} order
 * @param {string} key
 */
export function nextOrder(order, key) {
  if (order === key) return `-${key}`;
  return order === `-${key}` ? '' : key;
}

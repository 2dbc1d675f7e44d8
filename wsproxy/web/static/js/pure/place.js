// Where rows of a long list lie. Browsers bound the height of an element (Firefox at 17.8 million
// pixels), so long lists scroll by share: the scrollbar's position is a place in the list.

export const MAX_HEIGHT = 8_000_000;

/**
 * @typedef {object} Geometry
 * @property {number} total rows
 * @property {number} rowHeight pixels
 * @property {number} visible rows that fit
 * @property {number} room pixels that the scrollbar can move
 */

/** @param {Geometry} list */
export const bySharing = ({ total, rowHeight }) => total * rowHeight > MAX_HEIGHT;

/** @param {Geometry} list @param {number} place */
export const clamp = ({ total, visible }, place) => Math.max(0, Math.min(place, total - visible));

/**
 * The scrollbar's position that shows a place at the top.
 * @param {Geometry} list
 * @param {number} place
 */
export function position(list, place) {
  if (!bySharing(list)) return place * list.rowHeight;
  return (place / Math.max(1, list.total - list.visible)) * list.room;
}

/**
 * The place that a position of the scrollbar shows at the top.
 * @param {Geometry} list
 * @param {number} at
 */
export function placeAt(list, at) {
  if (!bySharing(list)) return at / list.rowHeight;
  return list.room ? (at / list.room) * Math.max(0, list.total - list.visible) : 0;
}

/**
 * Where a key leads from a place in a list; undefined for other keys.
 * @param {string} key
 * @param {number} place
 * @param {number} total
 * @param {number} page
 */
export function keyTarget(key, place, total, page) {
  /** @type {Record<string, number>} */
  const targets = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    j: place + 1,
    k: place - 1,
    PageDown: place + page,
    PageUp: place - page,
    Home: 0,
    End: total - 1,
  };
  const target = targets[key];
  return target === undefined || !total ? undefined : Math.max(0, Math.min(target, total - 1));
}

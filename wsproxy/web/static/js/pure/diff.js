// What is different between two texts, word by word, and between two JSON values, path by path.

const MAX_WORDS = 1200; // the table of the longest common part has the square of this
const MAX_CHANGES = 2000;

/** @typedef {[text: string, differs: boolean]} Part */
/** @typedef {{path: string, before: unknown, after: unknown, what: 'changed' | 'added' | 'removed'}} Change */

/** @param {string} text @returns {string[]} */
const words = (text) => text.match(/\w+|\s+|[^\w\s]/gu) ?? [];

/**
 * @param {string} before
 * @param {string} after
 * @returns {[Part[], Part[]]}
 */
export function diff(before, after) {
  let a = words(before);
  let b = words(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end))
    end += 1;
  const head = a.slice(0, start).join('');
  const tail = a.slice(a.length - end).join('');
  a = a.slice(start, a.length - end);
  b = b.slice(start, b.length - end);
  const [left, right] =
    a.length <= MAX_WORDS && b.length <= MAX_WORDS
      ? middle(a, b)
      : [[part(a.join(''), true)], [part(b.join(''), true)]];
  const whole = (/** @type {Part[]} */ parts) =>
    [part(head, false), ...parts, part(tail, false)].filter(([text]) => text);
  return [whole(left), whole(right)];
}

/** @param {string} text @param {boolean} differs @returns {Part} */
const part = (text, differs) => [text, differs];

/**
 * @param {string[]} a
 * @param {string[]} b
 * @returns {[Part[], Part[]]}
 */
function middle(a, b) {
  const wide = b.length + 1;
  const common = new Uint16Array((a.length + 1) * wide);
  const at = (/** @type {number} */ i, /** @type {number} */ j) => common[i * wide + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * wide + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  /** @type {Part[]} */
  const left = [];
  /** @type {Part[]} */
  const right = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [x, y] = [a[i] ?? '', b[j] ?? ''];
    if (i < a.length && j < b.length && x === y) {
      left.push(part(x, false));
      right.push(part(y, false));
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      left.push(part(x, true));
      i += 1;
    } else {
      right.push(part(y, true));
      j += 1;
    }
  }
  return [left, right];
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === 'object' && value !== null;

/**
 * A key as a step of a JSONPath: `.name`, `["odd name"]`, `[3]`.
 * @param {string} key
 * @param {boolean} inList
 */
export function step(key, inList) {
  if (inList) return `[${key}]`;
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/**
 * Where two JSON values differ.
 * @param {unknown} before
 * @param {unknown} after
 * @param {string} [path]
 * @param {Change[]} [found]
 * @returns {Change[]} at most MAX_CHANGES
 */
export function jsonDiff(before, after, path = '$', found = []) {
  if (found.length >= MAX_CHANGES) return found;
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    const inList = Array.isArray(before);
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const deeper = path + step(key, inList);
      if (!Object.hasOwn(after, key))
        found.push({ path: deeper, before: before[key], after: undefined, what: 'removed' });
      else if (!Object.hasOwn(before, key))
        found.push({ path: deeper, before: undefined, after: after[key], what: 'added' });
      else jsonDiff(before[key], after[key], deeper, found);
    }
  } else if (before !== after) {
    found.push({ path, before, after, what: 'changed' });
  }
  return found;
}

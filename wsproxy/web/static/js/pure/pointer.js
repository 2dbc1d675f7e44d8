// Paths such as `$.user.names[0]` as JSON pointers (RFC 6901): `/user/names/0`.

const STEP = /^(?:\.([\w$-]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['([^']*)'\])/;

/**
 * @param {string} path
 * @returns {string | null} null where it may lead to several places, or is not a path
 */
export function pointerOf(path) {
  let left = path.trim();
  if (left.startsWith('/')) return left;
  if (!left.startsWith('$')) return null;
  left = left.slice(1);
  let pointer = '';
  while (left) {
    const found = STEP.exec(left);
    if (!found) return null;
    const name = found[1] ?? found[2] ?? found[3] ?? found[4] ?? '';
    pointer += `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    left = left.slice(found[0].length);
  }
  return pointer || null;
}

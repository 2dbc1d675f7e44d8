// JSON as it was sent: numbers that a double cannot hold keep all their digits.

const START = /^\s*[[{"]/;

/**
 * @param {string} _key
 * @param {unknown} value
 * @param {{source?: string}} [context] not in every browser yet
 */
function keepDigits(_key, value, context) {
  const source = context?.source;
  if (typeof value !== 'number' || !source || Number.isSafeInteger(value)) return value;
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/**
 * @param {string} text
 * @returns {unknown} undefined where it is not JSON
 */
export function parseJson(text) {
  try {
    return /\d{16}/.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A payload as JSON, if it looks like an object, a list or a string.
 * @param {string | undefined} text
 */
export const asJson = (text) =>
  text !== undefined && START.test(text) ? parseJson(text) : undefined;

/**
 * A value as JSON text, big numbers included.
 * @param {unknown} value
 * @param {number} [indent]
 */
export function toJson(value, indent = 2) {
  /** @type {string[]} */
  const big = [];
  const text = JSON.stringify(
    value,
    (_key, inner) => {
      if (typeof inner !== 'bigint') return inner;
      big.push(String(inner));
      return `\u0000${big.length - 1}\u0000`;
    },
    indent,
  );
  return (
    text?.replaceAll(/"\\u0000(\d+)\\u0000"/g, (_all, number) => big[Number(number)] ?? '') ?? ''
  );
}

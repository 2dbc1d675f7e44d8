// The line of filter and the chips beside it, as one filter of the filter language.

/** @import { Row } from '../types' */

/** Marks that have a chip, and the filter words that list them. */
export const MARKS = [
  'changed',
  'dropped',
  'injected',
  'delayed',
  'faulted',
  'violation',
  'compressed',
  'cut',
  'marked',
];

/** Opcodes that have a filter word. @type {Record<string, string>} */
const OPCODE_WORDS = {
  text: 'text',
  binary: 'binary',
  continuation: 'cont',
  close: 'close',
  ping: 'ping',
  pong: 'pong',
};

/** @param {string} text */
export const quote = (text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

/** @param {string} text */
export const escapeRegex = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** What a whole name has to be. @param {string} text */
export const exactly = (text) => quote(`^${escapeRegex(text)}$`);

/**
 * What a line means: a search for text, `/a regular expression/`, or words of the filter language.
 * @param {string} line
 * @returns {'nothing' | 'text' | 'regex' | 'filter'}
 */
export function meaning(line) {
  const text = line.trim();
  if (!text) return 'nothing';
  if (/^\/.+\/$/.test(text)) return 'regex';
  return /(^|[\s(!&|])~[a-z]/.test(text) ? 'filter' : 'text';
}

/**
 * The line as a filter.
 * @param {string} line
 */
export function lineFilter(line) {
  const text = line.trim();
  switch (meaning(line)) {
    case 'nothing':
      return '';
    case 'regex':
      return `~b ${quote(text.slice(1, -1))}`;
    case 'filter':
      return text;
    default:
      return `~b ${quote(escapeRegex(text))}`;
  }
}

/** The line as a part of a longer filter. @param {string} line */
const term = (line) => (meaning(line) === 'filter' ? `(${lineFilter(line)})` : lineFilter(line));

/**
 * The one filter that the line and all chips come to.
 * @param {{q: string, dir: string, op: string, mark: string, kind: string}} choices
 */
export function wholeFilter({ q, dir, op, mark, kind }) {
  const chips = [];
  if (dir) chips.push(`~${dir}`);
  if (op) chips.push(`~${op}`);
  if (mark) chips.push(`~${mark}`);
  if (kind) chips.push(`~kind ${exactly(kind)}`);
  return chips.length ? [term(q), ...chips].filter(Boolean).join(' & ') : lineFilter(q);
}

/**
 * Messages whose JSON has a value at a path.
 * @param {string} path a JSONPath
 * @param {unknown} value an object or list: whatever it holds
 */
export function jsonFilter(path, value) {
  if (value !== null && typeof value === 'object') return `~json ${path}`;
  const text = `${path}=${value}`;
  return `~json ${/^[\w.$[\]=]+$/.test(text) ? text : quote(text)}`;
}

/**
 * Filters that a row's values suggest, each with what it does in words.
 * @param {Row} row
 * @param {{path: string, value: string} | null} [cell] of JSON that was pointed at
 * @returns {[text: string, filter: string][]}
 */
export function filtersOf({ kind, direction, opcode, payload_length: size }, cell = null) {
  const up = direction === 'upstream';
  /** @type {[string, string][]} */
  const found = [];
  if (cell && !cell.value.endsWith('…')) {
    const filter = jsonFilter(cell.path, cell.value);
    found.push(
      [`Only ${cell.path} = ${cell.value}`, filter],
      [`Not ${cell.path} = ${cell.value}`, `!${filter}`],
    );
  }
  if (kind) {
    const filter = `~kind ${exactly(kind)}`;
    found.push([`Only kind ${kind}`, filter], [`Not kind ${kind}`, `!${filter}`]);
  }
  const word = OPCODE_WORDS[opcode] ?? `opcode ${opcode}`;
  return [
    ...found,
    [`Only ${up ? '↑ up' : '↓ down'}`, up ? '~up' : '~down'],
    [`Only ${opcode}`, `~${word}`],
    [`Not ${opcode}`, `!~${word}`],
    [`Of ${size} bytes or more`, `~size >=${size}`],
  ];
}

/**
 * A line and one more filter.
 * @param {string} line
 * @param {string} filter
 */
export const both = (line, filter) => [term(line), filter].filter(Boolean).join(' & ');

/**
 * The regular expression of what is looked for in payloads; empty where nothing is.
 * @param {string} line
 */
export function hitSource(line) {
  const text = line.trim();
  switch (meaning(line)) {
    case 'text':
      return escapeRegex(text);
    case 'regex':
      return text.slice(1, -1);
    default:
      return /~bs?\s+(?:"((?:\\.|[^"\\])+)"|([^\s()|&]+))/.exec(text)?.slice(1).find(Boolean) ?? '';
  }
}

/**
 * What to light up in payloads for a line: a global, case-insensitive expression, or null.
 * @param {string} line
 * @returns {RegExp | null}
 */
export function highlight(line) {
  const source = hitSource(line);
  if (!source) return null;
  try {
    return new RegExp(source, 'gi');
  } catch {
    return null; // other regular expressions than the browser's are fine for the proxy
  }
}

/**
 * A text in pieces, each with whether it is a hit.
 * @param {string} text
 * @param {RegExp | null} expression a global one
 * @param {number} [most] hits that are told apart; the rest of the text is one piece
 * @returns {[string, boolean][]}
 */
export function split(text, expression, most = 1000) {
  /** @type {[string, boolean][]} */
  const parts = [];
  let at = 0;
  if (expression) {
    let hits = 0;
    for (const match of text.matchAll(expression)) {
      if (!match[0] || hits >= most) break;
      if (match.index > at) parts.push([text.slice(at, match.index), false]);
      parts.push([match[0], true]);
      at = match.index + match[0].length;
      hits += 1;
    }
  }
  if (at < text.length) parts.push([text.slice(at), false]);
  return parts;
}

/**
 * Words of the filter language, and after `~kind` kinds, that complete what stands before the cursor.
 * @param {string} before
 * @param {string[]} words as the API lists them: `~b REGEX`
 * @param {Iterable<string>} [kinds] that were seen
 * @returns {{from: number, words: string[]}}
 */
export function completions(before, words, kinds = []) {
  const kind = /(?:^|[\s(!&|])~kind\s+"?([^"]*)$/.exec(before);
  if (kind) {
    const begun = (kind[1] ?? '').toLowerCase();
    return {
      from: before.length - (kind[0].length - kind[0].indexOf('~kind')),
      words: [...kinds]
        .filter((each) => each.toLowerCase().startsWith(begun))
        .map((each) => `~kind ${quote(escapeRegex(each))}`),
    };
  }
  const found = /(^|[\s(!&|])(~[a-z]*)$/.exec(before);
  const start = found?.[2];
  if (start === undefined) return { from: before.length, words: [] };
  return {
    from: before.length - start.length,
    words: words.filter((word) => word.startsWith(start) && word !== start),
  };
}

// Two contents and where they differ: JSON path by path, text word by word, anything else as hex.

import { el } from './dom.js';
import { shown } from './escape.js';
import { diff, jsonDiff } from './pure/diff.js';
import { counted, decodeUtf8, hexText } from './pure/format.js';
import { asJson, toJson } from './pure/json.js';

/** @import { Part } from './pure/diff.js' */

const COMPARED = 32 * 1024; // bytes of text or hex that are compared word by word

/**
 * @param {Uint8Array} before
 * @param {Uint8Array} after
 * @param {[string, string]} titles
 */
export function differences(before, after, titles) {
  const [[a, validA], [b, validB]] = [decodeUtf8(before), decodeUtf8(after)];
  const [x, y] = [asJson(validA ? a : undefined), asJson(validB ? b : undefined)];
  if (x !== undefined && y !== undefined) return jsonChanges(x, y, titles);
  const text = validA && validB;
  const cut = (/** @type {Uint8Array} */ data, /** @type {string} */ whole) =>
    text ? whole.slice(0, COMPARED) : hexText(data, 0, COMPARED / 4);
  return sideBySide(cut(before, a), cut(after, b), titles);
}

/**
 * @param {unknown} before
 * @param {unknown} after
 * @param {[string, string]} titles
 */
function jsonChanges(before, after, titles) {
  const changes = jsonDiff(before, after);
  if (!changes.length) return el('div', { class: 'dim' }, 'The same JSON.');
  const cell = (/** @type {unknown} */ value, /** @type {'del' | 'ins'} */ tag) =>
    el(
      'td',
      { class: 'untrusted mono' },
      value === undefined
        ? el('span', { class: 'dim' }, '–')
        : el(tag, {}, shown(toJson(value, 0).slice(0, 400))),
    );
  return el(
    'table',
    { class: 'changes' },
    el('caption', {}, counted(changes.length, 'difference')),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['Path', ...titles].map((text) => el('th', { scope: 'col' }, text)),
      ),
    ),
    el(
      'tbody',
      {},
      changes.map((change) =>
        el(
          'tr',
          {},
          el('th', { scope: 'row', class: 'untrusted mono' }, shown(change.path)),
          cell(change.before, 'del'),
          cell(change.after, 'ins'),
        ),
      ),
    ),
  );
}

/**
 * Two texts side by side, with the difference marked.
 * @param {string} before
 * @param {string} after
 * @param {[string, string]} titles
 */
export function sideBySide(before, after, titles) {
  const [left, right] = diff(before, after);
  const show = (/** @type {Part[]} */ parts, /** @type {'del' | 'ins'} */ tag) =>
    el(
      'pre',
      { class: 'untrusted', tabindex: 0 },
      parts.map(([text, differs]) => (differs ? el(tag, {}, shown(text)) : shown(text))),
    );
  return el(
    'div',
    { class: 'sides payload' },
    el('div', {}, el('h3', {}, titles[0]), show(left, 'del')),
    el('div', {}, el('h3', {}, titles[1]), show(right, 'ins')),
  );
}

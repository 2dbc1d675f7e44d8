// Untrusted text made visible: what is invisible, or would turn the line around, is spelled out.

import { el } from './dom.js';
import { split } from './pure/filter.js';

// Control characters but tab and line feed, and the characters that change direction or width; a
// joiner only where it joins no emoji.
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|(?<!\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)\u200d|\u200d(?!\p{Extended_Pictographic})/gu;

/** @param {string} hidden */
const hex = (hidden) => (hidden.codePointAt(0) ?? 0).toString(16).padStart(4, '0');

/** The same as a plain text, for tooltips. @param {string} text */
export const spelled = (text) => text.replace(HIDDEN, (hidden) => `\\u${hex(hidden)}`);

const MAX_ESCAPES = 5000;

/**
 * Nodes that show a text.
 * @param {string} text
 * @param {RegExp | null} [lit] what is lit up in it
 * @returns {(Node | string)[]}
 */
export function shown(text, lit = null) {
  if (lit) {
    return split(text, lit).flatMap(([part, hit]) =>
      hit ? el('mark', {}, shown(part)) : shown(part),
    );
  }
  /** @type {(Node | string)[]} */
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (nodes.length > MAX_ESCAPES) {
      nodes.push(el('span', { class: 'escape' }, ' … too many control characters: see Hex'));
      return nodes;
    }
    if (match.index > at) nodes.push(text.slice(at, match.index));
    const code = hex(match[0]);
    nodes.push(el('span', { class: 'escape', title: `U+${code.toUpperCase()}` }, `\\u${code}`));
    at = match.index + match[0].length;
  }
  nodes.push(text.slice(at));
  return nodes;
}

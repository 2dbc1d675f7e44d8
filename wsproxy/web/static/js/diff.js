// What is different between two texts, word by word.

import { el } from './dom.js';
import { shown } from './escape.js';

const MAX_WORDS = 1200; // the table of the longest common part has the square of this

const words = (text) => text.match(/\w+|\s+|[^\w\s]/gu) ?? [];

/** Two lists of [text, differs] parts. */
export function diff(before, after) {
  let a = words(before);
  let b = words(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const head = a.slice(0, start).join('');
  const tail = a.slice(a.length - end).join('');
  a = a.slice(start, a.length - end);
  b = b.slice(start, b.length - end);
  const [left, right] = a.length <= MAX_WORDS && b.length <= MAX_WORDS ? middle(a, b) : [[[a.join(''), true]], [[b.join(''), true]]];
  return [left, right].map((parts) => [[head, false], ...parts, [tail, false]].filter(([text]) => text));
}

function middle(a, b) {
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const left = [];
  const right = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      left.push([a[i], false]);
      right.push([b[j], false]);
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) {
      left.push([a[i], true]);
      i += 1;
    } else {
      right.push([b[j], true]);
      j += 1;
    }
  }
  return [left, right];
}

/** Two texts side by side, with the difference marked. */
export function sideBySide(before, after, titles) {
  const [left, right] = diff(before, after);
  const show = (parts, tag) => el('pre', { class: 'untrusted' }, parts.map(([text, differs]) => (differs ? el(tag, {}, shown(text)) : shown(text))));
  return el('div', { class: 'sides payload' },
    el('div', {}, el('h3', {}, titles[0]), show(left, 'del')),
    el('div', {}, el('h3', {}, titles[1]), show(right, 'ins')));
}

// A JSON value as a tree that opens where one looks: nothing is made before it is shown.

import { button, el } from './dom.js';
import { shown } from './escape.js';

const AT_ONCE = 200; // children that are made at a time
const LONG = 2000; // characters of a string that are shown at first

export function tree(value) {
  return el('div', { class: 'tree' }, el('ul', {}, node(null, value, 0)));
}

function node(key, value, depth) {
  const label = key === null ? [] : [el('span', { class: 'key untrusted' }, shown(String(key))), ': '];
  if (value === null || typeof value !== 'object') return el('li', {}, label, leaf(value));
  const isArray = Array.isArray(value);
  const keys = Object.keys(value);
  const summary = isArray ? `[${keys.length}] ` : `{${keys.length}} `;
  if (!keys.length) return el('li', {}, label, summary);
  const inner = el('ul');
  const open = depth < 2 && keys.length <= 50;
  const fill = (from) => {
    for (const name of keys.slice(from, from + AT_ONCE)) inner.append(node(name, value[name], depth + 1));
    if (keys.length > from + AT_ONCE) {
      const more = el('li', {}, button(`${keys.length - from - AT_ONCE} more`, () => {
        more.remove();
        fill(from + AT_ONCE);
      }, { class: 'plain' }));
      inner.append(more);
    }
  };
  const preview = el('span', { class: 'dim untrusted', hidden: open }, glimpse(value, keys));
  const details = el('details', { open }, el('summary', {}, label, el('span', { class: 'dim' }, summary), preview), inner);
  if (open) fill(0);
  details.addEventListener('toggle', () => {
    preview.hidden = details.open;
    if (details.open && !inner.childElementCount) fill(0);
  });
  return el('li', {}, details);
}

/** The beginning of what a closed node holds. */
function glimpse(value, keys) {
  const short = (inner) => (typeof inner === 'object' && inner ? '…' : typeof inner === 'string' ? JSON.stringify(inner.slice(0, 24)) : String(inner));
  const parts = keys.slice(0, 4).map((key) => (Array.isArray(value) ? short(value[key]) : `${key.slice(0, 24)}: ${short(value[key])}`));
  return shown(parts.join(', ') + (keys.length > 4 ? ', …' : ''));
}

function leaf(value) {
  if (typeof value !== 'string') {
    return el('span', { class: typeof value === 'number' || typeof value === 'bigint' ? 'number' : 'word' }, String(value));
  }
  const text = el('span', { class: 'string untrusted' }, '"', shown(value.slice(0, LONG)), value.length > LONG ? '' : '"');
  if (value.length > LONG) {
    const more = button(`… ${value.length - LONG} more characters`, () => {
      more.replaceWith(...shown(value.slice(LONG)), '"');
    }, { class: 'plain' });
    text.append(more);
  }
  return text;
}

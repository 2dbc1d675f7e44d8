// A JSON value as a tree that opens where one looks: nothing is made before it is shown.

import { copy } from './clipboard.js';
import { button, el } from './dom.js';
import { shown } from './escape.js';
import { colourBy, filterBy } from './filtering.js';
import { menu } from './menu.js';
import { step } from './pure/diff.js';
import { jsonFilter } from './pure/filter.js';
import { toJson } from './pure/json.js';

const AT_ONCE = 200; // children that are made at a time
const LONG = 2000; // characters of a string that are shown at first
const LONGEST_SEARCHED = 256 * 1024; // characters of a node that is opened for its hits
const MAX_EXPANDED = 5000; // nodes that "expand all" opens

/**
 * @param {unknown} value
 * @param {RegExp | null} [lit] what is lit up
 */
export function tree(value, lit = null) {
  const box = el(
    'div',
    { class: 'tree', tabindex: 0, role: 'group', 'aria-label': 'JSON' },
    el('ul', {}, node('', '$', value, 0, lit)),
  );
  box.addEventListener('contextmenu', (event) => {
    const found = /** @type {HTMLElement} */ (event.target).closest('li');
    const about = found && ABOUT.get(found);
    if (!about) return;
    event.preventDefault();
    menu(event.clientX, event.clientY, actions(about));
  });
  return box;
}

/** Open or close all of a tree. @param {Element} box @param {boolean} open */
export function toggleAll(box, open) {
  let opened = 0;
  for (let again = true; again && opened < MAX_EXPANDED; ) {
    again = false;
    for (const each of box.querySelectorAll(open ? 'details:not([open])' : 'details[open]')) {
      if (opened >= MAX_EXPANDED) break;
      const details = /** @type {HTMLDetailsElement} */ (each);
      if (open) FILL.get(details)?.();
      details.open = open;
      opened += 1;
      again = open;
    }
  }
}

/** @type {WeakMap<Element, {path: string, value: unknown}>} */
const ABOUT = new WeakMap();
/** @type {WeakMap<Element, () => void>} */
const FILL = new WeakMap();

/** @param {{path: string, value: unknown}} about */
function actions({ path, value }) {
  const text = typeof value === 'string' ? value : toJson(value);
  const filter = jsonFilter(path, value);
  return [
    {
      text: 'Show as a column',
      run: () => document.dispatchEvent(new CustomEvent('add-column', { detail: path })),
    },
    { text: 'Copy value', run: () => copy(text, 'the value') },
    { text: `Copy path ${path.slice(0, 60)}`, run: () => copy(path, 'the path') },
    { text: 'Filter by this value', run: () => filterBy(filter) },
    { text: 'Filter out this value', run: () => filterBy(`!${filter}`) },
    { text: 'Colour rows with this value…', run: () => colourBy(filter) },
  ];
}

/**
 * @param {string} key
 * @param {string} path
 * @param {unknown} value
 * @param {number} depth
 * @param {RegExp | null} lit
 * @returns {HTMLLIElement}
 */
function node(key, path, value, depth, lit) {
  const label = depth ? [el('span', { class: 'key untrusted' }, shown(key, lit)), ': '] : [];
  if (value === null || typeof value !== 'object') {
    const item = el('li', {}, label, leaf(value, lit));
    ABOUT.set(item, { path, value });
    return item;
  }
  const inList = Array.isArray(value);
  const entries = Object.entries(value);
  const summary = inList ? `[${entries.length}] ` : `{${entries.length}} `;
  if (!entries.length) return el('li', {}, label, summary);
  const inner = el('ul');
  const open = (depth < 2 && entries.length <= 50) || hasHit(value, lit);
  const fillFrom = (/** @type {number} */ from) => {
    for (const [name, child] of entries.slice(from, from + AT_ONCE))
      inner.append(node(name, path + step(name, inList), child, depth + 1, lit));
    if (entries.length <= from + AT_ONCE) return;
    const more = el(
      'li',
      {},
      button(
        `${entries.length - from - AT_ONCE} more`,
        () => {
          more.remove();
          fillFrom(from + AT_ONCE);
        },
        { class: 'plain' },
      ),
    );
    inner.append(more);
  };
  const ensure = () => {
    if (!inner.childElementCount) fillFrom(0);
  };
  const preview = el('span', { class: 'dim untrusted', hidden: open }, glimpse(entries, inList));
  const details = el(
    'details',
    { open },
    el('summary', {}, label, el('span', { class: 'dim' }, summary), preview),
    inner,
  );
  FILL.set(details, ensure);
  if (open) ensure();
  details.addEventListener('toggle', () => {
    preview.hidden = details.open;
    if (details.open) ensure();
  });
  const item = el('li', {}, details);
  ABOUT.set(item, { path, value });
  return item;
}

/** Whether something that is looked for is in a node: then it opens. @param {object} value @param {RegExp | null} lit */
function hasHit(value, lit) {
  if (!lit) return false;
  const text = toJson(value, 0);
  return text.length <= LONGEST_SEARCHED && text.search(lit) >= 0;
}

/** The beginning of what a closed node holds. @param {[string, unknown][]} entries @param {boolean} inList */
function glimpse(entries, inList) {
  const parts = entries.slice(0, 4).map(([key, value]) => {
    const text =
      value && typeof value === 'object'
        ? '…'
        : typeof value === 'string'
          ? JSON.stringify(value.slice(0, 24))
          : String(value);
    return inList ? text : `${key.slice(0, 24)}: ${text}`;
  });
  return shown(parts.join(', ') + (entries.length > 4 ? ', …' : ''));
}

/** @param {unknown} value @param {RegExp | null} lit */
function leaf(value, lit) {
  if (typeof value !== 'string') {
    const kind = typeof value === 'number' || typeof value === 'bigint' ? 'number' : 'word';
    return el('span', { class: kind }, shown(String(value), lit));
  }
  const text = el(
    'span',
    { class: 'string untrusted' },
    '"',
    shown(value.slice(0, LONG), lit),
    value.length > LONG ? '' : '"',
  );
  if (value.length > LONG) {
    const more = button(
      `… ${value.length - LONG} more characters`,
      () => more.replaceWith(...shown(value.slice(LONG), lit), '"'),
      { class: 'plain' },
    );
    text.append(more);
  }
  return text;
}

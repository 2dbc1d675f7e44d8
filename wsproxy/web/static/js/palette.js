// Ctrl+K: every command, connection and view by name.

import { el, fill } from './dom.js';
import { dialog } from './menu.js';
import { hasWords } from './pure/words.js';

/** @import { Action } from './types' */

/** @type {(() => Action[])[]} */
const sources = [];
const MOST = 50;

/** Add what the palette offers; asked anew each time. @param {() => Action[]} source */
export const offer = (source) => {
  sources.push(source);
};

/** What an action's menu has, each item by its whole name. @param {Action} action @returns {Action[]} */
const unfolded = (action) =>
  action.items?.flatMap((item) =>
    item ? [{ ...item, text: `${action.text}: ${item.text}` }] : [],
  ) ?? [action];

/** Show the palette. */
export function palette() {
  if (document.querySelector('dialog.palette')) return;
  const all = sources.flatMap((source) => source()).flatMap(unfolded);
  /** @type {Action[]} */
  let found = [];
  let at = 0;
  const list = el('div', { role: 'listbox', id: 'palette-list', 'aria-label': 'Commands' });
  const input = el('input', {
    type: 'search',
    role: 'combobox',
    'aria-expanded': 'true',
    'aria-controls': 'palette-list',
    'aria-label': 'Find a command',
    placeholder: 'Find a command, a connection, a view',
    oninput: () => search(),
  });
  const run = (/** @type {Action | undefined} */ action) => {
    box.close();
    action?.run?.();
  };
  const draw = () => {
    fill(
      list,
      found.map((action, index) =>
        el(
          'div',
          {
            role: 'option',
            id: `palette-${index}`,
            'aria-selected': String(index === at),
            onclick: () => run(action),
          },
          el('span', { class: 'untrusted' }, action.text),
          action.keys && el('kbd', {}, action.keys),
        ),
      ),
      !found.length && el('div', { class: 'dim' }, 'Nothing of this name.'),
    );
    input.setAttribute('aria-activedescendant', found.length ? `palette-${at}` : '');
    list.children[at]?.scrollIntoView({ block: 'nearest' });
  };
  const search = () => {
    const wanted = hasWords(input.value);
    found = all.filter(({ text }) => wanted(text)).slice(0, MOST);
    at = 0;
    draw();
  };
  input.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      at = (at + step + found.length) % found.length;
      draw();
    } else if (event.key === 'Enter') run(found[at]);
    else return;
    event.preventDefault();
  });
  const box = dialog('Commands', input, list);
  box.classList.add('palette');
  search();
  input.focus();
}

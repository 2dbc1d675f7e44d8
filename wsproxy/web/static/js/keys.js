// Keys that work everywhere, unless one types into a field; single letters can be switched off.

import { button, el } from './dom.js';
import { dialog } from './menu.js';
import { palette } from './palette.js';
import { goSomewhere } from './parts/go-to.js';
import { pref, setPref } from './prefs.js';
import { view } from './view.js';

/** @param {string} selector */
const focus = (selector) =>
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();

/** Show a pane, where only one is shown at a time, and go there. @param {string} pane @param {string} selector */
const goTo = (pane, selector) => {
  view.set({ pane });
  focus(selector);
};

/** @type {[key: string, text: string, run: () => void][]} */
const KEYS = [
  ['/', 'search', () => goTo('frames', 'wsp-filter-bar input')],
  ['c', 'connections', () => goTo('connections', 'wsp-connections .viewport')],
  ['f', 'frames', () => goTo('frames', 'wsp-frames .viewport')],
  ['d', 'details', () => goTo('details', 'wsp-details [role=tab][tabindex="0"]')],
  ['t', 'tools', () => goTo('tools', 'wsp-tools [role=tab][tabindex="0"]')],
  [
    'p',
    'pause the view',
    () => document.querySelector('wsp-header')?.dispatchEvent(new Event('pause')),
  ],
  ['g', 'go to a frame or a time', () => goSomewhere()],
  ['?', 'this help', () => help()],
];

const OTHERS = [
  ['Ctrl+K', 'find any command, connection or view'],
  ['↑ ↓ PgUp PgDn Home End', 'move through connections or frames, keeping the tab'],
  ['Shift+↑ ↓, Ctrl+click, drag', 'select several frames'],
  ['Ctrl+C', 'copy the selected rows'],
  ['Shift+F10, context menu key', 'what can be done with a row'],
  ['F3, Shift+F3', 'the next and the previous hit of the search'],
  ['b', 'bookmark the selected frame'],
  ['. ,', 'the next and the previous bookmark'],
  ['1 – 5, 0', 'colour the selected frames or the connection; no colour'],
  ['Enter', 'from a frame to its details'],
  ['n, N', 'the next and the previous hit in the payload'],
  ['← →', 'on a splitter: narrower, wider; Enter folds'],
  ['+ − ← →', 'zoom and move in the timeline'],
  ['Escape', 'leave a field, close a menu'],
];

addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    palette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest('input, textarea, select, dialog, [role=menu]')) return;
  if (!pref('keys', true) && event.key !== '?') return;
  const found = KEYS.find(([key]) => key === event.key);
  if (found) {
    event.preventDefault();
    found[2]();
  }
});

/** Show the keys. */
export function help() {
  const rows = [...KEYS.map(([key, text]) => [key, text]), ...OTHERS];
  const letters = el('input', {
    type: 'checkbox',
    checked: pref('keys', true),
    onchange: () => setPref('keys', letters.checked),
  });
  const box = dialog(
    'Keys',
    el('h2', {}, 'Keys'),
    el(
      'dl',
      { class: 'facts' },
      rows.map(([key, text]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, text)]),
    ),
    el(
      'div',
      { class: 'row' },
      el('label', {}, letters, 'Single letters are keys'),
      el('span', { class: 'grow' }),
      button('Close', () => box.close()),
    ),
  );
}

// Keys that work everywhere, unless one types into a field.

import { el } from './dom.js';

const KEYS = [
  ['/', 'search', () => document.querySelector('wsp-filter-bar input').focus()],
  ['c', 'connections', () => document.querySelector('wsp-connections .viewport').focus()],
  ['f', 'frames', () => document.querySelector('wsp-frames .viewport').focus()],
  ['d', 'details', () => document.querySelector('wsp-details [role=tab][tabindex="0"]')?.focus()],
  ['t', 'tools', () => document.querySelector('wsp-tools [role=tab][tabindex="0"]').focus()],
  ['p', 'pause the view', () => document.querySelector('wsp-header .pause').click()],
  ['?', 'this help', () => help()],
];

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('input, textarea, select, dialog')) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  const found = KEYS.find(([key]) => key === event.key);
  if (found) {
    event.preventDefault();
    found[2]();
  }
});

/** Show the keys. */
export function help() {
  const rows = [...KEYS.map(([key, text]) => [key, text]),
    ['↑ ↓ PgUp PgDn Home End', 'move through connections or frames, keeping the tab'],
    ['Shift+↑ ↓, Ctrl+click', 'select several frames'],
    ['Enter', 'from a frame to its details'],
    ['+ − ← →', 'zoom and move in the timeline']];
  const dialog = el('dialog', { 'aria-label': 'Keys', onclose: () => dialog.remove() },
    el('dl', { class: 'facts' }, rows.map(([key, text]) => [
      el('dt', {}, el('kbd', {}, key)), el('dd', {}, text)])),
    el('button', { type: 'button', onclick: () => dialog.close() }, 'Close'));
  document.body.append(dialog);
  dialog.showModal();
}

// Names with their values, and links to frames.

import { button, el } from './dom.js';
import { shown } from './escape.js';

/** @import { Child } from './types' */

/** @param {[string, Child][]} pairs */
export const facts = (pairs) =>
  el(
    'dl',
    { class: 'facts' },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => [
        el('dt', {}, shown(name)),
        el('dd', { class: 'untrusted' }, typeof value === 'string' ? shown(value) : value),
      ]),
  );

/** Select a frame, wherever it is in the list. @param {number} id */
export const showFrame = (id) =>
  document.querySelector('wsp-frames')?.dispatchEvent(new CustomEvent('show', { detail: id }));

/** A link to a frame. @param {number} id @param {string} text @param {string} [look] */
export const goTo = (id, text, look = '') =>
  button(text, () => showFrame(id), { 'data-frame': id, class: look });

// Lines between panes that can be dragged, moved by keys, and folded; sizes are remembered.

import { el } from './dom.js';
import { pref, setPref } from './prefs.js';

/** @typedef {{name: string, size: number, least: number, most: number, axis: 'x' | 'y', grows: 1 | -1, label: string}} Split */

const FOLDED = 0;
const STEP = 24;

/**
 * A splitter that sets `--NAME` on the root element, in pixels.
 * @param {Split} split `grows` is 1 where moving right or down makes the pane larger
 */
export function splitter(split) {
  const { name, axis, grows, label } = split;
  const horizontal = axis === 'x';
  const bar = el('div', {
    class: `splitter ${axis}`,
    role: 'separator',
    tabindex: 0,
    'aria-label': label,
    'aria-orientation': horizontal ? 'vertical' : 'horizontal',
    'aria-valuemin': FOLDED,
    'aria-valuemax': split.most,
    title: `${label}: drag, or double-click to fold`,
  });
  let size = pref(`size.${name}`, split.size);

  const apply = () => {
    document.documentElement.style.setProperty(`--${name}`, `${size}px`);
    document.documentElement.classList.toggle(`folded-${name}`, size === FOLDED);
    bar.setAttribute('aria-valuenow', String(Math.round(size)));
  };
  const set = (/** @type {number} */ wanted) => {
    size = wanted < split.least / 2 ? FOLDED : Math.max(split.least, Math.min(wanted, split.most));
    apply();
    setPref(`size.${name}`, size);
  };
  const fold = () => set(size === FOLDED ? split.size : FOLDED);

  bar.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    const start = horizontal ? event.clientX : event.clientY;
    const before = size;
    bar.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ moved) =>
      set(before + grows * ((horizontal ? moved.clientX : moved.clientY) - start));
    bar.addEventListener('pointermove', move);
    bar.addEventListener('lostpointercapture', () => bar.removeEventListener('pointermove', move), {
      once: true,
    });
  });
  bar.addEventListener('dblclick', fold);
  bar.addEventListener('keydown', (event) => {
    const towards = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (towards) set(size + grows * towards * STEP);
    else if (event.key === 'Enter') fold();
    else if (event.key === 'Home') set(split.least);
    else if (event.key === 'End') set(split.most);
    else return;
    event.preventDefault();
  });
  apply();
  return Object.assign(bar, { fold });
}

// A list that has only the visible rows as elements. The wheel and the keys move by rows, however
// long the list is; pure/place.js has the arithmetic.

import { el } from './dom.js';
import { bySharing, clamp, MAX_HEIGHT, placeAt, position } from './pure/place.js';

/** @import { Properties } from './types' */

export class VirtualList {
  total = 0;
  top = 0; // the place of the first visible row, fractions too
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  #expected = 0;
  #planned = false;
  canvas = el('div', { class: 'canvas', role: 'presentation' });
  /** @type {(() => void) | undefined} */
  onscroll;
  /** @type {(() => void) | undefined} */
  onresize;
  /** @type {(() => void) | undefined} */
  ondraw;

  /**
   * @param {number} rowHeight pixels
   * @param {(place: number, old: HTMLElement | undefined) => HTMLElement} render gives a row's
   *   element, `old` if it still is right
   * @param {Properties} properties of the list's element
   */
  constructor(rowHeight, render, properties) {
    this.rowHeight = rowHeight;
    this.render = render;
    this.element = el('div', { class: 'viewport', tabindex: 0, ...properties }, this.canvas);
    this.element.addEventListener('scroll', () => this.#scrolled());
    this.element.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(() => {
      this.scrollTo(this.top);
      this.onresize?.();
    }).observe(this.element);
  }

  get visible() {
    return Math.max(1, this.element.clientHeight / this.rowHeight);
  }

  get atEnd() {
    return this.top + this.visible >= this.total - 0.5;
  }

  #geometry() {
    const { total, rowHeight, visible, element } = this;
    return { total, rowHeight, visible, room: element.scrollHeight - element.clientHeight };
  }

  /** The list has so many rows now. @param {number} total */
  resize(total) {
    this.total = total;
    this.canvas.style.height = `${Math.min(total * this.rowHeight, MAX_HEIGHT)}px`;
    this.scrollTo(this.top);
  }

  /** Make a place the first visible one. @param {number} place */
  scrollTo(place) {
    const list = this.#geometry();
    this.top = clamp(list, place);
    this.element.scrollTop = position(list, this.top);
    this.#expected = this.element.scrollTop;
    this.draw();
  }

  /** Move as little as it takes to see a place. @param {number} place */
  reveal(place) {
    if (place < this.top) this.scrollTo(place);
    else if (place > this.top + this.visible - 1) this.scrollTo(place - this.visible + 1);
  }

  /** Draw soon. */
  draw() {
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      this.#draw();
    });
  }

  #draw() {
    const first = Math.floor(this.top);
    const last = Math.min(this.total, Math.ceil(this.top + this.visible) + 1);
    const origin = this.element.scrollTop;
    /** @type {Map<number, HTMLElement>} */
    const kept = new Map();
    for (let place = first; place < last; place += 1) {
      const row = this.render(place, this.#rows.get(place));
      row.classList.add('vrow');
      row.style.transform = `translateY(${Math.round(origin + (place - this.top) * this.rowHeight)}px)`;
      row.style.height = `${this.rowHeight}px`;
      kept.set(place, row);
    }
    for (const [place, row] of this.#rows) {
      if (kept.get(place) !== row) row.remove();
    }
    // In order, for screen readers.
    let next = this.canvas.firstChild;
    for (const row of kept.values()) {
      if (row === next) next = next.nextSibling;
      else this.canvas.insertBefore(row, next);
    }
    this.#rows = kept;
    this.ondraw?.();
  }

  #scrolled() {
    const at = this.element.scrollTop;
    if (Math.abs(at - this.#expected) < 1) return;
    this.#expected = at;
    this.top = placeAt(this.#geometry(), at);
    this.draw();
    this.onscroll?.();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!bySharing(this.#geometry()) || event.ctrlKey) return;
    event.preventDefault();
    const unit =
      event.deltaMode === 1 ? 1 : event.deltaMode === 2 ? this.visible : 1 / this.rowHeight;
    this.scrollTo(this.top + event.deltaY * unit);
    this.onscroll?.();
  }
}

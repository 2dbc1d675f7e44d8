// A list that has only the visible rows as elements. Browsers bound the height of an element
// (Firefox at 17.8 million pixels), so long lists scroll by share: the scrollbar's position is a
// place in the list, while the wheel and the keys still move by rows.

import { el } from './dom.js';

const MAX_HEIGHT = 8_000_000;

export class VirtualList {
  total = 0;
  top = 0; // the place of the first visible row, fractions too
  #rows = new Map();
  #expected = 0;
  #planned = false;

  /** `render(place, old)` gives a row's element, `old` if it still is right. */
  constructor(rowHeight, render, properties) {
    this.rowHeight = rowHeight;
    this.render = render;
    this.canvas = el('div', { class: 'canvas', role: 'presentation' });
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

  #bySharing() {
    return this.total * this.rowHeight > MAX_HEIGHT;
  }

  /** The list has so many rows now. */
  resize(total) {
    this.total = total;
    this.canvas.style.height = `${Math.min(total * this.rowHeight, MAX_HEIGHT)}px`;
    this.scrollTo(this.top);
  }

  /** Make a place the first visible one. */
  scrollTo(place) {
    this.top = Math.max(0, Math.min(place, this.total - this.visible));
    const room = this.element.scrollHeight - this.element.clientHeight;
    const share = this.top / Math.max(1, this.total - this.visible);
    this.element.scrollTop = this.#bySharing() ? share * room : this.top * this.rowHeight;
    this.#expected = this.element.scrollTop;
    this.draw();
  }

  /** Move as little as it takes to see a place. */
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
    const kept = new Map();
    for (let place = first; place < last; place += 1) {
      const old = this.#rows.get(place);
      const row = this.render(place, old);
      row.classList.add('vrow');
      row.style.transform = `translateY(${Math.round(origin + (place - this.top) * this.rowHeight)}px)`;
      row.style.height = `${this.rowHeight}px`;
      kept.set(place, row);
    }
    for (const [place, row] of this.#rows) {
      if (kept.get(place) !== row) row.remove();
    }
    // In order, for those who read with their ears.
    let next = this.canvas.firstChild;
    for (const row of kept.values()) {
      if (row === next) next = next.nextSibling;
      else this.canvas.insertBefore(row, next);
    }
    this.#rows = kept;
  }

  #scrolled() {
    const position = this.element.scrollTop;
    if (Math.abs(position - this.#expected) < 1) return;
    this.#expected = position;
    if (this.#bySharing()) {
      const room = this.element.scrollHeight - this.element.clientHeight;
      this.top = (position / room) * Math.max(0, this.total - this.visible);
    } else {
      this.top = position / this.rowHeight;
    }
    this.draw();
    this.onscroll?.();
  }

  #wheel(event) {
    if (!this.#bySharing() || event.ctrlKey) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 1 : event.deltaMode === 2 ? this.visible : 1 / this.rowHeight;
    this.scrollTo(this.top + event.deltaY * unit);
    this.onscroll?.();
  }
}

/** Where a key leads from a place in a list; undefined for other keys. */
export function keyTarget(key, place, total, page) {
  const target = {
    ArrowDown: place + 1, ArrowUp: place - 1, j: place + 1, k: place - 1,
    PageDown: place + page, PageUp: place - page, Home: 0, End: total - 1,
  }[key];
  return target === undefined || !total ? undefined : Math.max(0, Math.min(target, total - 1));
}

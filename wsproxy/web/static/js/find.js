// Find inside of what is shown: hits are lit, n and N go on.

import { button, el } from './dom.js';
import { escapeRegex } from './pure/filter.js';

const MAX_HITS = 2000;

export class Finder {
  #holder;
  #at = -1;
  #input = el('input', {
    type: 'search',
    size: 9,
    placeholder: 'find',
    'aria-label': 'Find in this payload',
    oninput: () => this.search(),
  });
  #said = el('span', { class: 'dim', role: 'status' });
  element = el(
    'span',
    { class: 'finder row' },
    this.#input,
    button('‹', () => this.#go(-1), { title: 'Previous hit (N)', 'aria-label': 'Previous hit' }),
    button('›', () => this.#go(1), { title: 'Next hit (n)', 'aria-label': 'Next hit' }),
    this.#said,
  );

  /** @param {HTMLElement} holder of what is searched */
  constructor(holder) {
    this.#holder = holder;
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#go(event.shiftKey ? -1 : 1);
      else return;
      event.preventDefault();
    });
    holder.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === 'n') this.#go(1);
      else if (event.key === 'N') this.#go(-1);
    });
  }

  get #hits() {
    return /** @type {NodeListOf<HTMLElement>} */ (this.#holder.querySelectorAll('mark'));
  }

  /** Light the hits anew. */
  search() {
    for (const old of this.#holder.querySelectorAll('mark.found')) {
      old.replaceWith(...old.childNodes);
    }
    this.#holder.normalize();
    this.#at = -1;
    const text = this.#input.value;
    if (text) light(this.#holder, new RegExp(escapeRegex(text), 'gi'));
    this.#say();
  }

  /** @param {number} step */
  #go(step) {
    const hits = this.#hits;
    if (!hits.length) return;
    hits[this.#at]?.classList.remove('current');
    this.#at =
      this.#at < 0 && step < 0 ? hits.length - 1 : (this.#at + step + hits.length) % hits.length;
    hits[this.#at]?.classList.add('current');
    hits[this.#at]?.scrollIntoView({ block: 'nearest' });
    this.#say();
  }

  #say() {
    const number = this.#hits.length;
    this.#said.textContent = number
      ? `${Math.max(this.#at + 1, 0)}/${number}`
      : this.#input.value
        ? 'none'
        : '';
  }
}

/** @param {HTMLElement} holder @param {RegExp} expression */
function light(holder, expression) {
  const walker = document.createTreeWalker(holder, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const texts = [];
  while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
  let hits = 0;
  for (const node of texts) {
    if (hits >= MAX_HITS) return;
    const found = [...node.data.matchAll(expression)].reverse();
    for (const match of found) {
      const hit = node.splitText(match.index);
      hit.splitText(match[0].length);
      const lit = el('mark', { class: 'found' });
      hit.replaceWith(lit);
      lit.append(hit);
      hits += 1;
    }
  }
}

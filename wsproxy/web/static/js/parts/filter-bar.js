// Search and filters. They are run in the store; the view keeps them in the URL.

import { get } from '../api.js';
import { button, el, select } from '../dom.js';
import { view } from '../view.js';

const CHOICES = {
  dir: ['Direction', [['', '⇅ both'], ['up', '→ to the server'], ['down', '← to the client']]],
  op: ['Opcode', [['', 'any opcode'], ['text', 'text'], ['binary', 'binary'], ['cont', 'continuation'],
    ['close', 'close'], ['ping', 'ping'], ['pong', 'pong']]],
  mark: ['Marks', [['', 'any mark'], ['changed', 'changed'], ['dropped', 'dropped'],
    ['injected', 'injected'], ['violation', 'violation'], ['compressed', 'compressed']]],
};

class FilterBar extends HTMLElement {
  connectedCallback() {
    const later = (key) => {
      let timer = 0;
      return (event) => {
        clearTimeout(timer);
        const { value } = event.target;
        timer = setTimeout(() => view.set({ [key]: value }), 250);
      };
    };
    const field = (key, properties) => el('input', { value: view.get(key), oninput: later(key), 'data-key': key, ...properties });
    const toggle = (key, text, title, on = '1', off = '') => button(text, () => view.set({ [key]: view.get(key) === on ? off : on }),
      { 'data-toggle': key, 'data-on': on, title });
    this.said = el('div', { class: 'said', role: 'status' });
    this.words = el('details', {}, el('summary', { class: 'dim' }, 'Words of the filter language'), el('dl', { class: 'words' }));
    this.append(el('div', { class: 'bar' },
      field('q', { type: 'search', placeholder: 'Search payloads  (/)', 'aria-label': 'Search payloads' }),
      toggle('re', '.*', 'The search is a regular expression'),
      ...Object.entries(CHOICES).map(([key, [label, pairs]]) => {
        const box = select(label, pairs, view.get(key), (event) => view.set({ [key]: event.target.value }));
        box.dataset.key = key;
        return box;
      }),
      field('size', { size: 7, placeholder: 'size >100', 'aria-label': 'Size on the wire, for instance >100', title: 'Length on the wire: 5, >100, <=64' }),
      toggle('control', 'Control', 'Show close, ping and pong', '1', '0'),
      toggle('fragments', 'Fragments', 'Show every fragment, or each message once', '1', '0'),
      toggle('time', '+0.000', 'Time since the start of the connection', 'start', 'clock'),
      field('filter', { class: 'wide mono', placeholder: 'Filter, e.g. ~json $.op=subscribe & !~ping', 'aria-label': 'Filter', spellcheck: 'false' }),
      this.range = button('', () => view.set({ since: '', until: '' }), { hidden: true, title: 'Show all times' }),
      this.said, this.words));
    this.words.addEventListener('toggle', () => this.#words());
    view.onQuery((changed) => this.#show(changed));
    view.on(['time'], () => this.#show([]));
    this.#show([]);
  }

  async #show(changed) {
    for (const input of this.querySelectorAll('[data-key]')) {
      if (input !== document.activeElement || !changed.includes(input.dataset.key)) input.value = view.get(input.dataset.key);
    }
    for (const toggle of this.querySelectorAll('[data-toggle]')) {
      toggle.setAttribute('aria-pressed', String(view.get(toggle.dataset.toggle) === toggle.dataset.on));
    }
    const { since, until } = view.values;
    this.range.hidden = !since && !until;
    const time = (text) => (text ? new Date(Number(text) * 1000).toLocaleTimeString() : '…');
    this.range.textContent = `${time(since)} – ${time(until)} ✕`;
    const filter = view.filter();
    this.said.hidden = !filter;
    if (!filter) return;
    try {
      const { explanation } = await get('/filter', { filter });
      this.#say(`${filter} — ${explanation}`, false);
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #say(text, wrong) {
    this.said.textContent = text;
    this.said.classList.toggle('bad', wrong);
  }

  async #words() {
    const list = this.words.querySelector('dl');
    if (list.childElementCount) return;
    const { words } = await get('/filter', { filter: '' });
    for (const [word, text] of Object.entries(words)) {
      list.append(el('div', {}, button(word, () => this.#insert(word), { class: 'plain mono' }), text));
    }
  }

  #insert(word) {
    const input = this.querySelector('[data-key=filter]');
    const before = input.value.trim();
    input.value = `${before}${before ? ' & ' : ''}${word.split(' ')[0]} `;
    input.focus();
  }
}

customElements.define('wsp-filter-bar', FilterBar);

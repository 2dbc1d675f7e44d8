// Requests with their answers: how long each took, the slowest first if wanted.

import { get } from '../api.js';
import { button, el, fill, messageOf, select } from '../dom.js';
import { feed } from '../feed.js';
import { Latest } from '../latest.js';
import { count, duration } from '../pure/format.js';
import { view } from '../view.js';

/** @import { RoundTrip, RoundTrips } from '../types' */

const MOST = 500; // round trips that are listed
const REFRESH_MS = 1500;

/** @type {[string, string][]} */
const ORDERS = [
  ['newest', 'Newest first'],
  ['slowest', 'Slowest first'],
];

class Conversation extends HTMLElement {
  #latest = new Latest();
  /** @type {RoundTrips | null} */
  #data = null;
  #loadedAt = 0;
  #order = select('Order of the requests', ORDERS, 'newest', () => this.#draw());
  #about = el('span', { role: 'status' });
  #body = el('div');
  /** @type {(() => void)[]} */
  #ends = [];

  connectedCallback() {
    this.className = 'tool';
    this.append(el('div', { class: 'row' }, this.#order, this.#about), this.#body);
    this.#ends = [
      view.on(['connection'], () => this.#load()),
      feed.on('batch', () => {
        if (performance.now() - this.#loadedAt > REFRESH_MS) this.#load();
      }),
    ];
    this.#load();
  }

  disconnectedCallback() {
    this.#latest.begin();
    for (const end of this.#ends) end();
  }

  async #load() {
    const signal = this.#latest.begin();
    this.#loadedAt = performance.now();
    const connection = view.get('connection');
    if (!connection) {
      this.#data = null;
      this.#about.textContent = 'Select a connection to see its requests and answers.';
      fill(this.#body);
      return;
    }
    try {
      this.#data = await get(`/connections/${connection}/round-trips`, { limit: MOST }, signal);
      if (!signal.aborted) this.#draw();
    } catch (error) {
      if (!signal.aborted) this.#about.textContent = messageOf(error);
    }
  }

  #draw() {
    if (!this.#data) return;
    const { summary, pairs } = this.#data;
    const { median, p95, max } = summary;
    this.#about.textContent =
      median === undefined || p95 === undefined || max === undefined
        ? 'No message on this connection has an id that an answer repeats.'
        : `${count(summary.count)} answered: median ${duration(median)}, 95 % within ${duration(p95)}, longest ${duration(max)}`;
    const sorted = [...pairs].reverse();
    if (this.#order.value === 'slowest') sorted.sort((a, b) => b.seconds - a.seconds);
    const head = ['Id', 'Request', 'Answer', 'Latency', ''];
    fill(
      this.#body,
      pairs.length > 0 &&
        el(
          'table',
          { class: 'trips' },
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              head.map((text) => el('th', { scope: 'col' }, text)),
            ),
          ),
          el(
            'tbody',
            {},
            sorted.map((pair) => this.#row(pair, max ?? 0)),
          ),
        ),
    );
  }

  /** @param {RoundTrip} pair @param {number} longest */
  #row(pair, longest) {
    const link = (/** @type {number} */ id) =>
      button(`Frame ${count(id)}`, () => show(id), { class: 'plain' });
    return el(
      'tr',
      {},
      el('td', { class: 'untrusted mono' }, pair.key),
      el('td', {}, link(pair.request)),
      el('td', {}, link(pair.answer)),
      el('td', { class: 'number' }, duration(pair.seconds)),
      el(
        'td',
        {},
        el('progress', {
          max: longest || 1,
          value: pair.seconds,
          'aria-label': `latency of ${pair.key}`,
        }),
      ),
    );
  }
}

/** @param {number} id */
function show(id) {
  document.querySelector('wsp-frames')?.dispatchEvent(new CustomEvent('show', { detail: id }));
}

customElements.define('wsp-conversation', Conversation);

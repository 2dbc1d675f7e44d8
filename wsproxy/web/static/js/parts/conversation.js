// Requests folded with their answers, how fast each kind is answered, and sessions as lanes.

import { get } from '../api.js';
import { button, el, fill, messageOf, select } from '../dom.js';
import { goTo } from '../facts.js';
import { feed } from '../feed.js';
import { Latest } from '../latest.js';
import { clock, count, counted, duration } from '../pure/format.js';
import { view } from '../view.js';
import { lanes } from './lanes.js';

/** @import { Child, Exchange, Exchanges } from '../types' */
/** @typedef {Exchanges['kinds'][number]} Kind */

const MOST = 500; // exchanges that are listed
const REFRESH_MS = 1500;

/** @type {[string, string][]} */
const VIEWS = [
  ['requests', 'Requests'],
  ['kinds', 'By kind'],
  ['sessions', 'Sessions'],
];

/** @type {[string, string][]} */
const ORDERS = [
  ['newest', 'Newest first'],
  ['slowest', 'Slowest first'],
  ['unanswered', 'Unanswered first'],
];

class Conversation extends HTMLElement {
  #latest = new Latest();
  /** @type {Exchanges | null} */
  #data = null;
  #shown = 'requests';
  #kind = '';
  /** Requests that are unfolded, by frame. @type {Set<number>} */
  #open = new Set();
  #loadedAt = 0;
  #order = select('Order of the requests', ORDERS, 'newest', () => this.#draw());
  #about = el('span', { role: 'status' });
  #only = button('', () => this.#choose(''), { class: 'chip', hidden: true });
  #body = el('div');
  #views = VIEWS.map(([key, text]) => button(text, () => this.#switch(key), { 'data-view': key }));
  /** @type {(() => void)[]} */
  #ends = [];

  connectedCallback() {
    this.className = 'tool';
    this.append(
      el(
        'div',
        { class: 'row' },
        el('span', { class: 'segments', role: 'group', 'aria-label': 'Conversation' }, this.#views),
        this.#order,
        this.#only,
        this.#about,
      ),
      this.#body,
    );
    this.#ends = [
      view.on(['connection'], () => this.#load()),
      feed.on('batch', () => {
        const busy = this.#body.contains(document.activeElement); // nothing moves under one's hand
        if (!busy && performance.now() - this.#loadedAt > REFRESH_MS) this.#load();
      }),
    ];
    this.#switch('requests');
  }

  disconnectedCallback() {
    this.#latest.begin();
    for (const end of this.#ends) end();
  }

  /** @param {string} shown */
  #switch(shown) {
    this.#shown = shown;
    for (const each of this.#views)
      each.setAttribute('aria-pressed', String(each.dataset.view === shown));
    this.#order.hidden = shown !== 'requests';
    this.#only.hidden = shown !== 'requests' || !this.#kind;
    this.#load();
  }

  /** @param {string} kind */
  #choose(kind) {
    this.#kind = kind;
    this.#only.textContent = `${kind} ✕`;
    this.#switch('requests');
  }

  async #load() {
    const signal = this.#latest.begin();
    this.#loadedAt = performance.now();
    try {
      if (this.#shown === 'sessions') {
        const { sessions } = await get('/sessions', {}, signal);
        if (signal.aborted) return;
        const again = sessions.filter((/** @type {any} */ each) => each.connections.length > 1);
        this.#about.textContent = `${counted(sessions.length, 'session')}, ${count(again.length)} with reconnects`;
        fill(this.#body, lanes(sessions));
        return;
      }
      const connection = view.get('connection');
      /** @type {Exchanges} */
      let data;
      do data = await get('/exchanges', { connection, limit: MOST }, signal);
      while (!data.complete);
      if (signal.aborted) return;
      this.#data = data;
      this.#draw();
    } catch (error) {
      if (!signal.aborted) this.#about.textContent = messageOf(error);
    }
  }

  #draw() {
    if (!this.#data || this.#shown === 'sessions') return;
    const { exchanges, kinds } = this.#data;
    this.#about.textContent = `${summary(exchanges)}${partly(this.#data)}`;
    fill(this.#body, this.#shown === 'kinds' ? this.#kinds(kinds) : this.#requests(exchanges));
  }

  /** @param {Exchange[]} exchanges @returns {Child} */
  #requests(exchanges) {
    const shown = exchanges.filter(({ kind }) => !this.#kind || kind === this.#kind).reverse();
    const order = this.#order.value;
    if (order === 'slowest') shown.sort((a, b) => (b.latency ?? -1) - (a.latency ?? -1));
    if (order === 'unanswered') shown.sort((a, b) => waits(b) - waits(a));
    if (!shown.length) return false;
    const longest = Math.max(...shown.map(({ latency }) => latency ?? 0)) || 1;
    return table(
      ['Id', 'Kind', 'Request', 'Answer', 'Latency', ''],
      shown.map((exchange) => this.#exchange(exchange, longest)),
    );
  }

  /** @param {Exchange} exchange @param {number} longest */
  #exchange(exchange, longest) {
    const { key, kind, request, answer, latency, state } = exchange;
    const open = this.#open.has(request);
    const fold = button(open ? '▾' : '▸', () => this.#fold(request), {
      class: 'plain fold',
      'aria-expanded': String(open),
      'aria-label': `Request ${key}`,
    });
    const row = el(
      'tr',
      { class: state },
      el('td', { class: 'untrusted mono' }, fold, key),
      el('td', { class: 'untrusted' }, kind),
      el(
        'td',
        {},
        goTo(request, `Frame ${count(request)}`, 'plain'),
        el('span', { class: 'untrusted' }, exchange.summary),
      ),
      el(
        'td',
        {},
        answer === null
          ? el('span', { class: state === 'waiting' ? 'dim' : 'bad' }, state)
          : [
              goTo(answer, `Frame ${count(answer)}`, 'plain'),
              el('span', { class: 'untrusted' }, exchange.answer_summary ?? ''),
            ],
      ),
      el('td', { class: 'number' }, latency === null ? '' : duration(latency)),
      el(
        'td',
        {},
        latency !== null &&
          el('progress', { max: longest, value: latency, 'aria-label': `latency of ${key}` }),
      ),
    );
    return open ? [row, unfolded(exchange)] : row;
  }

  /** @param {number} request */
  #fold(request) {
    if (!this.#open.delete(request)) this.#open.add(request);
    this.#draw();
    /** @type {HTMLElement | null} */ (
      this.#body.querySelector(`[data-frame="${request}"]`)?.closest('tr')?.querySelector('.fold')
    )?.focus();
  }

  /** @param {Kind[]} kinds @returns {Child} */
  #kinds(kinds) {
    const times = (/** @type {Kind} */ { p50, p95, p99 }) =>
      [p50, p95, p99].map((time) =>
        el('td', { class: 'number' }, time === null ? '' : duration(time)),
      );
    const longest = Math.max(...kinds.map(({ p95 }) => p95 ?? 0)) || 1;
    return table(
      ['Kind', 'Requests', 'Unanswered', '50 % within', '95 % within', '99 % within', ''],
      kinds.map((each) => {
        const missing = each.requests - each.answered;
        return el(
          'tr',
          {},
          el(
            'td',
            {},
            button(`${each.protocol} ${each.kind}`, () => this.#choose(each.kind), {
              class: 'plain untrusted',
              title: 'List these requests',
            }),
          ),
          el('td', { class: 'number' }, count(each.requests)),
          el('td', { class: `number${missing ? ' bad' : ''}` }, missing ? count(missing) : ''),
          times(each),
          el(
            'td',
            {},
            each.p95 !== null &&
              el('progress', {
                max: longest,
                value: each.p95,
                'aria-label': `95 % of ${each.kind}`,
              }),
          ),
        );
      }),
    );
  }
}

/** @param {Exchange} exchange */
const waits = ({ state }) => ['answered', 'waiting', 'unanswered'].indexOf(state);

/** @param {Exchange[]} exchanges */
function summary(exchanges) {
  const times = exchanges.flatMap(({ latency }) => (latency === null ? [] : [latency]));
  if (!exchanges.length) return 'No message here has an id that an answer repeats.';
  times.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) =>
    duration(times[Math.min(Math.floor(times.length * share), times.length - 1)] ?? 0);
  const missing = exchanges.filter(({ state }) => state !== 'answered').length;
  return [
    times.length
      ? `${count(times.length)} answered: median ${at(0.5)}, 95 % within ${at(0.95)}, longest ${at(1)}`
      : '0 answered',
    missing ? `${count(missing)} without an answer` : '',
  ]
    .filter(Boolean)
    .join('; ');
}

/** What of the capture this is about, where that is not all. @param {Exchanges} data */
function partly({ exchanges, found, messages, total }) {
  return [
    found > exchanges.length
      ? `; the newest ${count(exchanges.length)} of ${count(found)} requests`
      : '',
    total > messages
      ? `; looked for in the newest ${count(messages)} of ${count(total)} messages`
      : '',
  ].join('');
}

/** @param {Exchange} exchange */
function unfolded({ asked, asker, connection, parts, last, answer, ...exchange }) {
  return el(
    'tr',
    { class: 'unfolded' },
    el(
      'td',
      { colspan: 6 },
      el(
        'div',
        { class: 'row' },
        `connection #${connection}, asked ${asker === 'upstream' ? '↑ up' : '↓ down'} at ${clock(asked)}`,
        parts > 0 && counted(parts, 'part'),
        last !== null && last !== answer && goTo(last, `The end: frame ${count(last)}`),
        exchange.duration !== null && `over after ${duration(exchange.duration)}`,
      ),
      el('pre', { class: 'untrusted' }, `↔ ${exchange.summary}`),
      exchange.answer_summary && el('pre', { class: 'untrusted' }, `→ ${exchange.answer_summary}`),
    ),
  );
}

/** @param {string[]} head @param {Child[]} body */
function table(head, body) {
  return el(
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
    el('tbody', {}, body),
  );
}

customElements.define('wsp-conversation', Conversation);

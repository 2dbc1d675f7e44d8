// Plain HTTP: what was requested beside the sockets, by all clients or by the one that made the
// selected connection.

import { get } from '../api.js';
import { copyRequest } from '../clipboard.js';
import { attempt, button, el, fill, messageOf } from '../dom.js';
import { shown as escaped, spelled } from '../escape.js';
import { facts } from '../facts.js';
import { feed } from '../feed.js';
import { Latest } from '../latest.js';
import { PayloadView } from '../payload-view.js';
import { bytes, clock, count, counted, duration, fromBase64 } from '../pure/format.js';
import { hasWords } from '../pure/words.js';
import { status } from '../status.js';
import { view } from '../view.js';

/** @import { Child, HttpBody, HttpDetail, HttpRequest, HttpWaiting } from '../types' */

const MOST = 300; // requests that are listed: the newest
const NUMBERS = new Set(['Sent', 'Got', 'Took']);
const REFRESH_MS = 500;
const LOOK_MS = 1000; // for what waits for an answer: no feed tells of it

class Http extends HTMLElement {
  #latest = new Latest();
  #drawing = new Latest();
  #find = el('input', {
    type: 'search',
    placeholder: 'Find a request',
    'aria-label': 'Find a request',
    title: 'By method, target, status or what it says',
    oninput: () => this.#draw(),
  });
  #about = el('span', { role: 'status' });
  #body = el('div');
  #open = 0; // the request that is unfolded
  /** Runs while there is something new. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {HttpRequest[]} */
  #requests = [];
  /** @type {HttpWaiting} */
  #waiting = { now: 0, waiting: 0, requests: [] };
  #looking = new Latest();
  /** @type {PayloadView[]} */
  #payloads = [];
  /** @type {(() => void)[]} */
  #ends = [];

  connectedCallback() {
    this.className = 'tool';
    this.append(el('div', { class: 'row' }, this.#find, this.#about), this.#body);
    this.#ends = [
      view.on(['connection'], () => this.#load()),
      view.on(['format', 'q'], () => {
        for (const each of this.#payloads) each.draw();
      }),
      feed.on('batch', ({ http }) => {
        if (http.rows.length && !this.#timer)
          this.#timer = setTimeout(() => this.#refresh(), REFRESH_MS);
      }),
    ];
    const looks = setInterval(() => this.#look(), LOOK_MS);
    this.#ends.push(() => clearInterval(looks));
    this.#load();
    this.#look();
  }

  disconnectedCallback() {
    this.#latest.begin();
    this.#looking.begin();
    this.#drawing.begin();
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
  }

  /** Nothing moves under one's hand. */
  get #busy() {
    return this.#open > 0 || this.#body.contains(document.activeElement);
  }

  /** What waits for an answer now. */
  async #look() {
    if (!status.steers || !status.alive) return;
    const signal = this.#looking.begin();
    try {
      const connection = view.get('connection');
      const found = await get('/http/waiting', { connection }, signal);
      if (signal.aborted || (!found.waiting && !this.#waiting.waiting)) return;
      this.#waiting = found;
      if (!this.#busy) this.#draw();
    } catch {
      // the list says what is wrong with the proxy
    }
  }

  #refresh() {
    this.#timer = undefined;
    if (this.#busy) this.#timer = setTimeout(() => this.#refresh(), REFRESH_MS);
    else this.#load();
  }

  async #load() {
    const signal = this.#latest.begin();
    const connection = view.get('connection');
    try {
      const { requests } = await get('/http', { connection, newest: 1, limit: MOST }, signal);
      if (signal.aborted) return;
      this.#requests = requests.reverse();
      this.#draw();
    } catch (error) {
      if (!signal.aborted) this.#about.textContent = messageOf(error);
    }
  }

  /** Those that have all words that are looked for. */
  get #found() {
    const wanted = hasWords(this.#find.value);
    const all = [...this.#waiting.requests.toReversed(), ...this.#requests];
    return all.filter(({ method, target, status, error, summary }) =>
      wanted(`${method} ${target} ${status ?? error} ${summary}`),
    );
  }

  /** @param {number} found */
  #say(found) {
    const connection = view.get('connection');
    const { waiting, requests } = this.#waiting;
    const all = this.#requests.length + requests.length;
    const of = connection ? ` of the client of connection #${connection}` : '';
    const newest = this.#requests.length === MOST ? 'The newest ' : '';
    const some = found < all ? `${count(found)} of ` : '';
    this.#about.textContent = all
      ? `${some}${newest}${counted(all, 'request')}${of}${waiting ? `, ${count(waiting)} without an answer yet` : ''}`
      : `No plain HTTP${of} so far.`;
    this.#find.hidden = !all;
  }

  #draw() {
    this.#payloads = [];
    const found = this.#found;
    this.#say(found.length);
    const titles = ['', 'Time', 'Method', 'Target', 'Status', 'Sent', 'Got', 'Took', ''];
    fill(
      this.#body,
      found.length > 0 &&
        el(
          'table',
          { class: 'trips' },
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              titles.map((title) =>
                el('th', { scope: 'col', class: NUMBERS.has(title) && 'number' }, title),
              ),
            ),
          ),
          el(
            'tbody',
            {},
            found.map((each) => this.#row(each)),
          ),
        ),
    );
  }

  /** @param {HttpRequest} request @returns {Child} */
  #row(request) {
    const { id, status, connection, error } = request;
    const waits = id === 0; // it has none until it is over
    const open = !waits && this.#open === id;
    const took = (request.ended ?? this.#waiting.now) - request.started;
    const bad = waits ? false : status === null || status >= 400;
    const fold = button(`${open ? '▾' : '▸'} ${count(id)}`, () => this.#fold(id), {
      class: 'plain fold',
      'aria-expanded': String(open),
      'aria-label': `Request ${id}`,
      'data-request': id,
    });
    const row = el(
      'tr',
      {},
      el('td', { class: 'dim' }, waits ? '…' : fold),
      el('td', {}, clock(request.started)),
      el('td', { class: 'untrusted' }, escaped(request.method)),
      el('td', { class: 'untrusted', title: spelled(request.target) }, escaped(request.target)),
      el(
        'td',
        { class: bad ? 'bad' : '', title: spelled(error ?? request.reason) },
        waits ? `${status ?? ''} …` : (status ?? 'no answer'),
        connection !== null &&
          button(`#${connection}`, () => view.set({ connection, frame: '' }, { push: true }), {
            class: 'plain',
            title: 'The connection that it asked for',
          }),
      ),
      el('td', { class: 'number' }, request.request_length ? bytes(request.request_length) : ''),
      el('td', { class: 'number' }, bytes(request.response_length)),
      el('td', { class: 'number' }, duration(Math.max(0, took))),
      el(
        'td',
        { class: 'untrusted', title: spelled(request.summary) },
        escaped(request.summary || error || ''),
      ),
    );
    return open ? [row, this.#unfolded(id)] : row;
  }

  /** @param {number} id */
  #fold(id) {
    this.#open = this.#open === id ? 0 : id;
    this.#draw();
    /** @type {HTMLElement | null} */ (this.#body.querySelector(`[data-request="${id}"]`))?.focus();
  }

  /** @param {number} id */
  #unfolded(id) {
    const cell = el('td', { colspan: 9 });
    const signal = this.#drawing.begin();
    get(`/http/${id}`, {}, signal).then(
      (detail) => !signal.aborted && fill(cell, this.#detail(detail, signal)),
      (error) => !signal.aborted && fill(cell, messageOf(error)),
    );
    return el('tr', { class: 'unfolded' }, cell);
  }

  /** @param {HttpDetail} detail @param {AbortSignal} signal @returns {Child} */
  #detail(detail, signal) {
    const { request, response, asked, answered_with: answered } = detail;
    return [
      facts([
        ['Client', `${detail.client} ${detail.agent}`],
        ['Upstream', detail.upstream],
        ['Error', detail.error],
      ]),
      el(
        'div',
        { class: 'row' },
        button('Copy as cURL', () => attempt(() => copyRequest(detail))),
      ),
      el('h3', {}, escaped(`${detail.method} ${detail.version}`)),
      facts(detail.request_headers),
      this.#part(detail.id, 'request', request, asked, signal),
      el(
        'h3',
        {},
        escaped(detail.status === null ? 'No answer' : `${detail.status} ${detail.reason}`),
      ),
      facts(detail.response_headers),
      this.#part(detail.id, 'response', response, answered, signal),
    ];
  }

  /**
   * @param {number} id
   * @param {string} part
   * @param {HttpBody} body
   * @param {HttpDetail['asked']} decoded
   * @param {AbortSignal} signal
   */
  #part(id, part, body, decoded, signal) {
    if (!body.length) return false;
    const { base64, text } = body;
    const size = fromBase64(base64).length;
    const shown = new PayloadView(
      { base64, text, length: size, recorded: size },
      decoded,
      { path: `/http/${id}/body`, parameters: { part } },
      signal,
    );
    this.#payloads.push(shown);
    const notes = [
      body.coding && `${body.coding}, ${bytes(body.length)} on the wire`,
      body.problem,
      !body.whole && 'the rest is not recorded (--max-http-body)',
    ].filter(Boolean);
    return [notes.length > 0 && el('div', { class: 'note' }, notes.join('; ')), shown.element];
  }
}

customElements.define('wsp-http', Http);

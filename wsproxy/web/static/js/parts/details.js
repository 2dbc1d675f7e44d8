// Details of the selected frame; without one, of the selected connection.

import { get } from '../api.js';
import { bits } from '../bits.js';
import { contentOf, copyConnect, copyCurl } from '../clipboard.js';
import { connections } from '../connections.js';
import { differences } from '../diff-view.js';
import { attempt, button, el, fill, messageOf, tabs } from '../dom.js';
import { Latest } from '../latest.js';
import { PayloadView } from '../payload-view.js';
import {
  bytes,
  clock,
  closeName,
  count,
  duration,
  fromBase64,
  label,
  way,
} from '../pure/format.js';
import { view } from '../view.js';
import { stateClass, stateText } from './connections.js';

/** @import { Child, ConnectionDetail, Frame, Message, Payload, RecordedMessage, RoundTrips } from '../types' */

/** @type {[string, string][]} */
const TABS = [
  ['payload', 'Payload'],
  ['frame', 'Frame'],
  ['message', 'Message'],
  ['handshake', 'Handshake'],
];
const PANEL = 'details-panel';

/** @param {[string, Child][]} pairs */
const facts = (pairs) =>
  el(
    'dl',
    { class: 'facts' },
    pairs
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => [el('dt', {}, name), el('dd', { class: 'untrusted' }, value)]),
  );

/** @param {number} id @param {string} text */
const goTo = (id, text) =>
  button(
    text,
    () =>
      document.querySelector('wsp-frames')?.dispatchEvent(new CustomEvent('show', { detail: id })),
    { 'data-frame': id },
  );

class Details extends HTMLElement {
  /** @type {Frame | null} */
  #frame = null;
  #loading = new Latest();
  #drawing = new Latest();
  /** @type {PayloadView[]} */
  #payloads = [];
  #shownState = '';
  #head = el('div', { class: 'bar' });
  #body = el('div', { class: 'body', role: 'tabpanel', id: PANEL, tabindex: 0 });

  connectedCallback() {
    this.setAttribute('role', 'region');
    this.setAttribute('aria-label', 'Details');
    this.append(this.#head, this.#body);
    view.on(['frame', 'connection'], (changed) => {
      if (changed.includes('frame') && !changed.includes('compare')) view.set({ compare: '' });
      this.#load();
    });
    view.on(['tab', 'compare'], () => this.#draw());
    view.on(['format', 'q'], () => {
      for (const each of this.#payloads) each.draw();
    });
    connections.addEventListener('change', () => this.#refresh());
    this.#load();
  }

  async #load() {
    const signal = this.#loading.begin();
    this.#drawing.begin(); // whatever is being drawn is of the frame before
    const id = view.get('frame');
    try {
      const frame = id ? await get(`/frames/${id}`, {}, signal) : null;
      if (signal.aborted) return;
      this.#frame = frame;
      await this.#draw();
    } catch (error) {
      if (!signal.aborted) fill(this.#body, el('div', { class: 'empty' }, messageOf(error)));
    }
  }

  /** A connection that ends while it is shown shows how it ended. */
  #refresh() {
    const connection = connections.get(view.get('connection'));
    if (!view.get('frame') && connection && this.#shownState !== stateText(connection))
      this.#draw();
  }

  async #draw() {
    const signal = this.#drawing.begin();
    const frame = this.#frame;
    if (view.get('frame') && String(frame?.id) !== view.get('frame')) return; // it is on its way
    const connection = frame?.connection ?? view.get('connection');
    if (!connection) {
      fill(this.#head, el('h2', {}, 'Details'));
      fill(
        this.#body,
        el(
          'div',
          { class: 'empty' },
          'Select a frame or a connection. Arrow keys move, ? shows all keys.',
        ),
      );
      return;
    }
    const names = frame
      ? [
          ...TABS,
          ...(view.get('compare')
            ? [/** @type {[string, string]} */ (['compare', 'Compare'])]
            : []),
        ]
      : TABS.slice(3);
    const tab = frame
      ? names.some(([key]) => key === view.get('tab'))
        ? view.get('tab')
        : 'payload'
      : 'handshake';
    const focused = this.#head.contains(document.activeElement);
    const list = tabs('Details', names, tab, PANEL, (key) => view.set({ tab: key }));
    fill(
      this.#head,
      el('h2', {}, frame ? `Frame ${count(frame.id)}` : `Connection #${connection}`),
      list,
    );
    if (focused)
      /** @type {HTMLElement | null} */ (list.querySelector('[aria-selected=true]'))?.focus();
    this.#body.setAttribute('aria-label', tab);
    this.#payloads = [];
    try {
      const content = await this.#content(tab, frame, Number(connection), signal);
      if (!signal.aborted) fill(this.#body, content);
    } catch (error) {
      if (!signal.aborted) fill(this.#body, el('div', { class: 'empty' }, messageOf(error)));
    }
  }

  /**
   * @param {string} tab
   * @param {Frame | null} frame
   * @param {number} connection
   * @param {AbortSignal} signal
   * @returns {Child | Promise<Child>}
   */
  #content(tab, frame, connection, signal) {
    if (!frame || tab === 'handshake') return this.#handshake(connection, signal);
    if (tab === 'frame') return this.#header(frame, signal);
    if (tab === 'message') return this.#message(frame, signal);
    return tab === 'compare' ? this.#compare(frame) : this.#payload(frame, signal);
  }

  /**
   * @param {Payload} payload
   * @param {number} id
   * @param {string} part
   * @param {AbortSignal} signal
   */
  #show(payload, id, part, signal) {
    const shown = new PayloadView(
      payload,
      { path: `/frames/${id}/payload`, parameters: { part } },
      signal,
    );
    this.#payloads.push(shown);
    return shown.element;
  }

  /** @param {Frame} frame */
  #warnings(frame) {
    const message = frame.ends_message;
    return [
      ...[...frame.violations, ...(message?.violations ?? [])].map((violation) =>
        el(
          'div',
          { class: 'violation-box' },
          `${violation.rule} (${violation.section}, ${violation.side}): ${violation.text}`,
        ),
      ),
      ...frame.faults.map((fault) =>
        el('div', { class: 'note' }, `fault ${fault.name} (${fault.type}): ${fault.detail}`),
      ),
      message?.cause && el('div', { class: 'note' }, `${frame.verdict} by ${message.cause}`),
      message?.opaque && el('div', { class: 'note' }, `not inflated: ${message.opaque}`),
    ];
  }

  /** @param {Frame} frame @param {AbortSignal} signal */
  #payload(frame, signal) {
    const message = frame.ends_message;
    const close =
      frame.close &&
      facts([
        ['Close code', `${frame.close.code} ${closeName(frame.close.code)}`],
        ['Reason', frame.close.reason],
      ]);
    if (message?.sent) return [this.#warnings(frame), this.#changes(frame, message, signal)];
    if (message)
      return [
        this.#warnings(frame),
        close,
        this.#show(message.content, frame.id, 'content', signal),
      ];
    return [
      this.#warnings(frame),
      close,
      (!frame.fin || frame.opcode === 'continuation') &&
        el('div', { class: 'note' }, 'A fragment; the tab Message leads to the whole.'),
      this.#show(
        { ...frame.payload, text: frame.payload.text && !frame.rsv1 },
        frame.id,
        'frame',
        signal,
      ),
    ];
  }

  /** One difference, and what was sent. @param {Frame} frame @param {RecordedMessage} message @param {AbortSignal} signal */
  #changes(frame, message, signal) {
    const { content, sent } = message;
    if (!sent) return null;
    return [
      el(
        'section',
        {},
        differences(fromBase64(content.base64), fromBase64(sent.base64), [
          `Original, ${bytes(content.length)}`,
          `Sent, ${bytes(sent.length)}`,
        ]),
      ),
      el('h3', {}, 'Sent instead'),
      this.#show(sent, frame.id, 'sent', signal),
    ];
  }

  /** @param {Frame} frame */
  async #compare(frame) {
    const other = Number(view.get('compare'));
    const [a, b] = await Promise.all([contentOf(other), contentOf(frame.id)]);
    return [
      el(
        'div',
        { class: 'row' },
        goTo(other, `Frame ${count(other)}`),
        button('Stop comparing', () => view.set({ compare: '', tab: 'payload' })),
      ),
      differences(a.data, b.data, [`Frame ${count(other)}`, `Frame ${count(frame.id)}`]),
    ];
  }

  /** @param {Frame} frame @param {AbortSignal} signal */
  #header(frame, signal) {
    const message = frame.ends_message;
    return [
      this.#warnings(frame),
      bits(frame),
      el(
        'section',
        {},
        el('h3', {}, 'Facts'),
        facts([
          ['Time', `${clock(frame.time)} (${new Date(frame.time * 1000).toISOString()})`],
          ['Direction', way(frame.direction)],
          ['Connection', `#${frame.connection}`],
          [
            'Opcode',
            `0x${(Number.parseInt(frame.header.slice(0, 2), 16) & 15).toString(16).toUpperCase()} ${label(frame.opcode)}`,
          ],
          [
            'Payload',
            `${count(frame.payload_length)} bytes${frame.received !== frame.payload_length ? `, of which ${count(Math.max(frame.received, 0))} came` : ''}`,
          ],
          ['Inflated', message?.compressed && `${count(message.content_length)} bytes`],
          ['On the wire', `${count(frame.header_length + frame.received)} bytes`],
          ['Masking key', frame.masking_key],
          ['Made by', frame.origin],
        ]),
      ),
      el(
        'section',
        {},
        el('h3', {}, 'Header bytes'),
        el('code', {}, frame.header.match(/../g)?.join(' ')),
      ),
      message &&
        el(
          'section',
          {},
          el('h3', {}, 'Payload on the wire, unmasked'),
          this.#show({ ...frame.payload, text: false }, frame.id, 'frame', signal),
        ),
    ];
  }

  /** @param {Frame} frame @param {AbortSignal} signal @returns {Promise<Child>} */
  async #message(frame, signal) {
    if (frame.message === null)
      return el('div', { class: 'empty' }, 'A control frame belongs to no message.');
    /** @type {Message} */
    const whole = await get(
      `/connections/${frame.connection}/messages/${frame.direction}/${frame.message}`,
      {},
      signal,
    );
    const { message, frames } = whole;
    const pair = frame.round_trip;
    const asked = pair?.request === frame.id;
    return [
      facts([
        ['Message', `number ${count(frame.message)} ${way(frame.direction)}`],
        ['Fragments', count(frames.length)],
        [
          'Compressed',
          message?.compressed
            ? `yes: ${count(message.payload_length)} bytes for ${count(message.content_length)}`
            : 'no',
        ],
      ]),
      el(
        'section',
        {},
        el('h3', {}, 'Frames'),
        el(
          'div',
          { class: 'links' },
          frames.slice(0, 500).map((id, index) => {
            const link = goTo(id, `${index + 1}: frame ${count(id)}`);
            link.setAttribute('aria-current', String(id === frame.id));
            return link;
          }),
        ),
      ),
      pair &&
        pair.answer !== null &&
        pair.seconds !== null &&
        el(
          'section',
          {},
          el('h3', {}, 'Round trip'),
          el(
            'div',
            { class: 'row' },
            `${pair.key}: ${asked ? 'answered' : 'asked'} ${duration(pair.seconds)} ${asked ? 'later' : 'before'}`,
            goTo(
              asked ? pair.answer : pair.request,
              asked ? 'Show the answer' : 'Show the request',
            ),
          ),
        ),
      message &&
        el(
          'section',
          {},
          el('h3', {}, 'The whole message'),
          this.#show(message.content, frames.at(-1) ?? frame.id, 'content', signal),
        ),
    ];
  }

  /** @param {number} id @param {AbortSignal} signal @returns {Promise<Child>} */
  async #handshake(id, signal) {
    /** @type {[ConnectionDetail, RoundTrips]} */
    const [connection, trips] = await Promise.all([
      get(`/connections/${id}`, {}, signal),
      get(`/connections/${id}/round-trips`, { limit: 100 }, signal),
    ]);
    const state = stateText(connection);
    if (!signal.aborted) this.#shownState = state;
    const headers = (/** @type {[string, string][]} */ list) =>
      el(
        'table',
        { class: 'headers' },
        el(
          'tbody',
          {},
          list.map(([name, value]) =>
            el('tr', {}, el('th', { scope: 'row' }, name), el('td', { class: 'untrusted' }, value)),
          ),
        ),
      );
    const { summary, pairs } = trips;
    return [
      facts([
        ['State', el('span', { class: stateClass(connection) }, state)],
        ['Ended by', connection.by],
        ['Reason', connection.reason],
        ['Client', connection.client],
        ['Upstream', connection.upstream],
        ['Opened', clock(connection.opened)],
        ['Duration', duration((connection.closed ?? connections.now) - connection.opened)],
        ['Subprotocol', connection.subprotocol],
        ['Extensions', connection.extensions],
        [
          '↑ up',
          `${count(connection.frames.upstream)} frames, ${bytes(connection.bytes.upstream)}`,
        ],
        [
          '↓ down',
          `${count(connection.frames.downstream)} frames, ${bytes(connection.bytes.downstream)}`,
        ],
        [
          'Answer time',
          summary.count && summary.median !== undefined && summary.p95 !== undefined
            ? `median ${duration(summary.median)}, 95 % within ${duration(summary.p95)} (${count(summary.count)} round trips)`
            : '',
        ],
      ]),
      el(
        'div',
        { class: 'row' },
        button('Copy as cURL', () => attempt(() => copyCurl(id))),
        button('Copy as websocat', () => attempt(() => copyConnect(id))),
      ),
      el(
        'section',
        {},
        el('h3', {}, 'Request'),
        el('code', { class: 'untrusted' }, `GET ${connection.target} HTTP/1.1`),
        headers(connection.request_headers),
      ),
      el(
        'section',
        {},
        el('h3', {}, 'Response'),
        connection.status
          ? [
              el('code', {}, `HTTP/1.1 ${connection.status} ${connection.response_reason}`),
              headers(connection.response_headers),
            ]
          : 'none yet',
      ),
      pairs.length > 0 &&
        el(
          'section',
          {},
          el('h3', {}, 'Round trips'),
          el(
            'div',
            { class: 'links' },
            pairs
              .slice(-30)
              .reverse()
              .map((pair) =>
                goTo(
                  pair.request,
                  `${pair.key} ${pair.seconds === null ? 'unanswered' : duration(pair.seconds)}`,
                ),
              ),
          ),
        ),
    ];
  }
}

customElements.define('wsp-details', Details);

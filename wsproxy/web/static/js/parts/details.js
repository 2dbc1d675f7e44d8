// Details of the selected frame; without one, of the selected connection.

import { get } from '../api.js';
import { connections } from '../connections.js';
import { el, fill, messageOf, tabs } from '../dom.js';
import { Latest } from '../latest.js';
import { PayloadView } from '../payload-view.js';
import { count } from '../pure/format.js';
import { view } from '../view.js';
import { stateText } from './connections.js';
import { connectionTab } from './details-connection.js';
import { headerTab, messageTab } from './details-frame.js';
import { compareTab, payloadTab } from './details-payload.js';

/** @import { Child, Frame, Payload } from '../types' */

/** @type {[string, string][]} */
const TABS = [
  ['payload', 'Payload'],
  ['frame', 'Frame'],
  ['message', 'Message'],
  ['handshake', 'Handshake'],
];
const PANEL = 'details-panel';

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
    /** @type {import('./details-payload.js').Show} */
    const show = (payload, id, part) => this.#show(payload, id, part, signal);
    if (!frame || tab === 'handshake') {
      const known = connections.get(connection);
      this.#shownState = known ? stateText(known) : '';
      return connectionTab(connection, signal);
    }
    if (tab === 'frame') return headerTab(frame, show);
    if (tab === 'message') return messageTab(frame, show, signal);
    return tab === 'compare' ? compareTab(frame) : payloadTab(frame, show);
  }

  /**
   * @param {Payload} payload
   * @param {number} id
   * @param {string} part
   * @param {AbortSignal} signal
   */
  #show(payload, id, part, signal) {
    const frame = this.#frame;
    // Decoders saw what the message says: neither what was sent instead, nor the wire's bytes.
    const said = part === 'content' || (part === 'frame' && !frame?.ends_message);
    const decoded = frame?.id === id && said ? frame.decoded : undefined;
    const shown = new PayloadView(
      payload,
      decoded ?? [],
      { path: `/frames/${id}/payload`, parameters: { part } },
      signal,
    );
    this.#payloads.push(shown);
    return shown.element;
  }
}

customElements.define('wsp-details', Details);

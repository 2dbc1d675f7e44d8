// Details of the selected frame; without one, of the selected connection.

import { get } from '../api.js';
import { bits } from '../bits.js';
import { connections } from '../connections.js';
import { sideBySide } from '../diff.js';
import { button, el, tabs } from '../dom.js';
import { bytes, clock, closeName, count, decodeUtf8, duration, fromBase64, label } from '../format.js';
import { hexText, payloadView } from '../payload-view.js';
import { view } from '../view.js';
import { stateText } from './connections.js';

const TABS = [['payload', 'Payload'], ['frame', 'Frame'], ['message', 'Message'], ['handshake', 'Handshake']];

const facts = (pairs) => el('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '').map(([name, value]) => [el('dt', {}, name), el('dd', { class: 'untrusted' }, value)]));

const goTo = (id, text) => button(text, () => document.querySelector('wsp-frames').show(id), { 'data-frame': id });

class Details extends HTMLElement {
  #frame = null;
  #generation = 0;

  connectedCallback() {
    this.setAttribute('role', 'region');
    this.setAttribute('aria-label', 'Details');
    this.head = el('div', { class: 'bar' });
    this.body = el('div', { class: 'body', role: 'tabpanel', tabindex: 0 });
    this.append(this.head, this.body);
    view.on(['frame', 'connection'], () => this.#load());
    view.on(['tab'], () => this.#draw());
    view.on(['format'], () => this.body.querySelectorAll('.payload').forEach((each) => each.redraw?.()));
    connections.addEventListener('change', () => this.#refresh());
    this.#load();
  }

  async #load() {
    const id = view.get('frame');
    const generation = this.#generation += 1;
    let frame = null;
    try {
      frame = id ? await get(`/frames/${id}`) : null;
    } catch (error) {
      if (generation === this.#generation) this.body.replaceChildren(el('div', { class: 'empty' }, error.message));
      return;
    }
    if (generation !== this.#generation) return;
    this.#frame = frame;
    await this.#draw(generation);
  }

  /** A connection that ends while it is shown shows how it ended. */
  #refresh() {
    const connection = connections.get(view.get('connection'));
    if (!this.#frame && connection && this.shownState !== connection.state) this.#draw();
  }

  async #draw(generation = this.#generation) {
    const frame = this.#frame;
    const connection = frame?.connection ?? view.get('connection');
    if (!connection) {
      this.head.replaceChildren(el('h2', {}, 'Details'));
      this.body.replaceChildren(el('div', { class: 'empty' }, 'Select a frame or a connection. Arrow keys move, ? shows all keys.'));
      return;
    }
    const tab = frame ? view.get('tab') : 'handshake';
    const focused = this.head.contains(document.activeElement);
    const list = tabs('Details', frame ? TABS : TABS.slice(3), tab, (key) => view.set({ tab: key }));
    this.head.replaceChildren(el('h2', {}, frame ? `Frame ${count(frame.id)}` : `Connection #${connection}`), list);
    if (focused) list.querySelector('[aria-selected=true]')?.focus();
    this.body.setAttribute('aria-label', tab);
    const draw = { payload: () => this.#payload(frame), frame: () => this.#header(frame), message: () => this.#message(frame) }[tab] ?? (() => this.#handshake(connection));
    try {
      const content = await draw();
      if (generation === this.#generation) this.body.replaceChildren(...content);
    } catch (error) {
      this.body.replaceChildren(el('div', { class: 'empty' }, error.message));
    }
  }

  #warnings(frame) {
    return [
      ...[...frame.violations, ...(frame.ends_message?.violations ?? [])].map((violation) => el('div', { class: 'violation-box' }, `${violation.rule} (${violation.section}, ${violation.side}): ${violation.text}`)),
      ...frame.faults.map((fault) => el('div', { class: 'note' }, `fault ${fault.name} (${fault.type}): ${fault.detail}`)),
      frame.ends_message?.cause ? el('div', { class: 'note' }, `${frame.verdict} by ${frame.ends_message.cause}`) : null,
      frame.ends_message?.opaque ? el('div', { class: 'note' }, `not inflated: ${frame.ends_message.opaque}`) : null,
    ].filter(Boolean);
  }

  #payload(frame) {
    const message = frame.ends_message;
    const path = `/frames/${frame.id}/payload`;
    const nodes = this.#warnings(frame);
    if (frame.close) nodes.push(facts([['Close code', `${frame.close.code} ${closeName(frame.close.code)}`], ['Reason', frame.close.reason]]));
    if (message?.sent) nodes.push(this.#changes(message));
    if (message) {
      nodes.push(payloadView(message.content, { path, parameters: { part: 'content' } }));
      if (message.sent) nodes.push(el('h3', {}, 'Sent instead'), payloadView(message.sent, { path, parameters: { part: 'sent' } }));
    } else {
      if (!frame.fin || frame.opcode === 'continuation') nodes.push(el('div', { class: 'note' }, 'A fragment; the tab Message leads to the whole.'));
      nodes.push(payloadView({ ...frame.payload, text: frame.payload.text && !frame.rsv1 }, { path }));
    }
    return nodes;
  }

  #changes(message) {
    const [before, after] = [message.content, message.sent].map((part) => {
      const data = fromBase64(part.base64).subarray(0, 32 * 1024);
      const [text, valid] = decodeUtf8(data);
      return valid && part.text ? text : hexText(data);
    });
    return el('section', {}, sideBySide(before, after, [`Original, ${bytes(message.content.length)}`, `Sent, ${bytes(message.sent.length)}`]));
  }

  #header(frame) {
    return [
      ...this.#warnings(frame), bits(frame),
      el('section', {}, el('h3', {}, 'Facts'), facts([
        ['Time', `${clock(frame.time)} (${new Date(frame.time * 1000).toISOString()})`],
        ['Direction', frame.direction === 'upstream' ? '→ to the server' : '← to the client'],
        ['Connection', `#${frame.connection}`],
        ['Opcode', `0x${(Number.parseInt(frame.header.slice(0, 2), 16) & 15).toString(16).toUpperCase()} ${label(frame.opcode)}`],
        ['Payload', `${count(frame.payload_length)} bytes${frame.received !== frame.payload_length ? `, of which ${count(Math.max(frame.received, 0))} came` : ''}`],
        ['Inflated', frame.ends_message?.compressed ? `${count(frame.ends_message.content_length)} bytes` : ''],
        ['On the wire', `${count(frame.header_length + frame.received)} bytes`],
        ['Masking key', frame.masking_key],
        ['Made by', frame.origin],
      ])),
      el('section', {}, el('h3', {}, 'Header bytes'), el('code', {}, frame.header.match(/../g).join(' '))),
      frame.ends_message ? el('section', {}, el('h3', {}, 'Payload on the wire, unmasked'), payloadView({ ...frame.payload, text: false }, { path: `/frames/${frame.id}/payload` })) : '',
    ];
  }

  async #message(frame) {
    if (frame.message === null) return [el('div', { class: 'empty' }, 'A control frame belongs to no message.')];
    const whole = await get(`/connections/${frame.connection}/messages/${frame.direction}/${frame.message}`);
    const last = whole.frames.at(-1);
    const nodes = [
      facts([
        ['Message', `number ${count(frame.message)} ${frame.direction === 'upstream' ? 'to the server' : 'to the client'}`],
        ['Fragments', count(whole.frames.length)],
        ['Compressed', whole.message?.compressed ? `yes: ${count(whole.message.wire_length)} bytes for ${count(whole.message.length)}` : 'no'],
      ]),
      el('section', {}, el('h3', {}, 'Frames'), el('div', { class: 'links' }, whole.frames.slice(0, 500).map((id, index) => {
        const link = goTo(id, `${index + 1}: frame ${count(id)}`);
        link.setAttribute('aria-current', String(id === frame.id));
        return link;
      }))),
    ];
    const pair = frame.round_trip;
    if (pair) {
      const request = pair.request === frame.id;
      nodes.push(el('section', {}, el('h3', {}, 'Round trip'), el('div', { class: 'row' }, `${pair.key}: ${request ? 'answered' : 'asked'} ${duration(pair.seconds)} ${request ? 'later' : 'before'}`,
        goTo(request ? pair.answer : pair.request, request ? 'Show the answer' : 'Show the request'))));
    }
    if (whole.message) {
      nodes.push(el('section', {}, el('h3', {}, 'The whole message'), payloadView(whole.message.content, { path: `/frames/${last}/payload`, parameters: { part: 'content' } })));
    }
    return nodes;
  }

  async #handshake(id) {
    const [connection, trips] = await Promise.all([get(`/connections/${id}`), get(`/connections/${id}/round-trips`, { limit: 100 })]);
    this.shownState = connection.state;
    const headers = (list) => el('table', { class: 'headers' }, el('tbody', {}, list.map(([name, value]) => el('tr', {}, el('th', { scope: 'row' }, name), el('td', { class: 'untrusted' }, value)))));
    const end = connection.closed ?? connections.now;
    return [
      facts([
        ['State', el('span', { class: `state ${connection.state}` }, stateText(connection))],
        ['Ended by', connection.by], ['Reason', connection.reason],
        ['Client', connection.client], ['Upstream', connection.upstream],
        ['Opened', clock(connection.opened)], ['Duration', duration(end - connection.opened)],
        ['Subprotocol', connection.subprotocol], ['Extensions', connection.extensions],
        ['To the server', `${count(connection.frames.upstream)} frames, ${bytes(connection.bytes.upstream)}`],
        ['To the client', `${count(connection.frames.downstream)} frames, ${bytes(connection.bytes.downstream)}`],
        ['Answer time', trips.summary.count ? `median ${duration(trips.summary.median)}, 95 % within ${duration(trips.summary.p95)} (${count(trips.summary.count)} round trips)` : ''],
      ]),
      el('section', {}, el('h3', {}, 'Request'), el('code', { class: 'untrusted' }, `GET ${connection.target} HTTP/1.1`), headers(connection.request_headers)),
      connection.status ? el('section', {}, el('h3', {}, 'Response'), el('code', {}, `HTTP/1.1 ${connection.status} ${connection.response_reason}`), headers(connection.response_headers)) : el('section', {}, el('h3', {}, 'Response'), 'none yet'),
      trips.pairs.length ? el('section', {}, el('h3', {}, 'Round trips'), el('div', { class: 'links' }, trips.pairs.slice(-30).reverse().map((pair) => goTo(pair.request, `${pair.key} ${duration(pair.seconds)}`)))) : '',
    ];
  }
}

customElements.define('wsp-details', Details);

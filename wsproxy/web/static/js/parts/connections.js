// The connections, each in three lines: state and path, client and subprotocol, traffic.

import { el, select } from '../dom.js';
import { bytes, count, duration, rate } from '../format.js';
import { connections } from '../connections.js';
import { view } from '../view.js';
import { keyTarget, VirtualList } from '../virtual.js';

const SORTS = {
  newest: ['Newest first', (a, b) => b.id - a.id],
  oldest: ['Oldest first', (a, b) => a.id - b.id],
  path: ['Path', (a, b) => a.target.localeCompare(b.target) || a.id - b.id],
  frames: ['Most frames', (a, b) => total(b.frames) - total(a.frames) || b.id - a.id],
  bytes: ['Most bytes', (a, b) => total(b.bytes) - total(a.bytes) || b.id - a.id],
  rate: ['Busiest', (a, b) => connections.rate(b) - connections.rate(a) || b.id - a.id],
  duration: ['Longest', (a, b) => age(b) - age(a) || b.id - a.id],
};

const STATES = [['', 'All states'], ['open', 'Open'], ['closed', 'Closed'], ['aborted', 'Aborted'],
  ['refused', 'Refused'], ['failed', 'Failed']];

const total = (pair) => pair.upstream + pair.downstream;
const age = (connection) => (connection.closed ?? connections.now) - connection.opened;

/** The state in a word or two, told apart without colour. */
export function stateText(connection) {
  if (connection.state === 'closed') return `closed ${connection.code ?? 'without code'}`;
  if (connection.state === 'refused' || connection.state === 'failed') {
    return `${connection.state} ${connection.code ?? ''}`.trim();
  }
  return connection.state;
}

class ConnectionList extends HTMLElement {
  #shown = [];
  #planned = 0;

  connectedCallback() {
    this.list = new VirtualList(62, (place, old) => this.#render(place, old),
      { role: 'listbox', 'aria-label': 'Connections' });
    this.foot = el('div', { class: 'foot' });
    this.append(
      el('div', { class: 'bar' },
        el('input', {
          type: 'search', placeholder: 'Find a connection', 'aria-label': 'Find a connection',
          value: view.get('find'), oninput: (event) => view.set({ find: event.target.value }),
        }),
        select('State', STATES, view.get('state'), (event) => view.set({ state: event.target.value })),
        select('Order', Object.entries(SORTS).map(([key, [text]]) => [key, text]), view.get('sort'),
          (event) => view.set({ sort: event.target.value }))),
      this.list.element, this.foot);
    this.list.element.addEventListener('keydown', (event) => this.#key(event));
    connections.addEventListener('change', () => this.#plan());
    view.on(['find', 'state', 'sort', 'connection'], () => this.#update());
    setInterval(() => this.#plan(), 1000);
    this.#update();
  }

  #plan() {
    this.#planned ||= setTimeout(() => {
      this.#planned = 0;
      this.#update();
    }, 200);
  }

  #update() {
    const words = view.get('find').toLowerCase().split(/\s+/).filter(Boolean);
    const state = view.get('state');
    this.#shown = [...connections.byId.values()].filter((connection) => {
      if (state && connection.state !== state) return false;
      if (!words.length) return true;
      const text = [`#${connection.id}`, connection.target, connection.client,
        connection.subprotocol ?? '', stateText(connection)].join(' ').toLowerCase();
      return words.every((word) => text.includes(word));
    });
    this.#shown.sort((SORTS[view.get('sort')] ?? SORTS.newest)[1]);
    this.list.resize(this.#shown.length + 1);
    const open = [...connections.byId.values()].filter((c) => c.state === 'open').length;
    this.foot.replaceChildren(`${count(connections.byId.size)} connections, ${count(open)} open`,
      this.#shown.length < connections.byId.size ? `, ${count(this.#shown.length)} shown` : '');
  }

  #render(place, old) {
    const selected = view.get('connection');
    if (place === 0) return this.#row(old, 'all', selected === '', '', [
      el('span', { class: 'target' }, 'All connections'),
      el('span', { class: 'sub' }, 'frames of every connection, in the order they came')]);
    const connection = this.#shown[place - 1];
    const shown = [connection.id, connection.state, ...Object.values(connection.frames),
      connections.rate(connection), Math.round(age(connection))].join(' ');
    const chosen = selected === String(connection.id);
    if (old && old.dataset.shown === shown && (old.getAttribute('aria-selected') === 'true') === chosen) return old;
    const { frames, bytes: size } = connection;
    const speed = connections.rate(connection);
    return this.#row(old, shown, chosen, connection.id, [
      el('span', { class: 'dim' }, `#${connection.id}`),
      el('span', { class: 'target untrusted', title: connection.target }, connection.target),
      el('span', { class: `state ${connection.state}`, title: connection.reason }, stateText(connection)),
      el('span', { class: 'sub untrusted' }, connection.client,
        connection.subprotocol ? ` · ${connection.subprotocol}` : '',
        connection.extensions ? ' · deflate'.repeat(connection.extensions.includes('deflate')) : ''),
      el('span', { class: 'sub' },
        `↑ ${count(frames.upstream)} · ${bytes(size.upstream)}   ↓ ${count(frames.downstream)} · ${bytes(size.downstream)}`,
        speed ? `   ${rate(speed)}/s` : '', `   ${duration(age(connection))}`)]);
  }

  #row(old, shown, selected, id, children) {
    return el('div', {
      class: 'connection', role: 'option', 'aria-selected': String(selected), 'data-shown': shown,
      'data-id': String(id), onclick: () => this.#choose(id),
    }, id === '' ? [el('span', { class: 'dim' }, '∗'), ...children] : children);
  }

  #choose(id) {
    view.set({ connection: id, frame: '' }, { push: true });
  }

  #key(event) {
    const current = view.get('connection');
    const place = current === '' ? 0 : this.#shown.findIndex((c) => String(c.id) === current) + 1;
    const target = keyTarget(event.key, place, this.#shown.length + 1, Math.floor(this.list.visible));
    if (target === undefined) return;
    event.preventDefault();
    this.#choose(target ? this.#shown[target - 1].id : '');
    this.list.reveal(target);
  }
}

customElements.define('wsp-connections', ConnectionList);

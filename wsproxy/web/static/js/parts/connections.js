// The connections, each in two lines: state and path; client, traffic and a sparkline.

import { copyConnect, copyCurl } from '../clipboard.js';
import { both, connections } from '../connections.js';
import { attempt, el, fill, select } from '../dom.js';
import { shown as escaped, spelled } from '../escape.js';
import { menu } from '../menu.js';
import { colourOf, notes, withoutColour } from '../notes.js';
import { pref } from '../prefs.js';
import { bytes, closeTone, count, counted, duration, rate } from '../pure/format.js';
import { keyTarget } from '../pure/place.js';
import { hasWords } from '../pure/words.js';
import { view } from '../view.js';
import { VirtualList } from '../virtual.js';
import { colourItems, colourKey } from './colour-menu.js';
import { compareConnection } from './compare.js';
import { editNote } from './note-editor.js';

/** @import { Child, Connection } from '../types' */

const ROW_HEIGHT = 44;

/** @type {Record<string, [string, (a: Connection, b: Connection) => number]>} */
const SORTS = {
  newest: ['Newest first', (a, b) => b.id - a.id],
  oldest: ['Oldest first', (a, b) => a.id - b.id],
  path: ['Path', (a, b) => a.target.localeCompare(b.target) || a.id - b.id],
  frames: ['Most frames', (a, b) => both(b.frames) - both(a.frames) || b.id - a.id],
  bytes: ['Most bytes', (a, b) => both(b.bytes) - both(a.bytes) || b.id - a.id],
  rate: ['Busiest', (a, b) => connections.rate(b) - connections.rate(a) || b.id - a.id],
  marked: ['Bookmarked first', (a, b) => marked(b) - marked(a) || b.id - a.id],
  duration: ['Longest', (a, b) => age(b) - age(a) || b.id - a.id],
};

/** @type {[string, string][]} */
const STATES = [
  ['', 'All states'],
  ['open', 'Open'],
  ['closed', 'Closed'],
  ['aborted', 'Aborted'],
  ['refused', 'Refused'],
  ['failed', 'Failed'],
];

/** @param {Connection} connection */
const marked = (connection) => Number(notes.ofConnection(connection)?.marked ?? false);

/** @param {Connection} connection */
const age = (connection) => (connection.closed ?? connections.now) - connection.opened;

/** The state in a word or two, told apart without colour. @param {Omit<Connection, 'past'>} connection */
export function stateText(connection) {
  const { state, code, paused } = connection;
  if (state === 'closed') return `closed ${code ?? 'without code'}`;
  if (state === 'refused' || state === 'failed') return `${state} ${code ?? ''}`.trim();
  if (state === 'open' && paused?.length)
    return paused.length > 1 ? 'paused' : `paused ${paused[0] === 'upstream' ? '↑' : '↓'}`;
  return state;
}

/** Classes of a state: its colour and its sign. @param {Omit<Connection, 'past'>} connection */
export function stateClass(connection) {
  const { state, code, paused } = connection;
  if (state === 'closed') return `state closed ${closeTone(code)}`;
  return `state ${state === 'open' && paused?.length ? 'paused' : state}`;
}

class ConnectionList extends HTMLElement {
  /** @type {Connection[]} */
  #shown = [];
  #planned = 0;
  #foot = el('div', { class: 'foot' });
  #list = new VirtualList(ROW_HEIGHT, (place, old) => this.#render(place, old), {
    role: 'listbox',
    'aria-label': 'Connections',
    class: 'viewport',
  });
  #wanted = ''; // a connection that is to be scrolled to once it is known

  connectedCallback() {
    const find = el('input', {
      type: 'search',
      placeholder: 'Find a connection',
      'aria-label': 'Find a connection',
      value: view.get('find'),
      oninput: () => view.set({ find: find.value }),
    });
    const { element } = this.#list;
    this.append(
      el(
        'div',
        { class: 'bar' },
        find,
        select('State', STATES, view.get('state'), (state) => view.set({ state })),
        select(
          'Order',
          Object.entries(SORTS).map(([key, [text]]) => [key, text]),
          view.get('sort'),
          (sort) => view.set({ sort }),
        ),
      ),
      element,
      this.#foot,
    );
    element.addEventListener('keydown', (event) => this.#key(event));
    element.addEventListener('contextmenu', (event) => this.#menu(event));
    connections.addEventListener('change', () => this.#plan());
    notes.addEventListener('change', () => this.#plan());
    view.on(['find', 'state', 'sort', 'connection'], (changed) => {
      if (changed.includes('connection')) this.#wanted = view.get('connection');
      this.#update();
    });
    setInterval(() => this.#plan(), 1000);
    this.#wanted = view.get('connection');
    this.#update();
  }

  #plan() {
    this.#planned ||= window.setTimeout(() => {
      this.#planned = 0;
      this.#update();
    }, 200);
  }

  #update() {
    const typed = view.get('find').trim();
    const wanted = hasWords(typed);
    const state = view.get('state');
    const all = [...connections.byId.values()];
    this.#shown = all.filter((connection) => {
      if (state && connection.state !== state) return false;
      if (!typed) return true;
      const { id, instance, route, target, client, subprotocol } = connection;
      const note = notes.ofConnection(connection)?.note;
      const text = [
        `#${id}`,
        instance,
        route,
        target,
        client,
        subprotocol,
        stateText(connection),
        note,
      ].join(' ');
      return wanted(text);
    });
    this.#shown.sort((SORTS[view.get('sort')] ?? SORTS.newest)?.[1]);
    this.#list.resize(this.#shown.length + 1);
    this.#reveal();
    const open = all.filter((each) => each.state === 'open').length;
    fill(
      this.#foot,
      `${counted(all.length, 'connection')}, ${count(open)} open`,
      this.#shown.length < all.length && `, ${count(this.#shown.length)} shown`,
    );
  }

  /** A shared URL leads to its connection. */
  #reveal() {
    const place = this.#wanted
      ? this.#shown.findIndex(({ id }) => String(id) === this.#wanted)
      : -1;
    if (place < 0) return;
    this.#wanted = '';
    this.#list.reveal(place + 1);
    this.#list.element.setAttribute(
      'aria-activedescendant',
      `connection-${this.#shown[place]?.id}`,
    );
  }

  /** @param {number} place @param {HTMLElement | undefined} old */
  #render(place, old) {
    const selected = view.get('connection');
    const connection = this.#shown[place - 1];
    if (!connection) {
      if (
        old?.dataset.shown === 'all' &&
        (old.getAttribute('aria-selected') === 'true') === (selected === '')
      )
        return old;
      return this.#row('all', selected === '', '', [
        el('span', { class: 'dim' }, '∗'),
        el('span', { class: 'target' }, 'All connections'),
        el('span'),
        el('span', { class: 'sub' }, 'every frame, in order'),
      ]);
    }
    const { frames, bytes: size, id } = connection;
    const speed = connections.rate(connection);
    const note = notes.ofConnection(connection);
    const shown = [
      id,
      stateText(connection),
      ...Object.values(frames),
      speed,
      Math.round(age(connection)),
      note?.note,
      note?.marked,
    ].join(' ');
    const chosen = selected === String(id);
    if (
      old &&
      old.dataset.shown === shown &&
      (old.getAttribute('aria-selected') === 'true') === chosen
    )
      return old;
    const about = [
      connection.instance,
      connection.route && `port ${connection.route}`,
      connection.client,
      connection.subprotocol,
      connection.extensions.includes('deflate') ? 'deflate' : '',
    ];
    return this.#row(
      shown,
      chosen,
      id,
      [
        el('span', { class: 'dim' }, `#${id}`),
        el(
          'span',
          {
            class: 'target untrusted',
            title: spelled(`${connection.target}\n${about.filter(Boolean).join(' · ')}`),
          },
          escaped(connection.target),
        ),
        el(
          'span',
          { class: stateClass(connection), title: spelled(connection.reason) },
          stateText(connection),
        ),
        el(
          'span',
          { class: 'sub' },
          el(
            'span',
            { class: 'traffic' },
            `↑ ${count(frames.upstream)} · ${bytes(size.upstream)}  ↓ ${count(frames.downstream)} · ${bytes(size.downstream)}`,
          ),
          el(
            'span',
            { class: 'untrusted' },
            escaped(withoutColour(note?.note ?? '') || about.filter(Boolean).join(' · ')),
          ),
        ),
        el(
          'span',
          { class: 'speed' },
          spark(connections.spark(connection)),
          speed ? `${rate(speed)}/s` : duration(age(connection)),
        ),
      ],
      note && colourOf(note),
    );
  }

  /**
   * @param {string} shown
   * @param {boolean} selected
   * @param {string | number} id
   * @param {Child[]} children
   * @param {string} [colour]
   */
  #row(shown, selected, id, children, colour = '') {
    return el(
      'div',
      {
        class: `connection ${colour && `noted ${colour}`}`,
        role: 'option',
        id: `connection-${id}`,
        'aria-selected': String(selected),
        'data-shown': shown,
        'data-id': String(id),
        onclick: () => this.#choose(id),
      },
      children,
    );
  }

  /** @param {string | number} id */
  #choose(id) {
    view.set({ connection: id, frame: '', pane: 'frames' }, { push: true });
  }

  /** @param {MouseEvent} event */
  #menu(event) {
    const row = /** @type {HTMLElement} */ (event.target).closest('.connection');
    const id = row instanceof HTMLElement ? row.dataset.id : view.get('connection');
    const connection = connections.get(id ?? '');
    if (!connection) return;
    event.preventDefault();
    const at = (row ?? this).getBoundingClientRect();
    menu(event.clientX || at.left, event.clientY || at.top, [
      { text: 'Show', run: () => this.#choose(connection.id) },
      { text: 'Copy handshake as cURL', run: () => attempt(() => copyCurl(connection.id)) },
      { text: 'Copy as websocat', run: () => attempt(() => copyConnect(connection.id)) },
      null,
      {
        text: marked(connection) ? 'Remove bookmark' : 'Bookmark',
        keys: 'b',
        run: () => bookmark(connection),
      },
      {
        text: 'Note…',
        run: () =>
          editNote(connection.target, placeOf(connection.id), notes.ofConnection(connection)),
      },
      colourItems([placeOf(connection.id)]),
      { text: 'Compare with another…', run: () => compareConnection(connection.id) },
      {
        text: 'Send, close or pause…',
        run: () =>
          view.set({ connection: connection.id, tool: 'send', pane: 'tools' }, { push: true }),
      },
    ]);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const current = view.get('connection');
    if (colourKey(event.key, current ? [placeOf(Number(current))] : [])) return;
    const chosen = connections.get(current);
    if (event.key === 'b' && chosen && pref('keys', true)) return bookmark(chosen);
    const place = current === '' ? 0 : this.#shown.findIndex((c) => String(c.id) === current) + 1;
    const target = keyTarget(
      event.key,
      place,
      this.#shown.length + 1,
      Math.floor(this.#list.visible),
    );
    if (target === undefined) return;
    event.preventDefault();
    const id = this.#shown[target - 1]?.id ?? '';
    view.set({ connection: id, frame: '' }, { push: true });
    this.#list.element.setAttribute('aria-activedescendant', `connection-${id}`);
    this.#list.reveal(target);
  }
}

/** @param {Connection} connection */
const bookmark = (connection) =>
  attempt(() => notes.put(placeOf(connection.id), { marked: !marked(connection) }));

/** Where the note on a connection belongs. @param {number} connection @returns {import('../notes.js').Place} */
const placeOf = (connection) => ({ connection, direction: null, message: null });

/** A little picture of the last half minute. @param {number[]} values */
function spark(values) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', `0 0 ${values.length} 10`);
  svg.setAttribute('class', 'spark');
  svg.setAttribute('aria-hidden', 'true');
  const most = Math.max(...values);
  if (!most) return svg;
  const path = document.createElementNS(space, 'path');
  path.setAttribute(
    'd',
    values
      .map((value, x) =>
        value ? `M${x + 0.5} 10V${(10 - Math.max(1, (value / most) * 10)).toFixed(1)}` : '',
      )
      .join(''),
  );
  svg.append(path);
  return svg;
}

customElements.define('wsp-connections', ConnectionList);

// The list of frames: virtual, live, keyboard-driven.

import {
  copyCurl,
  copyHex,
  copyPayload,
  copyPython,
  copyRows,
  copyWebsocat,
} from '../clipboard.js';
import { connections } from '../connections.js';
import { attempt, button, el, fill } from '../dom.js';
import { shown as escaped } from '../escape.js';
import { Latest } from '../latest.js';
import { rows } from '../list.js';
import { menu } from '../menu.js';
import { notes } from '../notes.js';
import { offer } from '../palette.js';
import { onPref, pref, setPref } from '../prefs.js';
import { arrow, clock, count, counted, duration, isControl, label, way } from '../pure/format.js';
import { keyTarget } from '../pure/place.js';
import { selection } from '../selection.js';
import { status } from '../status.js';
import { view } from '../view.js';
import { VirtualList } from '../virtual.js';
import { stateText } from './connections.js';
import { editNote } from './note-editor.js';
import { startHelp } from './start.js';

/** @import { Action, Child, Row } from '../types' */

const ROW_HEIGHT = 24;
/** Columns beyond direction, time, size and meaning. @type {[string, string][]} */
const COLUMNS = [
  ['conn', 'Connection'],
  ['opcode', 'Opcode'],
  ['kind', 'Kind'],
];
/** @type {[string, string][]} */
const TIMES = [
  ['clock', 'Time of day'],
  ['start', 'Since the connection opened'],
  ['delta', 'Since the row before'],
];

class Frames extends HTMLElement {
  #place = -1; // of the row whose details are shown
  #anchor = -1; // where a range begins
  #tail = true;
  #seen = 0;
  #explained = '';
  #finding = new Latest();
  /** @type {Set<string>} */
  #columns = new Set(pref('columns', ['conn']));
  #list = new VirtualList(ROW_HEIGHT, (place, old) => this.#render(place, old), {
    role: 'listbox',
    'aria-label': 'Frames',
    'aria-multiselectable': 'true',
  });
  #empty = el('div', { class: 'empty', role: 'status' });
  #newer = button('', () => this.#follow(), { class: 'newer', hidden: true });
  #foot = el('div', { class: 'foot', role: 'status' });
  #head = el('div', { class: 'frame-head' });

  connectedCallback() {
    const { element } = this.#list;
    this.#list.onscroll = () => this.#scrolled();
    this.#list.onresize = () => this.#tail && this.#list.scrollTo(rows.total);
    this.append(this.#head, element, this.#empty, this.#newer, this.#foot);
    element.addEventListener('keydown', (event) => this.#key(event));
    element.addEventListener('click', (event) => this.#click(event));
    element.addEventListener('contextmenu', (event) => this.#menu(event));
    this.#head.addEventListener('contextmenu', (event) => this.#columnMenu(event));
    this.addEventListener('show', (event) => this.show(/** @type {CustomEvent} */ (event).detail));
    rows.addEventListener('change', () => this.#changed());
    notes.addEventListener('change', () => this.#redraw());
    status.addEventListener('change', () => this.#changed());
    connections.addEventListener('change', () => rows.total || this.#changed());
    onPref('columns', () => {
      this.#columns = new Set(pref('columns', ['conn']));
      this.#drawHead();
      this.#redraw();
    });
    document.addEventListener('explained', (event) => {
      this.#explained = /** @type {CustomEvent<string>} */ (event).detail;
      this.#drawFoot();
    });
    view.onQuery(() => this.#reset());
    view.on(['time', 'frame'], (changed) => {
      if (changed.includes('frame') && !view.get('frame')) this.#place = -1;
      this.#drawHead();
      this.#list.draw();
    });
    selection.addEventListener('change', () => {
      this.#list.draw();
      this.#drawFoot();
    });
    offer(() => this.#actions());
    this.#drawHead();
    rows.open(view.query()).then(() => this.#find());
  }

  /** Show the row of a frame, wherever it is. @param {number | string} id */
  async show(id) {
    view.set({ frame: id });
    await this.#find();
  }

  async #find() {
    const id = view.get('frame');
    const signal = this.#finding.begin();
    if (!id) return;
    const place = await rows.placeOf(id, signal).catch(() => -1); // a wrong filter is told elsewhere
    if (place < 0 || signal.aborted) return;
    this.#tail = false;
    this.#place = this.#anchor = place;
    selection.only(Number(id));
    this.#list.scrollTo(place - this.#list.visible / 3);
  }

  #reset() {
    this.#tail = true;
    this.#place = this.#anchor = -1;
    this.#seen = 0;
    this.#list.top = 0;
    this.#drawHead();
    if (view.get('frame')) this.#find();
  }

  #redraw() {
    for (const each of this.querySelectorAll('.frame')) each.classList.add('stale');
    this.#list.draw();
  }

  #changed() {
    const nothing = rows.total === 0 && !rows.searching;
    this.#empty.hidden = !nothing;
    this.#list.element.hidden = nothing;
    if (rows.total !== this.#list.total) {
      this.#list.resize(rows.total);
      if (this.#tail) this.#list.scrollTo(rows.total);
    } else {
      this.#list.draw();
    }
    if (this.#tail || this.#list.atEnd) this.#seen = rows.total;
    const unseen = rows.total - this.#seen;
    this.#newer.hidden = this.#tail || unseen <= 0;
    this.#newer.textContent = `↓ ${count(unseen)} newer`;
    if (nothing) fill(this.#empty, this.#explain());
    this.#drawFoot();
  }

  #drawFoot() {
    const filtered = view.filter() !== '';
    const matching = filtered ? (rows.total === 1 ? ' matches' : ' match') : '';
    fill(
      this.#foot,
      el(
        'span',
        {},
        `${counted(rows.total, 'row')}${matching}${rows.searching ? ', searching…' : ''}`,
      ),
      filtered &&
        this.#explained &&
        el('span', { class: 'said-foot untrusted', title: this.#explained }, this.#explained),
      rows.paused && el('span', { class: 'bad' }, 'view paused, traffic goes on'),
      rows.error && el('span', { class: 'bad' }, rows.error),
      selection.ids.size > 1 && el('span', {}, `${selection.ids.size} selected`),
    );
  }

  /** Why there is nothing, and what to do. @returns {Child} */
  #explain() {
    if (rows.error) return rows.error;
    if (!status.alive && status.everAlive)
      return 'wsproxy has stopped or cannot be reached. This page goes on by itself once it is back.';
    if (view.filter() || view.get('since') || view.get('start'))
      return 'Nothing here matches. Newer traffic that does will show up by itself.';
    const id = view.get('connection');
    const connection = connections.get(id);
    if (connection?.state === 'refused' || connection?.state === 'failed')
      return `Connection #${id} was ${stateText(connection)}${connection.reason ? `: ${connection.reason}` : ''}. No frame passed; its handshake is in the details.`;
    if (connection) return `No frame has passed on connection #${id} yet.`;
    if (id) return connections.loaded ? `The capture has no connection #${id}.` : 'Loading…';
    return startHelp();
  }

  get #showsConnection() {
    return this.#columns.has('conn') && !view.get('connection');
  }

  #drawHead() {
    const extra = COLUMNS.filter(([key]) => this.#has(key));
    this.style.setProperty(
      '--extra',
      extra.map(([key]) => (key === 'kind' ? '7rem' : '3.6rem')).join(' ') || '0',
    );
    this.classList.toggle('no-extra', !extra.length);
    fill(
      this.#head,
      el('span', {}),
      button(
        TIMES.find(([key]) => key === view.get('time'))?.[0] === 'clock'
          ? 'Time'
          : view.get('time') === 'start'
            ? 'Time +'
            : 'Time Δ',
        () => this.#nextTime(),
        { class: 'plain', title: 'Time of day, since the start, or since the row before' },
      ),
      extra.map(([, text]) => el('span', {}, text === 'Connection' ? 'Conn' : text)),
      el('span', { class: 'number' }, 'Size'),
      el('span', {}, 'Payload'),
      button('⋮', () => this.#columnMenu(), {
        class: 'plain',
        title: 'Columns',
        'aria-label': 'Columns',
        'aria-haspopup': 'menu',
      }),
    );
  }

  /** @param {string} key */
  #has(key) {
    return key === 'conn' ? this.#showsConnection : this.#columns.has(key);
  }

  #nextTime() {
    const keys = TIMES.map(([key]) => key);
    view.set({ time: keys[(keys.indexOf(view.get('time')) + 1) % keys.length] ?? 'clock' });
    this.#redraw();
  }

  /** @param {MouseEvent} [event] */
  #columnMenu(event) {
    event?.preventDefault();
    const { right, bottom } = this.#head.getBoundingClientRect();
    const toggle = (/** @type {string} */ key) => {
      if (!this.#columns.delete(key)) this.#columns.add(key);
      setPref('columns', [...this.#columns]);
    };
    menu(event?.clientX ?? right - 10, event?.clientY ?? bottom, [
      ...TIMES.map(([key, text]) => ({
        text: `${view.get('time') === key ? '● ' : '○ '}${text}`,
        run: () => {
          view.set({ time: key });
          this.#redraw();
        },
      })),
      null,
      ...COLUMNS.map(([key, text]) => ({
        text: `${this.#columns.has(key) ? '✓ ' : '  '}${text}`,
        run: () => toggle(key),
      })),
    ]);
  }

  #scrolled() {
    this.#tail = this.#list.atEnd;
    if (this.#tail) this.#changed();
  }

  #follow() {
    this.#tail = true;
    this.#list.scrollTo(rows.total);
    this.#changed();
  }

  /** @param {number} place @param {HTMLElement | undefined} old */
  #render(place, old) {
    const row = rows.at(place);
    if (!row)
      return old?.classList.contains('loading')
        ? old
        : el(
            'div',
            { class: 'frame loading', role: 'option', 'aria-selected': 'false' },
            el('span', {}, '…'),
          );
    const selected = selection.ids.has(row.id) || view.get('frame') === String(row.id);
    const how = `${view.get('time')} ${view.get('q')} ${selected} ${this.#showsConnection}`;
    if (old && ROWS.get(old) === row && old.dataset.how === how && !old.classList.contains('stale'))
      return old;
    const note = notes.of(row);
    const { direction, opcode, fin, payload_length: size, content_length: content } = row;
    const more = fin ? '' : opcode === 'continuation' ? '⋯' : '⌐';
    const time = this.#time(row, place);
    const kind =
      isControl(opcode) || more || opcode === 'binary' || opcode === 'continuation'
        ? `${label(opcode)}${more}`
        : '';
    const lit = view.lit();
    const text = lineOf(row, lit);
    const element = el(
      'div',
      {
        class: [
          'frame',
          direction,
          isControl(opcode) ? 'control' : '',
          row.verdict,
          note ? `noted ${note.colour}` : '',
        ].join(' '),
        role: 'option',
        id: `frame-${row.id}`,
        'aria-selected': String(selected),
        'aria-setsize': rows.total,
        'aria-posinset': place + 1,
        'data-id': row.id,
        'data-how': how,
      },
      el('span', { class: 'arrow', title: way(direction) }, arrow(direction)),
      el('span', {}, time),
      this.#has('conn') && el('span', { class: 'dim' }, `#${row.connection}`),
      this.#has('opcode') && el('span', { class: 'dim' }, label(opcode)),
      this.#has('kind') && el('span', { class: 'untrusted' }, row.kind ?? ''),
      el(
        'span',
        {
          class: 'number',
          title:
            content === size ? '' : `${count(size)} bytes on the wire, ${count(content)} inflated`,
        },
        content === size ? count(size) : `${count(size)}→${count(content)}`,
      ),
      el(
        'span',
        { class: 'meaning' },
        kind && el('span', { class: 'opcode', title: more ? 'a fragment' : '' }, kind),
        el('span', { class: 'preview untrusted' }, escaped(text, lit)),
      ),
      el(
        'span',
        { class: 'marks' },
        note && el('span', { class: 'star', title: note.text || 'bookmarked' }, '★'),
        row.marks.map((mark) => el('span', { class: `mark ${mark}` }, mark)),
      ),
    );
    const said = [
      way(direction),
      `${label(opcode)}${fin ? '' : ' fragment'}`,
      counted(size, 'byte'),
    ];
    const spoken = ` ${said.join(', ')}, connection ${row.connection}`;
    element.append(el('span', { class: 'visually-hidden' }, spoken));
    ROWS.set(element, row);
    return element;
  }

  /** @param {Row} row @param {number} place */
  #time(row, place) {
    const how = view.get('time');
    if (how === 'delta') {
      const before = place > 0 ? rows.at(place - 1) : undefined;
      return before ? `+${duration(Math.max(0, row.time - before.time))}` : '';
    }
    const connection = how === 'start' ? connections.get(row.connection) : undefined;
    return connection ? `+${(row.time - connection.opened).toFixed(4)}` : clock(row.time);
  }

  /** @param {number} place @param {boolean} extend */
  async #select(place, extend) {
    this.#place = place;
    const row = await rows.fetched(place);
    if (!row || this.#place !== place) return;
    this.#finding.begin(); // what was looked for before is no longer wanted
    this.#tail = this.#tail && place === rows.total - 1;
    if (extend) await this.#range(place);
    else {
      this.#anchor = place;
      selection.only(row.id);
    }
    view.set({ frame: row.id });
    this.#list.element.setAttribute('aria-activedescendant', `frame-${row.id}`);
    this.#list.reveal(place);
  }

  /** Select from the anchor to a place, as far as a range makes sense. @param {number} place */
  async #range(place) {
    const [from, to] = [Math.min(this.#anchor, place), Math.max(this.#anchor, place)];
    const ids = [];
    for (let at = Math.max(from, 0); at <= to && ids.length < 1000; at += 1) {
      const row = await rows.fetched(at);
      if (row) ids.push(row.id);
    }
    selection.these(ids);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const element = /** @type {HTMLElement} */ (event.target).closest('.frame');
    const row = element && ROWS.get(element);
    if (!row) return;
    const place = Number(element.getAttribute('aria-posinset')) - 1;
    if (event.ctrlKey || event.metaKey) selection.toggle(row.id);
    else this.#select(place, event.shiftKey);
  }

  /** The selected rows that the page has. */
  get #selected() {
    return [...rows.known()].filter((row) => selection.ids.has(row.id)).sort((a, b) => a.id - b.id);
  }

  /** @param {MouseEvent} event */
  #menu(event) {
    const element = /** @type {HTMLElement} */ (event.target).closest('.frame');
    const row = element && ROWS.get(element);
    event.preventDefault();
    if (row && !selection.ids.has(row.id)) {
      selection.only(row.id);
      view.set({ frame: row.id });
    }
    const at = (
      element ??
      this.querySelector('.frame[aria-selected="true"]') ??
      this
    ).getBoundingClientRect();
    const actions = this.#actions();
    if (actions.length) menu(event.clientX || at.left + 40, event.clientY || at.bottom, actions);
  }

  /** What can be done with the selected rows. @returns {Action[]} */
  #actions() {
    const selected = this.#selected;
    const row = selected.find(({ id }) => String(id) === view.get('frame')) ?? selected[0];
    if (!row) return [];
    const [first, second] = selected;
    return [
      {
        text: counted(selected.length, 'row').replace(/^/, 'Copy '),
        keys: 'Ctrl+C',
        run: () => copyRows(selected),
      },
      { text: 'Copy payload', run: () => attempt(() => copyPayload(row.id)) },
      { text: 'Copy payload as hex', run: () => attempt(() => copyHex(row.id)) },
      { text: 'Copy as websocat', run: () => attempt(() => copyWebsocat(row.id)) },
      { text: 'Copy as Python', run: () => attempt(() => copyPython(row.id)) },
      { text: 'Copy handshake as cURL', run: () => attempt(() => copyCurl(row.connection)) },
      ...(selected.length === 2 && first && second
        ? [
            {
              text: 'Compare these two',
              run: () => view.set({ frame: second.id, compare: first.id, tab: 'compare' }),
            },
          ]
        : []),
      {
        text: notes.of(row) ? 'Remove bookmark' : 'Bookmark',
        keys: 'b',
        run: () => this.#bookmark(row),
      },
      {
        text: 'Note…',
        run: () => editNote(row.preview, notes.of(row), (change) => notes.put(row, change)),
      },
      {
        text: `Only connection #${row.connection}`,
        run: () => view.set({ connection: row.connection, frame: row.id }, { push: true }),
      },
      {
        text: 'Send it again…',
        run: () =>
          view.set({ connection: row.connection, frame: row.id, tool: 'send', pane: 'tools' }),
      },
    ];
  }

  /** @param {Row} row */
  #bookmark(row) {
    if (notes.of(row)) notes.removeOf(row);
    else notes.put(row, {});
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === 'Enter') {
      view.set({ pane: 'details' });
      const tab = document.querySelector('wsp-details [role=tab][tabindex="0"]');
      if (tab instanceof HTMLElement) tab.focus();
      return;
    }
    if (event.ctrlKey || event.metaKey) {
      if (event.key === 'c' && !getSelection()?.toString() && selection.ids.size) {
        event.preventDefault();
        copyRows(this.#selected);
      }
      return;
    }
    const row = this.#selected[0];
    if (event.key === 'b' && row && pref('keys', true)) return this.#bookmark(row);
    const from =
      this.#place < 0
        ? event.key === 'ArrowUp'
          ? rows.total
          : Math.ceil(this.#list.top) - 1
        : this.#place;
    const target = keyTarget(event.key, from, rows.total, Math.floor(this.#list.visible));
    if (target === undefined) return;
    event.preventDefault();
    this.#select(target, event.shiftKey);
  }
}

/**
 * What a row says: its summary, unless only the payload has what is searched for.
 * @param {Row} row
 * @param {RegExp | null} lit
 */
function lineOf({ summary, preview }, lit) {
  if (!summary) return preview;
  return lit && summary.search(lit) < 0 && preview.search(lit) >= 0 ? preview : summary;
}

/** The row that an element shows. @type {WeakMap<Element, Row>} */
const ROWS = new WeakMap();

customElements.define('wsp-frames', Frames);

// The list of frames: virtual, live, keyboard-driven.

import { copyRows } from '../clipboard.js';
import { connections } from '../connections.js';
import { attempt, button, el, fill, toast } from '../dom.js';
import { spelled } from '../escape.js';
import { goToBookmark } from '../hits.js';
import { Latest } from '../latest.js';
import { openRows, rows, sortRows } from '../list.js';
import { menu } from '../menu.js';
import { notes } from '../notes.js';
import { offer } from '../palette.js';
import { onPref, pref } from '../prefs.js';
import { INSTANCES } from '../pure/columns.js';
import { count, counted } from '../pure/format.js';
import { keyTarget } from '../pure/place.js';
import { selection } from '../selection.js';
import { MAX_SORTED, sortedWhich } from '../sorted.js';
import { status } from '../status.js';
import { view } from '../view.js';
import { VirtualList } from '../virtual.js';
import { colourKey } from './colour-menu.js';
import { stateText } from './connections.js';
import { bookmark, messagesOf, rowActions } from './frame-actions.js';
import { addColumn, columnMenu, columns, drawHead } from './frame-head.js';
import { renderRow, rowOf } from './frame-row.js';
import { startHelp } from './start.js';

/** @import { Child } from '../types' */
/** @import { Column } from '../pure/columns.js' */

const ROW_HEIGHT = 24;

/** @param {1 | -1} step */
const toBookmark = (step) =>
  attempt(async () => {
    if (!(await goToBookmark(step))) toast('No bookmark is in this list.');
  });
const NEXT = { text: 'Next bookmark', keys: '.', run: () => toBookmark(1) };
const BEFORE = { text: 'Previous bookmark', keys: ',', run: () => toBookmark(-1) };

class Frames extends HTMLElement {
  #place = -1; // of the row whose details are shown
  #anchor = -1; // where a range begins
  #known = 0; // connections whose instance the rows show
  #tail = !view.get('order');
  #seen = 0;
  #explained = '';
  #finding = new Latest();
  /** @type {Column[]} */
  #columns = columns();
  #list = new VirtualList(
    ROW_HEIGHT,
    (place, old) => renderRow(rows.at(place), place, old, this.#columns),
    {
      role: 'listbox',
      'aria-label': 'Frames',
      'aria-multiselectable': 'true',
    },
  );
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
    element.addEventListener('pointerdown', (event) => this.#dragFrom(event));
    element.addEventListener('contextmenu', (event) => this.#menu(event));
    this.#head.addEventListener('contextmenu', (event) => columnMenu(this.#head, event));
    this.addEventListener('show', (event) => this.show(/** @type {CustomEvent} */ (event).detail));
    rows.addEventListener('change', () => this.#changed());
    notes.addEventListener('change', () => this.#redraw());
    status.addEventListener('change', () => this.#changed());
    connections.addEventListener('change', () => {
      if (!rows.total) this.#changed();
      if (INSTANCES.size === this.#known) return;
      this.#known = INSTANCES.size;
      this.#drawHead();
      this.#redraw();
    });
    for (const name of ['columns', 'colours'])
      onPref(name, () => {
        this.#drawHead();
        this.#redraw();
      });
    document.addEventListener('explained', (event) => {
      this.#explained = /** @type {CustomEvent<string>} */ (event).detail;
      this.#drawFoot();
    });
    document.addEventListener('add-column', (event) =>
      addColumn(/** @type {CustomEvent<string>} */ (event).detail),
    );
    view.onQuery(() => this.#reset());
    view.on(['time', 'zero', 'frame', 'order'], (changed) => {
      if (changed.includes('frame') && !view.get('frame')) this.#place = -1;
      if (changed.includes('order')) this.#sorted();
      this.#drawHead();
      this.#list.draw();
    });
    selection.addEventListener('change', () => {
      this.#list.draw();
      this.#drawFoot();
    });
    offer(() => [NEXT, BEFORE]);
    offer(() => rowActions(this.#selected).filter((each) => each !== null));
    this.#drawHead();
    openRows().then(() => this.#find());
  }

  /** Show the row of a frame, wherever it is. @param {number | string} id */
  async show(id) {
    selection.only(Number(id));
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
    this.#tail = !view.get('order');
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
    if (this.#tail || (this.#list.atEnd && !rows.sorted)) this.#seen = rows.all;
    const unseen = rows.all - this.#seen;
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
      filtered &&
        rows.cut > 0 &&
        el(
          'span',
          { title: 'The filter ~cut finds them; --max-payload sets how much is recorded.' },
          `${counted(rows.cut, 'frame')} searched in part only`,
        ),
      rows.sorted && [
        el(
          'span',
          {},
          rows.total >= MAX_SORTED
            ? `sorted: the ${sortedWhich(view.get('order'))} ${count(rows.total)} of ${count(rows.all)}`
            : rows.all > rows.total
              ? `sorted, without the ${count(rows.all - rows.total)} newest`
              : 'sorted',
        ),
        button('Sort anew', sortRows, { class: 'plain' }),
      ],
      rows.paused && el('span', { class: 'bad' }, 'view paused, traffic goes on'),
      rows.error && el('span', { class: 'bad' }, rows.error),
      selection.ids.size > 1 && el('span', {}, `${selection.ids.size} selected`),
    );
  }

  /** Why there is nothing, and what to do. @returns {Child} */
  #explain() {
    if (rows.error)
      return [el('p', { class: 'bad' }, rows.error), button('Try again', () => openRows())];
    if (!status.alive && status.everAlive)
      return 'wsproxy has stopped or cannot be reached. This page goes on by itself once it is back.';
    if (view.filter() || view.get('since') || view.get('start'))
      return 'Nothing here matches. Newer traffic that does will show up by itself.';
    const id = view.get('connection');
    const connection = connections.get(id);
    if (connection?.state === 'refused' || connection?.state === 'failed')
      return `Connection #${id} was ${stateText(connection)}${connection.reason ? `: ${spelled(connection.reason)}` : ''}. No frame passed; its handshake is in the details.`;
    if (connection) return `No frame has passed on connection #${id} yet.`;
    if (id) return connections.loaded ? `The capture has no connection #${id}.` : 'Loading…';
    return startHelp();
  }

  #drawHead() {
    this.#columns = columns();
    this.style.setProperty('--extra', this.#columns.map(({ width }) => width).join(' ') || '0');
    this.classList.toggle('no-extra', !this.#columns.length);
    drawHead(this.#head);
  }

  /** Another order: the beginning of it, or the end of the list as it came. */
  #sorted() {
    this.#tail = !view.get('order');
    this.#place = this.#anchor = -1;
    this.#list.scrollTo(0);
  }

  #scrolled() {
    this.#tail = this.#list.atEnd && !rows.sorted;
    if (this.#tail) this.#changed();
  }

  #follow() {
    view.set({ order: '' });
    this.#tail = true;
    this.#list.scrollTo(rows.total);
    this.#changed();
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
    if (this.#place === place) selection.these(ids); // or else one has moved on
  }

  /** A drag over rows selects them. @param {PointerEvent} event */
  #dragFrom(event) {
    const start = placeOf(event.target);
    if (start === null || event.button || event.pointerType === 'touch') return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) return;
    const { element } = this.#list;
    let dragging = false;
    const move = (/** @type {PointerEvent} */ moved) => {
      const place = placeOf(moved.target);
      if (place === null || (!dragging && place === start)) return;
      dragging = true;
      element.classList.add('dragging');
      getSelection()?.removeAllRanges();
      this.#anchor = start;
      if (place !== this.#place) this.#select(place, true);
    };
    const end = () => {
      element.removeEventListener('pointermove', move);
      element.classList.remove('dragging');
    };
    element.addEventListener('pointermove', move);
    addEventListener('pointerup', end, { once: true });
    addEventListener('pointercancel', end, { once: true });
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = rowOf(/** @type {HTMLElement} */ (event.target).closest('.frame'));
    const place = placeOf(event.target);
    if (!row || place === null) return;
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
    const row = rowOf(element);
    event.preventDefault();
    if (row && !selection.ids.has(row.id)) {
      selection.only(row.id);
      view.set({ frame: row.id });
    }
    if (row) this.#tail = false; // it stays under the pointer
    const at = (
      element ??
      this.querySelector('.frame[aria-selected="true"]') ??
      this
    ).getBoundingClientRect();
    const cell = /** @type {HTMLElement} */ (event.target).closest('.extra[data-path]');
    const path = cell?.getAttribute('data-path');
    const pointed = path && row ? { path, value: cell?.textContent ?? '' } : null;
    const actions = rowActions(this.#selected, pointed);
    if (actions.length) menu(event.clientX || at.left + 40, event.clientY || at.bottom, actions);
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
    const bookmarks = pref('keys', true) ? { '.': NEXT, ',': BEFORE }[event.key] : undefined;
    if (bookmarks) return bookmarks.run();
    if (colourKey(event.key, messagesOf(this.#selected))) return;
    if (event.key === 'b' && row && pref('keys', true)) return bookmark(row);
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

/** The place of the row that something is in. @param {EventTarget | null} target */
function placeOf(target) {
  const row = /** @type {Element} */ (target).closest('.frame[data-id]');
  return row ? Number(row.getAttribute('aria-posinset')) - 1 : null;
}

customElements.define('wsp-frames', Frames);

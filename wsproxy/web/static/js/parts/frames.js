// The list of frames: virtual, live, keyboard-driven.

import { get } from '../api.js';
import { connections } from '../connections.js';
import { button, el } from '../dom.js';
import { clock, count, isControl, label } from '../format.js';
import { rows } from '../model.js';
import { selection } from '../selection.js';
import { view } from '../view.js';
import { keyTarget, VirtualList } from '../virtual.js';

const ROW_HEIGHT = 22;

class Frames extends HTMLElement {
  #place = -1; // of the row whose details are shown
  #tail = true;
  #seen = 0;

  connectedCallback() {
    this.list = new VirtualList(ROW_HEIGHT, (place, old) => this.#render(place, old),
      { role: 'listbox', 'aria-label': 'Frames', 'aria-multiselectable': 'true' });
    this.list.onscroll = () => this.#scrolled();
    this.list.onresize = () => this.#tail && this.list.scrollTo(rows.total);
    this.empty = el('div', { class: 'empty', role: 'status' });
    this.newer = button('', () => this.#follow(), { class: 'newer', hidden: true });
    this.foot = el('div', { class: 'foot', role: 'status' });
    this.head = el('div', { class: 'frame-head', 'aria-hidden': 'true' },
      ['Time', 'Conn', '', 'Opcode', 'Length', 'Payload', ''].map((text, index) =>
        el('span', { class: index === 4 ? 'number' : '' }, text)));
    this.append(this.head, this.list.element, this.empty, this.newer, this.foot);
    this.list.element.addEventListener('keydown', (event) => this.#key(event));
    this.list.element.addEventListener('click', (event) => this.#click(event));
    rows.addEventListener('change', () => this.#changed());
    view.onQuery(() => this.#reset());
    view.on(['time', 'frame'], (changed) => {
      if (changed.includes('frame') && !view.get('frame')) this.#place = -1;
      this.list.draw();
    });
    selection.addEventListener('change', () => this.list.draw());
    rows.open(view.query()).then(() => this.#find());
  }

  /** Show the row of a frame, wherever it is. */
  async show(id) {
    view.set({ frame: id });
    await this.#find();
  }

  async #find() {
    const id = view.get('frame');
    if (!id) return;
    const place = await rows.placeOf(id).catch(() => -1); // a wrong filter is told elsewhere
    if (place < 0) return;
    this.#tail = false;
    this.#place = place;
    selection.only(Number(id));
    this.list.scrollTo(place - this.list.visible / 3);
  }

  #reset() {
    this.#tail = true;
    this.#place = -1;
    this.#seen = 0;
    this.list.top = 0;
    if (view.get('frame')) this.#find();
  }

  #changed() {
    this.empty.hidden = rows.total > 0 || rows.searching;
    this.list.element.hidden = !this.empty.hidden;
    if (rows.total !== this.list.total) {
      this.list.resize(rows.total);
      if (this.#tail) this.list.scrollTo(rows.total);
    } else {
      this.list.draw();
    }
    if (this.#tail || this.list.atEnd) this.#seen = rows.total;
    const unseen = rows.total - this.#seen;
    this.newer.hidden = this.#tail || unseen <= 0;
    this.newer.textContent = `↓ ${count(unseen)} newer`;
    if (!this.empty.hidden) this.#explain();
    this.foot.replaceChildren(
      el('span', {}, `${count(rows.total)} rows${view.filter() ? ' match' : ''}${rows.searching ? ', searching…' : ''}`),
      rows.paused ? el('span', { class: 'bad' }, 'view paused, traffic goes on') : '',
      rows.error ? el('span', { class: 'bad' }, rows.error) : '',
      selection.ids.size > 1 ? el('span', {}, `${selection.ids.size} selected`) : '');
  }

  async #explain() {
    if (rows.error) {
      this.empty.textContent = rows.error;
    } else if (view.filter() || view.get('connection') || view.get('since') || view.get('start')) {
      this.empty.textContent = 'Nothing here matches. Newer traffic that does will show up by itself.';
    } else {
      this.empty.textContent = 'Nothing has passed yet.';
      const status = await get('/status');
      this.empty.textContent = `Nothing has passed yet. Point your client at ${status.proxy} instead of ${status.upstream}.`;
    }
  }

  #scrolled() {
    this.#tail = this.list.atEnd;
    if (this.#tail) this.#changed();
  }

  #follow() {
    this.#tail = true;
    this.list.scrollTo(rows.total);
    this.#changed();
  }

  #render(place, old) {
    const row = rows.at(place);
    if (!row) return old?.classList.contains('loading') ? old : el('div', { class: 'frame loading' }, el('span', {}, '…'));
    const selected = selection.ids.has(row.id) || view.get('frame') === String(row.id);
    const shown = view.get('time');
    if (old && old.row === row && old.selected === selected && old.shown === shown) return old;
    const up = row.direction === 'upstream';
    const classes = ['frame', row.direction, isControl(row.opcode) ? 'control' : '', row.verdict];
    const size = row.content_length === row.payload_length ? count(row.payload_length) : `${count(row.payload_length)} (${count(row.content_length)})`;
    const more = row.fin ? '' : row.opcode === 'continuation' ? '⋯' : '⌐';
    const element = el('div', {
      class: classes.join(' '), role: 'option', id: `frame-${row.id}`, 'aria-selected': String(selected),
      'aria-setsize': rows.total, 'aria-posinset': place + 1, 'data-id': row.id,
      'aria-label': `${this.#time(row)}, connection ${row.connection}, ${up ? 'to the server' : 'to the client'}, ${label(row.opcode)}${row.fin ? '' : ', fragment'}, ${row.payload_length} bytes, ${row.marks.join(', ')} ${row.preview}`,
    },
    el('span', {}, this.#time(row)),
    el('span', { class: 'dim' }, `#${row.connection}`),
    el('span', { class: 'arrow', title: up ? 'to the server' : 'to the client' }, up ? '→' : '←'),
    el('span', { class: 'opcode' }, label(row.opcode), more ? el('span', { title: 'a fragment: more follows' }, more) : ''),
    el('span', { class: 'number', title: row.content_length === row.payload_length ? '' : 'on the wire (inflated)' }, size),
    el('span', { class: 'preview untrusted' }, row.preview),
    el('span', {}, row.marks.map((mark) => el('span', { class: `mark ${mark}` }, mark))));
    Object.assign(element, { row, selected, shown });
    return element;
  }

  #time(row) {
    if (view.get('time') !== 'start') return clock(row.time);
    const connection = connections.get(row.connection);
    return connection ? `+${(row.time - connection.opened).toFixed(4)}` : clock(row.time);
  }

  async #select(place, extend) {
    const row = await rows.fetched(place);
    if (!row) return;
    this.#place = place;
    this.#tail = this.#tail && place === rows.total - 1;
    if (extend) selection.add(row.id);
    else selection.only(row.id);
    view.set({ frame: row.id });
    this.list.element.setAttribute('aria-activedescendant', `frame-${row.id}`);
    this.list.reveal(place);
  }

  #click(event) {
    const element = event.target.closest('.frame');
    if (!element?.row) return;
    const place = Number(element.getAttribute('aria-posinset')) - 1;
    if (event.ctrlKey || event.metaKey) selection.toggle(element.row.id);
    else this.#select(place, event.shiftKey);
  }

  #key(event) {
    if (event.key === 'Enter') {
      document.querySelector('wsp-details [role=tab][tabindex="0"]')?.focus();
      return;
    }
    if (event.ctrlKey || event.metaKey) return;
    const from = this.#place < 0 ? (event.key === 'ArrowUp' ? rows.total : Math.ceil(this.list.top) - 1) : this.#place;
    const target = keyTarget(event.key, from, rows.total, Math.floor(this.list.visible));
    if (target === undefined) return;
    event.preventDefault();
    this.#select(target, event.shiftKey);
  }
}

customElements.define('wsp-frames', Frames);

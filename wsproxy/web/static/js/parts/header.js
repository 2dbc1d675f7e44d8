// The top line: what is proxied, how much passes, and what holds for the whole page.

import { download, get } from '../api.js';
import { button, el } from '../dom.js';
import { feed } from '../feed.js';
import { bytes, count, rate } from '../format.js';
import { help } from '../keys.js';
import { rows } from '../model.js';
import { selection } from '../selection.js';
import { view } from '../view.js';

class Header extends HTMLElement {
  connectedCallback() {
    const dark = localStorage.getItem('theme')
      ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
    document.documentElement.dataset.theme = dark;
    this.route = el('span', { class: 'route' });
    this.live = el('span', { class: 'live off', role: 'status' }, 'connecting');
    this.counters = el('span', { class: 'counters', 'aria-label': 'Counters' });
    this.pause = button('Pause view', () => rows.pause(!rows.paused),
      { class: 'pause', 'aria-pressed': 'false', title: 'Show nothing new; the traffic goes on (p)' });
    this.unclear = button('Show all', () => view.set({ start: '' }), { class: 'plain', hidden: true });
    this.append(
      el('span', { class: 'brand' }, 'wsproxy'), this.route, this.live,
      el('span', { class: 'grow' }), this.counters, this.pause,
      button('Clear', () => this.#clear(), { title: 'Hide all rows there are now; the capture keeps them' }),
      this.unclear, this.#exports(),
      button('◐', () => this.#theme(), { title: 'Dark or light', 'aria-label': 'Dark or light' }),
      button('?', help, { title: 'Keys', 'aria-label': 'Keys' }),
    );
    feed.on('open', () => this.#load());
    feed.on('lost', () => this.#alive(false));
    feed.on('batch', (batch) => this.#count(batch.total));
    rows.addEventListener('change', () => {
      this.pause.setAttribute('aria-pressed', String(rows.paused));
      this.pause.textContent = rows.paused ? 'Resume view' : 'Pause view';
    });
    view.on(['start'], () => { this.unclear.hidden = !view.get('start'); });
    this.unclear.hidden = !view.get('start');
  }

  async #load() {
    this.#alive(true);
    const status = await get('/status');
    this.route.textContent = `${status.proxy} → ${status.upstream}`;
    this.#count(status);
  }

  #alive(alive) {
    this.live.classList.toggle('off', !alive);
    this.live.textContent = alive ? 'live' : 'wsproxy does not answer';
  }

  #count(total) {
    const speed = total.rate;
    const each = (pair, show) => `↑ ${show(pair[0])} ↓ ${show(pair[1])}`;
    this.counters.replaceChildren(
      el('span', { title: 'Frames since the start' }, el('b', {}, count(total.frames)), ' frames'),
      el('span', { title: 'Bytes since the start' }, el('b', {}, bytes(total.bytes))),
      el('span', { title: 'Frames a second, to the server and back' }, `${each(speed.frames, rate)} /s`),
      el('span', { title: 'Bytes a second' }, `${each(speed.bytes, (n) => bytes(Math.round(n)))}/s`),
    );
  }

  async #clear() {
    const page = await get('/frames', { limit: 0 });
    selection.clear();
    view.set({ start: page.upto + 1, frame: '' });
  }

  #exports() {
    const choose = el('select', { 'aria-label': 'Export', title: 'Export as JSON lines' },
      ['Export…', 'Selected rows', 'What is listed', 'This connection', 'Everything']
        .map((text) => el('option', {}, text)));
    choose.addEventListener('change', () => {
      const parameters = [
        () => ({ ids: [...selection.ids].join(',') || '0' }),
        () => view.query(),
        () => ({ connection: view.get('connection') }),
        () => ({}),
      ][choose.selectedIndex - 1];
      download('/export', parameters());
      choose.selectedIndex = 0;
    });
    return choose;
  }

  #theme() {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
    localStorage.setItem('theme', root.dataset.theme);
    dispatchEvent(new Event('theme'));
  }
}

customElements.define('wsp-header', Header);

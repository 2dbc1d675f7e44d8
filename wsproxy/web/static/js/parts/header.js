// The top line: what is proxied, how much passes, and what holds for the whole page.

import { download, get } from '../api.js';
import { copy } from '../clipboard.js';
import { connections } from '../connections.js';
import { attempt, button, el, fill, toast } from '../dom.js';
import { feed } from '../feed.js';
import { help } from '../keys.js';
import { rows } from '../list.js';
import { menu } from '../menu.js';
import { offer, palette } from '../palette.js';
import { pref, setPref } from '../prefs.js';
import { bytes, count, rate } from '../pure/format.js';
import { selection } from '../selection.js';
import { status } from '../status.js';
import { view } from '../view.js';
import { waiting } from '../waiting.js';
import { stateText } from './connections.js';

/** @import { Action, Batch } from '../types' */

const ICON = '/static/icon.svg';
const ICON_WAITING = '/static/icon-waiting.svg';

class Header extends HTMLElement {
  #route = button('', () => copy(status.value?.proxy ?? '', 'the URL of the proxy'), {
    class: 'plain route',
    title: 'Copy where clients connect',
  });
  #live = el('span', { class: 'live off', role: 'status' }, 'connecting');
  #gone = el(
    'div',
    { class: 'gone', role: 'alert', hidden: true },
    'wsproxy has stopped or cannot be reached. What is shown stays as it was; the page goes on by itself once wsproxy is back.',
  );
  #counters = el('span', { class: 'counters', role: 'group', 'aria-label': 'Counters' });
  #pause = button('Pause view', () => this.#pauseView(), {
    class: 'pause',
    'aria-pressed': 'false',
    title: 'Show nothing new; the traffic goes on (p)',
  });
  #unclear = button('Show all', () => view.set({ start: '' }), { class: 'plain', hidden: true });

  connectedCallback() {
    const dark = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    document.documentElement.dataset.theme = pref('theme', dark);
    this.append(
      el('h1', { class: 'brand' }, 'wsproxy'),
      this.#live,
      this.#route,
      el('span', { class: 'grow' }),
      this.#counters,
      this.#pause,
      button('Clear', () => attempt(() => this.#clear()), {
        title: 'Hide all rows there are now; the capture keeps them',
      }),
      this.#unclear,
      button('Export…', () => attempt(() => this.#exports()), {
        class: 'export',
        'aria-haspopup': 'menu',
      }),
      button('⌘', palette, { title: 'All commands (Ctrl+K)', 'aria-label': 'All commands' }),
      button('◐', () => this.#theme(), { title: 'Dark or light', 'aria-label': 'Dark or light' }),
      button('?', help, { title: 'Keys', 'aria-label': 'Keys' }),
      this.#gone,
    );
    this.addEventListener('pause', () => this.#pauseView());
    status.addEventListener('change', () => this.#alive());
    feed.on('batch', (batch) => this.#count(batch.total));
    rows.addEventListener('change', () => {
      this.#pause.setAttribute('aria-pressed', String(rows.paused));
      this.#pause.textContent = rows.paused ? 'Resume view' : 'Pause view';
    });
    view.on(['start'], () => {
      this.#unclear.hidden = !view.get('start');
    });
    view.on(['connection'], () => this.#title());
    waiting.addEventListener('change', () => this.#title());
    connections.addEventListener('change', () => this.#title());
    this.#unclear.hidden = !view.get('start');
    offer(() => this.#actions());
  }

  #pauseView() {
    rows.pause(!rows.paused);
  }

  #alive() {
    const { alive, everAlive, value } = status;
    this.#live.classList.toggle('off', !alive);
    this.#live.textContent = alive
      ? status.steers
        ? 'live'
        : 'saved'
      : everAlive
        ? 'stopped'
        : 'connecting';
    this.#gone.hidden = alive || !everAlive;
    if (!value) return;
    const others = value.routes.length > 1 ? ` and ${value.routes.length - 1} more` : '';
    this.#route.textContent = value.steers
      ? `${value.proxy} → ${value.upstream}${others}`
      : value.upstream;
    this.#route.disabled = !value.steers;
    this.#pause.hidden = !value.steers;
    this.#count(value);
  }

  /** @param {Batch['total']} total */
  #count(total) {
    const speed = total.rate;
    fill(
      this.#counters,
      el('span', { title: 'Frames since the start' }, el('b', {}, count(total.frames)), ' frames'),
      el(
        'span',
        { class: 'optional', title: 'Bytes since the start' },
        el('b', {}, bytes(total.bytes)),
      ),
      el(
        'span',
        { class: 'optional', title: 'Frames a second, up and down' },
        `↑ ${rate(speed.frames[0])} ↓ ${rate(speed.frames[1])} /s`,
      ),
      el(
        'span',
        { class: 'optional', title: 'Bytes a second, up and down' },
        `↑ ${bytes(Math.round(speed.bytes[0]))} ↓ ${bytes(Math.round(speed.bytes[1]))} /s`,
      ),
    );
  }

  /** The tab of the browser says what is looked at, and that something waits. */
  #title() {
    const held = waiting.held.length;
    const connection = connections.get(view.get('connection'));
    const about = connection ? `#${connection.id} ${connection.target} · ` : '';
    const title = `${held ? `(${held} waiting) ` : ''}${about.slice(0, 60)}wsproxy`;
    if (document.title !== title) document.title = title;
    const icon = document.querySelector('link[rel=icon]');
    const wanted = held ? ICON_WAITING : ICON;
    if (icon && icon.getAttribute('href') !== wanted) icon.setAttribute('href', wanted);
  }

  async #clear() {
    const page = await get('/frames', { limit: 0 });
    selection.clear();
    view.set({ start: page.upto + 1, frame: '' });
  }

  /** @returns {Action[]} */
  get #exportActions() {
    const save = (/** @type {Record<string, string>} */ parameters) =>
      download('/export', parameters);
    return [
      {
        text: 'Selected rows',
        run: () =>
          selection.ids.size
            ? save({ ids: [...selection.ids].join(',') })
            : toast('Select a row first.', true),
      },
      { text: 'What is listed', run: () => save(view.query()) },
      {
        text: 'This connection',
        run: () =>
          view.get('connection')
            ? save({ connection: view.get('connection') })
            : toast('Select a connection first.', true),
      },
      { text: 'Everything', run: () => save({}) },
    ];
  }

  async #exports() {
    const { left, bottom } = /** @type {Element} */ (
      this.querySelector('.export')
    ).getBoundingClientRect();
    /** @type {{ formats: { name: string, title: string, suffix: string }[] }} */
    const { formats } = await get('/export/formats');
    const { connection, filter } = view.query();
    const files = formats.map(({ name, title, suffix }) => ({
      text: `As a file: ${title} (.${suffix})`,
      run: () =>
        download('/export', {
          format: name,
          ...(connection && { connection }),
          ...(filter && { filter }),
        }),
    }));
    menu(left, bottom + 2, [...this.#exportActions, null, ...files]);
  }

  #theme() {
    const root = document.documentElement;
    const theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
    root.dataset.theme = theme;
    setPref('theme', theme);
    dispatchEvent(new Event('theme'));
  }

  /** @returns {Action[]} */
  #actions() {
    return [
      ...(status.steers
        ? [{ text: 'Pause or resume the view', keys: 'p', run: () => this.#pauseView() }]
        : []),
      { text: 'Clear: hide all rows there are now', run: () => attempt(() => this.#clear()) },
      { text: 'Dark or light', run: () => this.#theme() },
      { text: 'Keys', keys: '?', run: help },
      ...(status.steers
        ? [
            {
              text: 'Copy where clients connect',
              run: () => copy(status.value?.proxy ?? '', 'the URL of the proxy'),
            },
          ]
        : []),
      ...this.#exportActions.map(({ text, run }) => ({ text: `Export: ${text}`, run })),
      {
        text: 'All connections',
        run: () => view.set({ connection: '', frame: '' }, { push: true }),
      },
      ...[...connections.byId.values()]
        .slice(-300)
        .reverse()
        .map((connection) => ({
          text: `Connection #${connection.id} ${connection.target} ${stateText(connection)}`,
          run: () => view.set({ connection: connection.id, frame: '' }, { push: true }),
        })),
    ];
  }
}

customElements.define('wsp-header', Header);

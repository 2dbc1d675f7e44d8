// @ts-nocheck -- not typed yet
// Breakpoints: where messages wait, and the two queues of those that do.

import { getBytes, patch, post, remove } from '../api.js';
import { ContentEditor } from '../content-editor.js';
import { differences } from '../diff-view.js';
import { attempt, button, el, fill, select } from '../dom.js';
import { clock, count, fromBase64, label } from '../pure/format.js';
import { view } from '../view.js';
import { waiting } from '../waiting.js';

const SIDES = [
  ['', '⇅ both directions'],
  ['upstream', '↑ up'],
  ['downstream', '↓ down'],
];

class BreakpointPanel extends HTMLElement {
  #waiting = new Map();

  connectedCallback() {
    this.className = 'tool';
    this.filter = el('input', {
      class: 'wide mono',
      placeholder: 'Filter: what to stop; empty stops every message',
      'aria-label': 'Filter of the breakpoint',
      size: 40,
      spellcheck: 'false',
    });
    this.side = select('Direction', SIDES, '');
    this.timeout = el('input', {
      value: '60',
      size: 4,
      inputmode: 'decimal',
      'aria-label': 'Seconds until it lets go',
    });
    this.control = el('input', { type: 'checkbox' });
    this.only = el('input', { type: 'checkbox' });
    this.rows = el('tbody');
    this.table = el(
      'table',
      {},
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ['On', 'Stops', 'Direction', 'Lets go after', 'Hits', ''].map((text) =>
            el('th', { scope: 'col' }, text),
          ),
        ),
      ),
      this.rows,
    );
    this.queues = Object.fromEntries(
      SIDES.slice(1).map(([key, text]) => [key, this.#queue(key, text)]),
    );
    this.append(
      el(
        'form',
        {
          onsubmit: (event) => {
            event.preventDefault();
            this.#add();
          },
        },
        this.filter,
        this.side,
        el('label', {}, 'lets go after ', this.timeout, ' s'),
        el('label', {}, this.control, 'Close, ping and pong too'),
        el('label', {}, this.only, 'only the selected connection'),
        el('button', { class: 'primary' }, 'Add breakpoint'),
      ),
      this.table,
      el(
        'div',
        { class: 'queues' },
        Object.values(this.queues).map((queue) => queue.element),
      ),
    );
    this.update = () => this.#update();
    waiting.addEventListener('change', this.update);
    this.#update();
  }

  disconnectedCallback() {
    waiting.removeEventListener('change', this.update);
  }

  #queue(direction, text) {
    const list = el('div');
    const all = button('Forward all', () => this.#do(() => post('/held/forward', { direction })));
    const title = el('span');
    return {
      list,
      all,
      title,
      text,
      element: el(
        'section',
        { class: 'queue', 'aria-label': `Waiting ${text}` },
        el('h3', {}, title, all),
        list,
      ),
    };
  }

  async #do(action) {
    const state = await attempt(action);
    if (state?.held) waiting.take(state);
    else await waiting.load();
  }

  #add() {
    const connection =
      this.only.checked && view.get('connection') ? Number(view.get('connection')) : null;
    return this.#do(async () => {
      await post('/breakpoints', {
        filter: this.filter.value,
        direction: this.side.value || null,
        control: this.control.checked,
        timeout: Number(this.timeout.value),
        connection,
      });
    });
  }

  #update() {
    this.table.hidden = !waiting.breakpoints.length;
    this.rows.replaceChildren(
      ...waiting.breakpoints.map((each) =>
        el(
          'tr',
          {},
          el(
            'td',
            {},
            el('input', {
              type: 'checkbox',
              checked: each.enabled,
              'aria-label': 'On',
              onchange: (event) =>
                this.#do(() => patch(`/breakpoints/${each.id}`, { enabled: event.target.checked })),
            }),
          ),
          el(
            'td',
            {},
            each.filter ? el('code', {}, each.filter) : 'every message',
            el(
              'div',
              { class: 'dim' },
              each.filter ? each.explanation : '',
              each.control ? ' Close, ping and pong too' : '',
              each.connection ? ` on connection #${each.connection}` : '',
            ),
          ),
          el('td', {}, SIDES.find(([key]) => key === (each.direction ?? ''))[1]),
          el('td', {}, `${each.timeout} s`),
          el('td', {}, count(each.hits)),
          el(
            'td',
            {},
            button('Remove', () => this.#do(() => remove(`/breakpoints/${each.id}`))),
          ),
        ),
      ),
    );
    const held = new Map(waiting.held.map((each) => [each.id, each]));
    for (const [id, box] of this.#waiting) {
      if (!held.has(id)) {
        box.remove();
        this.#waiting.delete(id);
      }
    }
    for (const [id, each] of held) {
      if (!this.#waiting.has(id)) {
        const box = this.#held(each); // made once: what is being edited stays
        this.#waiting.set(id, box);
        this.queues[each.direction].list.append(box);
      }
    }
    for (const queue of Object.values(this.queues)) {
      const waiting = queue.list.childElementCount;
      queue.title.textContent = `${queue.text}: ${waiting} waiting`;
      queue.all.disabled = !waiting;
    }
  }

  #held(each) {
    const data = fromBase64(each.base64);
    const editor = new ContentEditor('Content to forward', data);
    const lock = (locked) => {
      editor.area.disabled = editor.format.disabled = locked;
    };
    lock(data.length < each.content_length || !each.readable);
    const load = button(
      'Load all of it to edit it',
      () =>
        attempt(async () => {
          editor.set(await getBytes(`/held/${each.id}/content`));
          lock(!each.readable);
          load.remove();
        }),
      { hidden: data.length === each.content_length },
    );
    const changes = el('div', { class: 'changes-held' });
    const show = () => {
      try {
        fill(changes, editor.changed && differences(data, editor.data, ['Came', 'Goes on']));
      } catch (error) {
        fill(changes, el('span', { class: 'bad' }, error.message));
      }
    };
    editor.area.addEventListener('input', show);
    const forward = () =>
      this.#do(() => post(`/held/${each.id}/forward`, editor.changed ? editor.body : {}));
    return el(
      'article',
      { class: 'held', 'data-held': each.id },
      el(
        'div',
        { class: 'row' },
        el('b', {}, label(each.opcode)),
        `connection #${each.connection}, ${count(each.content_length)} bytes`,
        el('span', { class: 'dim' }, `since ${clock(each.time)}, lets go at ${clock(each.until)}`),
      ),
      load,
      editor.area,
      changes,
      el(
        'div',
        { class: 'row' },
        editor.format,
        button('Forward', forward, { class: 'primary' }),
        button('Drop', () => this.#do(() => post(`/held/${each.id}/drop`)), { class: 'danger' }),
      ),
    );
  }
}

customElements.define('wsp-breakpoints', BreakpointPanel);

// Breakpoints: where messages wait, and the two queues of those that do.

import { patch, post, remove } from '../api.js';
import { attempt, button, el, fill, select } from '../dom.js';
import { count } from '../pure/format.js';
import { view } from '../view.js';
import { waiting } from '../waiting.js';
import { editRule } from './edit-rule.js';
import { heldMessage } from './held-message.js';

/** @import { Breakpoint, Direction } from '../types' */
/** @typedef {{list: HTMLElement, all: HTMLButtonElement, title: HTMLElement, text: string, element: HTMLElement}} Queue */

const BEHIND_MS = 1000; // how often what waits behind is looked at

/** @type {[string, string][]} */
const SIDES = [
  ['', '⇅ both directions'],
  ['upstream', '↑ up'],
  ['downstream', '↓ down'],
];
/** @type {[string, string][]} */
const AT_TIMEOUT = [
  ['forward', 'sends it on'],
  ['drop', 'drops it'],
];

class BreakpointPanel extends HTMLElement {
  /** @type {Map<number, ReturnType<typeof heldMessage>>} */
  #held = new Map();
  #filter = el('input', {
    class: 'wide mono',
    placeholder: 'Filter: what to stop; empty stops every message',
    'aria-label': 'Filter of the breakpoint',
    size: 40,
    spellcheck: 'false',
  });
  #side = select('Direction', SIDES, '');
  #timeout = el('input', {
    value: '60',
    size: 4,
    inputmode: 'decimal',
    'aria-label': 'Seconds until it lets go',
  });
  #late = select('What becomes of it then', AT_TIMEOUT, 'forward');
  #control = el('input', { type: 'checkbox' });
  #only = el('input', { type: 'checkbox' });
  #rows = el('tbody');
  #table = this.#headed();
  /** @type {Record<Direction, Queue>} */
  #queues = {
    upstream: this.#queue('upstream', '↑ up'),
    downstream: this.#queue('downstream', '↓ down'),
  };
  #update = () => this.#draw();
  #timer = 0;

  connectedCallback() {
    this.className = 'tool';
    this.append(
      el(
        'form',
        {
          onsubmit: (event) => {
            event.preventDefault();
            this.#add();
          },
        },
        this.#filter,
        this.#side,
        el('label', {}, 'after ', this.#timeout, ' s'),
        this.#late,
        el('label', {}, this.#control, 'Close, ping and pong too'),
        el('label', {}, this.#only, 'only the selected connection'),
        el('button', { class: 'primary' }, 'Add breakpoint'),
      ),
      editRule(),
      this.#table,
      el(
        'div',
        { class: 'queues' },
        Object.values(this.#queues).map((queue) => queue.element),
      ),
    );
    waiting.addEventListener('change', this.#update);
    this.#timer = window.setInterval(() => {
      if (this.#held.size) waiting.load().catch(() => {}); // the header says what is wrong
    }, BEHIND_MS);
    this.#draw();
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
    waiting.removeEventListener('change', this.#update);
  }

  #headed() {
    const head = ['On', 'Stops', 'Direction', 'After', 'Hits', ''];
    return el(
      'table',
      {},
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          head.map((text) => el('th', { scope: 'col' }, text)),
        ),
      ),
      this.#rows,
    );
  }

  /** @param {Direction} direction @param {string} text @returns {Queue} */
  #queue(direction, text) {
    const list = el('div');
    const all = button('Forward all', () => this.#do(() => post('/held/forward', { direction })));
    const title = el('span');
    const element = el(
      'section',
      { class: 'queue', 'aria-label': `Waiting ${text}` },
      el('h3', {}, title, all),
      list,
    );
    return { list, all, title, text, element };
  }

  /** @param {() => Promise<any>} action */
  async #do(action) {
    const state = await attempt(action);
    if (state?.held) waiting.take(state);
    else await attempt(() => waiting.load());
  }

  #add() {
    const connection =
      this.#only.checked && view.get('connection') ? Number(view.get('connection')) : null;
    return this.#do(async () => {
      await post('/breakpoints', {
        filter: this.#filter.value,
        direction: this.#side.value || null,
        control: this.#control.checked,
        timeout: Number(this.#timeout.value),
        at_timeout: this.#late.value,
        connection,
      });
    });
  }

  #draw() {
    this.#table.hidden = !waiting.breakpoints.length;
    this.classList.toggle('some-wait', waiting.held.length > 0);
    fill(
      this.#rows,
      waiting.breakpoints.map((each) => this.#row(each)),
    );
    const now = new Map(waiting.held.map((each) => [each.id, each]));
    for (const [id, box] of this.#held) {
      if (now.has(id)) continue;
      box.element.remove();
      this.#held.delete(id);
    }
    for (const [id, each] of now) {
      const known = this.#held.get(id);
      if (known) {
        known.update(each);
        continue;
      }
      const breakpoint = waiting.breakpoints.find((one) => one.id === each.breakpoint);
      const box = heldMessage(each, breakpoint, (action) => this.#do(action)); // once: edits stay
      this.#held.set(id, box);
      this.#queues[each.direction].list.append(box.element);
    }
    for (const queue of Object.values(this.#queues)) {
      const number = queue.list.childElementCount;
      queue.title.textContent = `${queue.text}: ${number} waiting`;
      queue.all.disabled = !number;
    }
  }

  /** @param {Breakpoint} each */
  #row(each) {
    const on = el('input', {
      type: 'checkbox',
      checked: each.enabled,
      'aria-label': `Breakpoint ${each.id} on`,
      onchange: () => this.#do(() => patch(`/breakpoints/${each.id}`, { enabled: on.checked })),
    });
    return el(
      'tr',
      {},
      el('td', {}, on),
      el(
        'td',
        {},
        each.filter ? el('code', { class: 'untrusted' }, each.filter) : 'every message',
        el(
          'div',
          { class: 'dim' },
          each.filter ? each.explanation : '',
          each.control ? ' Close, ping and pong too' : '',
          each.connection ? ` on connection #${each.connection}` : '',
        ),
      ),
      el('td', {}, SIDES.find(([key]) => key === (each.direction ?? ''))?.[1]),
      el('td', {}, `${each.timeout} s ${AT_TIMEOUT.find(([key]) => key === each.at_timeout)?.[1]}`),
      el('td', {}, count(each.hits)),
      el(
        'td',
        {},
        button('Remove', () => this.#do(() => remove(`/breakpoints/${each.id}`))),
      ),
    );
  }
}

customElements.define('wsp-breakpoints', BreakpointPanel);

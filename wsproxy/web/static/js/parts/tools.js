// The drawer below: one tool at a time, or none.

import { el, fill, tabs } from '../dom.js';
import { offer } from '../palette.js';
import { status } from '../status.js';
import { view } from '../view.js';
import { waiting } from '../waiting.js';
import './timeline.js';
import './composer.js';
import './breakpoints.js';
import './faults.js';
import './compare.js';
import './conversation.js';
import './statistics.js';
import './http.js';
import './notes-panel.js';
import './instances-panel.js';

/** @type {[string, string][]} */
const TOOLS = [
  ['timeline', 'Timeline'],
  ['conversation', 'Conversation'],
  ['statistics', 'Statistics'],
  ['http', 'HTTP'],
  ['send', 'Send'],
  ['breakpoints', 'Breakpoints'],
  ['faults', 'Faults'],
  ['compare', 'Compare'],
  ['notes', 'Notes'],
  ['instances', 'Instances'],
];
/** Those that act on live connections: a saved capture has none. */
const STEERING = ['send', 'breakpoints', 'faults'];
const PANEL = 'tools-panel';

class Tools extends HTMLElement {
  #head = el('div');
  #panel = el('div', { class: 'panel', role: 'tabpanel', id: PANEL, tabindex: 0, hidden: true });

  connectedCallback() {
    this.append(this.#head, this.#panel);
    view.on(['tool'], () => {
      this.#draw();
      if (!this.#panel.hidden) this.scrollIntoView({ block: 'nearest' });
    });
    waiting.addEventListener('change', () => this.#tabs());
    status.addEventListener('change', () => this.#draw());
    offer(() =>
      this.#tools.map(([tool, text]) => ({
        text: `Open ${text}`,
        run: () => view.set({ tool, pane: 'tools' }),
      })),
    );
    this.#draw();
  }

  get #tools() {
    return TOOLS.filter(
      ([tool]) =>
        (status.steers || !STEERING.includes(tool)) &&
        (status.value?.fleet || tool !== 'instances'),
    );
  }

  #tabs(focus = this.#head.contains(document.activeElement)) {
    const held = waiting.held.length;
    const tool = view.get('tool');
    const badge = held > 0 && el('span', { class: 'badge', 'aria-label': `${held} waiting` }, held);
    const list = tabs(
      'Tools',
      this.#tools.map(([key, text]) => [key, text, key === 'breakpoints' && badge]),
      tool,
      PANEL,
      (key, keep) => view.set({ tool: key === view.get('tool') && !keep ? '' : key }),
    );
    fill(this.#head, list);
    if (focus)
      /** @type {HTMLElement | null} */ (
        list.querySelector('[aria-selected=true]') ?? list.firstElementChild
      )?.focus();
  }

  #draw() {
    const tool = view.get('tool');
    this.#tabs();
    const known = this.#tools.some(([key]) => key === tool);
    this.#panel.hidden = !known;
    this.#panel.setAttribute('aria-label', tool || 'no tool');
    document.documentElement.classList.toggle('tool-open', known);
    if (this.#panel.firstElementChild?.localName !== `wsp-${known ? tool : ''}`)
      fill(this.#panel, known && el(`wsp-${tool}`));
  }
}

customElements.define('wsp-tools', Tools);

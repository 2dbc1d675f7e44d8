// The drawer below: one tool at a time, or none.

import { el, tabs } from '../dom.js';
import { breakpoints } from '../breakpoints.js';
import { view } from '../view.js';
import './timeline.js';
import './composer.js';
import './breakpoints.js';
import './faults.js';

const TOOLS = [['timeline', 'Timeline'], ['send', 'Send'], ['breakpoints', 'Breakpoints'], ['faults', 'Faults']];

class Tools extends HTMLElement {
  connectedCallback() {
    this.head = el('div');
    this.panel = el('div', { class: 'panel', role: 'tabpanel', hidden: true });
    this.append(this.head, this.panel);
    view.on(['tool'], () => this.#draw());
    breakpoints.addEventListener('change', () => this.#tabs());
    this.#draw();
  }

  #tabs(focus = this.head.contains(document.activeElement)) {
    const held = breakpoints.held.length;
    const tool = view.get('tool');
    const badge = held ? el('span', { class: 'badge', 'aria-label': `${held} waiting` }, String(held)) : null;
    const list = tabs('Tools', TOOLS.map(([key, text]) => [key, text, key === 'breakpoints' ? badge : null]), tool,
      (key, keep) => view.set({ tool: key === tool && !keep ? '' : key }));
    this.head.replaceChildren(list);
    if (focus) (list.querySelector('[aria-selected=true]') ?? list.firstElementChild).focus();
  }

  #draw() {
    const tool = view.get('tool');
    this.#tabs();
    this.panel.hidden = !TOOLS.some(([key]) => key === tool);
    this.panel.setAttribute('aria-label', tool);
    this.panel.replaceChildren(...(this.panel.hidden ? [] : [el(`wsp-${tool}`)]));
  }
}

customElements.define('wsp-tools', Tools);

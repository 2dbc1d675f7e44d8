// Faults: those in force, live; a gallery to add one; a scenario.

import { get, patch, post, remove } from '../api.js';
import { attempt, button, el, fill, messageOf } from '../dom.js';
import { confirmed } from '../menu.js';
import { count } from '../pure/format.js';
import { CONDITIONS, conditionValue, FaultForm, plainValue } from './fault-form.js';
import { faultPicture } from './fault-pictures.js';
import { ScenarioEditor } from './scenario-editor.js';

/** @import { Fault, FaultType } from '../types' */
/** @typedef {{element: HTMLElement, strikes: HTMLElement, spec: string}} Drawn */

const REFRESH_MS = 1000;

/** @type {[string, string][]} */
const VIEWS = [
  ['force', 'In force'],
  ['add', 'Add a fault'],
  ['scenario', 'Scenario'],
];

/** @param {unknown} current */
const shownValue = (current) =>
  current !== null && typeof current === 'object' ? JSON.stringify(current) : current;

class FaultPanel extends HTMLElement {
  /** @type {Map<string, Drawn>} */
  #rows = new Map();
  #body = el('tbody');
  #none = el('p', { class: 'dim', hidden: true }, 'No faults: all passes as it is.');
  #timer = 0;
  #views = VIEWS.map(([key, text]) => button(text, () => this.#show(key), { 'data-view': key }));
  #force = el('div', {}, this.#none, this.#table());
  #add = el('div', { hidden: true });
  #scenario = el('div', { hidden: true });

  async connectedCallback() {
    this.className = 'tool';
    /** @type {FaultType[]} */
    let types;
    try {
      types = (await get('/faults/types')).types;
    } catch (error) {
      fill(this, el('div', { class: 'empty' }, messageOf(error)));
      return;
    }
    const done = async () => {
      await this.#refresh();
      this.#show('force');
    };
    this.#add.append(new FaultForm(types, done).element);
    this.#scenario.append(new ScenarioEditor(done).element);
    this.append(
      el(
        'div',
        { class: 'row' },
        el('span', { class: 'segments', role: 'group', 'aria-label': 'Faults' }, this.#views),
        el('span', { class: 'grow' }),
        button('Remove all', () => this.#removeAll(), { class: 'danger' }),
      ),
      this.#force,
      this.#add,
      this.#scenario,
    );
    await this.#refresh();
    this.#show(this.#rows.size ? 'force' : 'add');
    if (this.isConnected) this.#timer = window.setInterval(() => this.#refresh(), REFRESH_MS);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  /** @param {string} view */
  #show(view) {
    for (const each of this.#views)
      each.setAttribute('aria-pressed', String(each.dataset.view === view));
    this.#force.hidden = view !== 'force';
    this.#add.hidden = view !== 'add';
    this.#scenario.hidden = view !== 'scenario';
  }

  #table() {
    const head = ['On', 'Name', 'Type', 'Direction', 'Attributes', 'Conditions', 'Struck', ''];
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
      this.#body,
    );
  }

  async #removeAll() {
    if (await confirmed('All faults will be removed, for good.', 'Remove all faults'))
      await this.#do(() => post('/faults/reset'));
  }

  /** @param {() => Promise<unknown>} action */
  async #do(action) {
    await attempt(action);
    await this.#refresh();
  }

  async #refresh() {
    /** @type {Fault[] | null} */
    const faults = await get('/faults').then(
      (answer) => answer.faults,
      () => null, // the header says that wsproxy does not answer; what was last known stays
    );
    if (!faults) return;
    const there = new Set(faults.map(({ name }) => name));
    for (const fault of faults) {
      let row = this.#rows.get(fault.name);
      const spec = JSON.stringify({ ...fault, strikes: 0 });
      if (!row || row.spec !== spec) {
        // a row that is being edited stays until its fault changes
        const fresh = this.#row(fault, spec);
        if (row) row.element.replaceWith(fresh.element);
        else this.#body.append(fresh.element);
        row = fresh;
        this.#rows.set(fault.name, row);
      }
      const strikes = count(fault.strikes);
      if (row.strikes.textContent !== strikes) {
        row.strikes.classList.remove('struck');
        if (row.strikes.textContent)
          requestAnimationFrame(() => row?.strikes.classList.add('struck'));
        row.strikes.textContent = strikes;
      }
    }
    for (const [name, row] of this.#rows) {
      if (there.has(name)) continue;
      row.element.remove();
      this.#rows.delete(name);
    }
    this.#none.hidden = faults.length > 0;
    const [force] = this.#views;
    if (force) force.textContent = faults.length ? `In force (${faults.length})` : 'In force';
  }

  /** @param {Fault} fault @param {string} spec @returns {Drawn} */
  #row(fault, spec) {
    const path = `/faults/${encodeURIComponent(fault.name)}`;
    const change = (/** @type {Record<string, unknown>} */ changes) =>
      this.#do(() => patch(path, changes));
    /** @type {(label: string, current: unknown, keep: (text: string) => void) => HTMLElement} */
    const field = (label, current, keep) => {
      const input = el('input', {
        size: 8,
        value: shownValue(current) ?? '',
        'aria-label': `${label} of ${fault.name}`,
        onchange: () => keep(input.value),
      });
      return el('label', {}, label, input);
    };
    const on = el('input', {
      type: 'checkbox',
      checked: fault.enabled !== false,
      'aria-label': `${fault.name} on`,
      onchange: () => change({ enabled: on.checked }),
    });
    const strikes = el('td', { class: 'number' });
    const values = /** @type {Record<string, unknown>} */ (fault);
    const element = el(
      'tr',
      { 'data-fault': fault.name, class: fault.enabled === false ? 'off' : '' },
      el('td', {}, on),
      el('td', { class: 'untrusted' }, fault.name),
      el('td', {}, el('span', { class: 'row' }, faultPicture(fault.type), fault.type)),
      el('td', {}, { upstream: '↑ up', downstream: '↓ down', both: '⇅ both' }[fault.direction]),
      el(
        'td',
        {},
        el(
          'span',
          { class: 'row' },
          Object.entries(fault.attributes).map(([name, current]) =>
            field(name, current, (text) => change({ attributes: { [name]: plainValue(text) } })),
          ),
        ),
      ),
      el(
        'td',
        {},
        el(
          'span',
          { class: 'row' },
          CONDITIONS.map(([name, label]) =>
            field(label, values[name], (text) => change({ [name]: conditionValue(name, text) })),
          ),
        ),
      ),
      strikes,
      el(
        'td',
        {},
        button('Remove', () => this.#do(() => remove(path))),
      ),
    );
    return { element, strikes, spec };
  }
}

customElements.define('wsp-faults', FaultPanel);

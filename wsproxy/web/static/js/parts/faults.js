// @ts-nocheck -- not typed yet
// Faults: switch on, change, off; how often each struck; scenario files.

import { get, patch, post, remove } from '../api.js';
import { attempt, button, el, select } from '../dom.js';
import { confirmed } from '../menu.js';
import { count } from '../pure/format.js';

const DIRECTIONS = [
  ['downstream', '↓ down'],
  ['upstream', '↑ up'],
  ['both', '⇅ both'],
];
const REFRESH_MS = 1500;

/** What a fault waits for, as it is edited: [field, what it is called]. */
const CONDITIONS = [
  ['match', 'match'],
  ['toxicity', 'share'],
  ['probability', 'probability'],
  ['every', 'every'],
  ['first', 'first'],
  ['nth', 'nth'],
  ['after', 'after'],
  ['for', 'for'],
];

const shownValue = (current) =>
  current !== null && typeof current === 'object' ? JSON.stringify(current) : current;

class FaultPanel extends HTMLElement {
  #types = [];
  #rows = new Map();

  async connectedCallback() {
    this.className = 'tool';
    try {
      this.#types = (await get('/faults/types')).types;
    } catch (error) {
      this.append(el('div', { class: 'empty' }, error.message));
      return;
    }
    this.type = select(
      'Type of fault',
      this.#types.map((each) => [each.type, each.type]),
      this.#types[0]?.type,
      () => this.#choose(),
    );
    this.direction = select('Direction', DIRECTIONS, 'downstream');
    this.name = el('input', { placeholder: 'name (optional)', 'aria-label': 'Name', size: 14 });
    this.match = el('input', {
      class: 'mono',
      placeholder: 'match (a filter)',
      'aria-label': 'Match',
      size: 20,
    });
    this.toxicity = el('input', {
      value: '1',
      size: 4,
      'aria-label': 'Toxicity: the share of connections',
      title: 'The share of connections it is on',
    });
    this.probability = el('input', {
      size: 4,
      placeholder: '1',
      'aria-label': 'Probability: the share of messages',
    });
    this.after = el('input', {
      size: 4,
      placeholder: '0s',
      'aria-label': 'After: how long after the connection opened',
    });
    this.inputs = el('span', { class: 'row' });
    this.about = el('div', { class: 'dim' });
    this.body = el('tbody');
    const file = el('input', {
      type: 'file',
      accept: '.yaml,.yml,.json',
      class: 'visually-hidden',
      tabindex: -1,
      'aria-label': 'Scenario file',
      onchange: () => this.#scenario(file),
    });
    this.append(
      el(
        'form',
        {
          onsubmit: (event) => {
            event.preventDefault();
            this.#add();
          },
        },
        this.type,
        this.direction,
        this.inputs,
        this.match,
        el('label', {}, 'share', this.toxicity),
        el('label', {}, 'probability', this.probability),
        el('label', {}, 'after', this.after),
        this.name,
        el('button', { class: 'primary' }, 'Add fault'),
        button('Load scenario…', () => file.click()),
        file,
        button('Remove all', () => this.#removeAll(), { class: 'danger' }),
      ),
      this.about,
      el(
        'table',
        {},
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            ['On', 'Name', 'Type', 'Direction', 'Attributes', 'Conditions', 'Struck', ''].map(
              (text) => el('th', { scope: 'col' }, text),
            ),
          ),
        ),
        this.body,
      ),
    );
    this.#choose();
    await this.#refresh();
    this.timer = setInterval(() => this.#refresh(), REFRESH_MS);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  #choose() {
    const type = this.#types.find((each) => each.type === this.type.value);
    this.about.textContent = type ? `${type.summary} ${type.effect ?? ''}` : '';
    this.inputs.replaceChildren(
      ...(type?.attributes ?? []).map((each) =>
        el(
          'label',
          { title: `${each.doc} (${each.unit})` },
          each.name,
          el('input', {
            'data-attribute': each.name,
            size: 8,
            value: each.default ?? '',
            placeholder: each.required ? 'needed' : '',
            required: each.required,
          }),
        ),
      ),
    );
  }

  async #add() {
    const attributes = {};
    for (const input of this.inputs.querySelectorAll('input')) {
      if (input.value !== '') attributes[input.dataset.attribute] = value(input.value);
    }
    const spec = {
      type: this.type.value,
      direction: this.direction.value,
      toxicity: Number(this.toxicity.value),
      attributes,
    };
    if (this.name.value) spec.name = this.name.value;
    if (this.match.value) spec.match = this.match.value;
    if (this.probability.value) spec.probability = value(this.probability.value);
    if (this.after.value) spec.after = this.after.value;
    const always =
      !spec.match && spec.probability === undefined && spec.toxicity === 1 && !spec.after;
    if (spec.type === 'drop' && always) {
      const all = spec.direction === 'both' ? 'Every message' : `Every message ${spec.direction}`;
      if (
        !(await confirmed(`${all} will be dropped: this fault has no condition.`, 'Drop them all'))
      )
        return;
    }
    await this.#do(() => post('/faults', spec));
  }

  async #removeAll() {
    if (await confirmed('All faults will be removed, for good.', 'Remove all faults'))
      await this.#do(() => post('/faults/reset'));
  }

  async #scenario(file) {
    const text = await file.files[0].text();
    file.value = '';
    await this.#do(() => post('/faults/scenario', { text }), 'Scenario loaded');
  }

  async #do(action, done) {
    await attempt(action, done);
    await this.#refresh();
  }

  async #refresh() {
    const { faults } = await get('/faults').catch(() => ({ faults: [] }));
    const there = new Set();
    for (const fault of faults) {
      there.add(fault.name);
      let row = this.#rows.get(fault.name);
      const spec = JSON.stringify({ ...fault, strikes: 0 });
      if (!row || row.spec !== spec) {
        // a row that is being edited stays until its fault changes
        const fresh = this.#row(fault, spec);
        if (row) row.element.replaceWith(fresh.element);
        else this.body.append(fresh.element);
        row = fresh;
        this.#rows.set(fault.name, row);
      }
      row.strikes.textContent = count(fault.strikes ?? 0);
    }
    for (const [name, row] of this.#rows) {
      if (there.has(name)) continue;
      row.element.remove();
      this.#rows.delete(name);
    }
  }

  #row(fault, spec) {
    const path = `/faults/${encodeURIComponent(fault.name)}`;
    const change = (changes) => this.#do(() => patch(path, changes));
    const strikes = el('td');
    const field = (name, label, current, onchange) =>
      el(
        'label',
        {},
        name,
        el('input', {
          size: 8,
          value: current ?? '',
          'aria-label': `${label} of ${fault.name}`,
          onchange,
        }),
      );
    const element = el(
      'tr',
      { 'data-fault': fault.name },
      el(
        'td',
        {},
        el('input', {
          type: 'checkbox',
          checked: fault.enabled !== false,
          'aria-label': `${fault.name} on`,
          onchange: (event) => change({ enabled: event.target.checked }),
        }),
      ),
      el('td', {}, fault.name),
      el('td', {}, fault.type),
      el('td', {}, fault.direction ?? ''),
      el(
        'td',
        {},
        el(
          'span',
          { class: 'row' },
          Object.entries(fault.attributes ?? {}).map(([name, current]) =>
            field(
              name,
              name,
              typeof current === 'object' && current ? JSON.stringify(current) : current,
              (event) => change({ attributes: { [name]: value(event.target.value) } }),
            ),
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
            field(label, label, shownValue(fault[name]), (event) =>
              change({
                [name]: name === 'match' ? event.target.value || null : value(event.target.value),
              }),
            ),
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

/** Numbers and words of JSON as such, all else as text: `200ms`. */
function value(text) {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

customElements.define('wsp-faults', FaultPanel);

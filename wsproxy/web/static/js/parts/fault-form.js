// The gallery of faults, and the form that adds one: all fields, what it means, what it would match.

import { get, post } from '../api.js';
import { attempt, button, el, fill, messageOf, select } from '../dom.js';
import { Latest } from '../latest.js';
import { confirmed } from '../menu.js';
import { count, counted } from '../pure/format.js';
import { faultPicture } from './fault-pictures.js';

/** @import { FaultType, Page } from '../types' */

const WAIT_MS = 250;
const LOOKS = 100; // a tenth of a second of searching each

/** @type {[string, string][]} */
const DIRECTIONS = [
  ['downstream', '↓ down'],
  ['upstream', '↑ up'],
  ['both', '⇅ both'],
];

/** Fields that every fault has: [field, label, placeholder, title]. @type {[string, string, string, string][]} */
export const CONDITIONS = [
  ['match', 'match', 'every message', 'A filter that a message has to pass'],
  ['toxicity', 'share', '1', 'The share of connections that it is on: 0.5 or 50%'],
  ['probability', 'probability', '1', 'The chance for each message that it passes this far'],
  ['every', 'every', '', 'Only every n-th message'],
  ['first', 'first', '', 'Only the first n messages'],
  ['nth', 'nth', '', 'Only the n-th message'],
  ['after', 'after', '0s', 'Not before this long after the connection opened'],
  ['for', 'for', '', 'Not longer than this, from then on'],
];

/** Numbers and words of JSON as such, all else as text: `200ms`. @param {string} text */
export function plainValue(text) {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @param {string} name @param {string} text */
export const conditionValue = (name, text) => (name === 'match' ? text || null : plainValue(text));

export class FaultForm {
  #types;
  #added;
  #type;
  #direction = select('Direction', DIRECTIONS, 'downstream', () => this.#changed());
  #name = el('input', { placeholder: 'name (optional)', 'aria-label': 'Name', size: 14 });
  #attributes = el('span', { class: 'row' });
  /** @type {Map<string, HTMLInputElement>} */
  #conditions;
  #about = el('div', { class: 'about-fault' });
  #meaning = el('div', { class: 'meaning-fault', role: 'status' });
  #matches = el('span', { class: 'dim', role: 'status' });
  #cards = el('div', { class: 'gallery', role: 'group', 'aria-label': 'Types of faults' });
  #latest = new Latest();
  #counting = new Latest();
  #timer = 0;

  /** @param {FaultType[]} types @param {() => void} added called when there is another fault */
  constructor(types, added) {
    this.#types = types;
    this.#added = added;
    this.#type = select(
      'Type of fault',
      types.map(({ type }) => [type, type]),
      types[0]?.type ?? '',
      () => this.#choose(),
    );
    this.#conditions = new Map(
      CONDITIONS.map(([name, label, placeholder, title]) => [
        name,
        el('input', {
          class: name === 'match' ? 'mono' : '',
          size: name === 'match' ? 22 : 5,
          placeholder,
          title,
          'aria-label': label === 'match' ? 'Match' : label,
          oninput: () => this.#changed(),
        }),
      ]),
    );
    this.#cards.append(...types.map((each) => this.#card(each)));
    this.element = el(
      'div',
      { class: 'fault-add' },
      this.#cards,
      el(
        'form',
        {
          onsubmit: (event) => {
            event.preventDefault();
            this.#add();
          },
        },
        this.#type,
        this.#direction,
        this.#name,
        this.#about,
        this.#attributes,
        [...this.#conditions].map(([name, input]) =>
          el(
            'label',
            { title: input.title },
            CONDITIONS.find(([each]) => each === name)?.[1],
            input,
          ),
        ),
        el('button', { class: 'primary' }, 'Add fault'),
        button('What would this match now?', () => attempt(() => this.#count())),
        this.#matches,
        this.#meaning,
      ),
    );
    this.#choose();
  }

  /** @param {FaultType} fault */
  #card({ type, summary }) {
    return button(
      [faultPicture(type), el('b', {}, type), ' ', el('span', { class: 'dim' }, summary)],
      () => {
        this.#type.value = type;
        this.#choose();
      },
      { class: 'card', 'data-type': type },
    );
  }

  #choose() {
    const type = this.#types.find((each) => each.type === this.#type.value);
    for (const card of this.#cards.children)
      card.setAttribute(
        'aria-pressed',
        String(/** @type {HTMLElement} */ (card).dataset.type === type?.type),
      );
    fill(
      this.#about,
      type && [
        withCode(`${type.summary} ${type.effect}`),
        el('span', { class: 'dim' }, withCode(` Strikes ${type.strikes}.`)),
      ],
    );
    fill(
      this.#attributes,
      (type?.attributes ?? []).map((each) =>
        el(
          'label',
          { title: `${each.doc} (${each.unit})` },
          each.name,
          el('input', {
            'data-attribute': each.name,
            size: each.required ? Math.min(30, each.unit.length + 8) : 8,
            value: each.default ?? '',
            placeholder: each.required ? `needed: ${each.unit}` : '',
            required: each.required,
            oninput: () => this.#changed(),
          }),
        ),
      ),
    );
    this.#changed();
  }

  get #spec() {
    /** @type {Record<string, unknown>} */
    const attributes = {};
    for (const input of this.#attributes.querySelectorAll('input')) {
      if (input.value !== '') attributes[input.dataset.attribute ?? ''] = plainValue(input.value);
    }
    /** @type {Record<string, unknown>} */
    const spec = { type: this.#type.value, direction: this.#direction.value, attributes };
    if (this.#name.value) spec.name = this.#name.value;
    for (const [name, input] of this.#conditions)
      if (input.value) spec[name] = conditionValue(name, input.value);
    return spec;
  }

  /** Say what the fault would do, or what is wrong with it. */
  #changed() {
    this.#matches.textContent = '';
    this.#counting.begin();
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(async () => {
      const signal = this.#latest.begin();
      const missing = [...this.#attributes.querySelectorAll('input')].some(
        (input) => input.required && !input.value,
      );
      let [text, wrong] = ['', false];
      try {
        if (!missing) text = (await post('/faults/check', this.#spec)).explanations.join('\n');
      } catch (error) {
        [text, wrong] = [messageOf(error), true];
      }
      if (signal.aborted) return;
      this.#meaning.textContent = text;
      this.#meaning.classList.toggle('bad', wrong);
    }, WAIT_MS);
  }

  async #add() {
    const spec = this.#spec;
    if (spec.type === 'drop' && Object.keys(spec).every((key) => !this.#conditions.has(key))) {
      const all = spec.direction === 'both' ? 'Every message' : `Every message ${spec.direction}`;
      const question = `${all} will be dropped: this fault has no condition.`;
      if (!(await confirmed(question, 'Drop them all'))) return;
    }
    const fault = await attempt(() => post('/faults', spec));
    if (fault) this.#added();
  }

  /** Count what is in the capture and would have been struck, by filter and direction. */
  async #count() {
    const signal = this.#counting.begin();
    this.#matches.textContent = 'counting…';
    const direction = { upstream: '~up', downstream: '~down' }[this.#direction.value];
    const match = this.#conditions.get('match')?.value.trim();
    const control = /~(ping|pong|close|control|opcode|code)\b/.test(match ?? '') ? '1' : '0';
    const filter = [direction, match && `(${match})`].filter(Boolean).join(' & ');
    const query = { fragments: 0, control, limit: 0 };
    try {
      const [found, all] = await Promise.all(
        [filter, ''].map((each) => total({ ...query, filter: each }, signal)),
      );
      this.#matches.textContent = `${count(found ?? 0)} of ${counted(all ?? 0, 'message')} in this capture`;
    } catch (error) {
      if (signal.aborted) return;
      this.#matches.textContent = messageOf(error);
    }
  }
}

/** Words between backticks as code. @param {string} text */
const withCode = (text) =>
  text.split('`').map((part, place) => (place % 2 ? el('code', {}, part) : part));

/**
 * How many rows a query has, once all was looked at.
 * @param {import('../api.js').Parameters} query
 * @param {AbortSignal} signal
 */
async function total(query, signal) {
  /** @type {Page | undefined} */
  let page;
  for (let look = 0; look < LOOKS && !page?.complete; look += 1)
    page = await get('/frames', query, signal);
  return page?.total ?? 0;
}

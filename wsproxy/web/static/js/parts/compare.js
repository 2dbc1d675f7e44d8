// Two connections compared, or an earlier capture with this one, as `wsproxy diff` does.

import { post, postFile } from '../api.js';
import { connections } from '../connections.js';
import { button, el, fill, messageOf } from '../dom.js';
import { goTo } from '../facts.js';
import { Latest } from '../latest.js';
import { arrow, count, counted, duration } from '../pure/format.js';
import { view } from '../view.js';

/** @import { Child, Comparison } from '../types' */
/** @typedef {Comparison['differences'][number]} Difference */

const MOST = 500; // differences that are shown

export class Compare extends HTMLElement {
  #latest = new Latest();
  #before = this.#number('Before: number of a connection', 'before');
  #after = this.#number('After: number of a connection', 'after');
  #about = el('div', { role: 'status' });
  #body = el('div');
  #end = () => {};

  connectedCallback() {
    this.className = 'tool';
    const file = el('input', {
      type: 'file',
      class: 'visually-hidden',
      tabindex: -1,
      'aria-label': 'Capture to compare with',
      onchange: () => {
        const [chosen] = file.files ?? [];
        if (chosen) this.withFile(chosen);
        file.value = '';
      },
    });
    this.append(
      el(
        'form',
        {
          onsubmit: (event) => {
            event.preventDefault();
            view.set({ before: this.#before.value, after: this.#after.value });
            this.#run();
          },
        },
        'Connection',
        this.#before,
        'with',
        this.#after,
        el('button', { class: 'primary' }, 'Compare'),
        button('An earlier capture with this one…', () => file.click()),
        file,
      ),
      this.#about,
      this.#body,
    );
    this.#end = view.on(['before', 'after'], () => {
      this.#before.value = view.get('before');
      this.#after.value = view.get('after');
      this.#run();
    });
    if (view.get('before') && view.get('after')) this.#run();
  }

  disconnectedCallback() {
    this.#latest.begin();
    this.#end();
  }

  /** @param {string} label @param {'before' | 'after'} key */
  #number(label, key) {
    return el('input', {
      'aria-label': label,
      value: view.get(key),
      size: 5,
      inputmode: 'numeric',
      required: true,
      pattern: '#?[0-9]+',
      title: 'The number of a connection',
    });
  }

  #run() {
    const number = (/** @type {HTMLInputElement} */ input) =>
      Number(input.value.replace(/^#/, '')) || 0;
    const [before, after] = [number(this.#before), number(this.#after)];
    if (!before || !after) return;
    this.#show(`#${before}`, `#${after}`, () => post('/compare', { before, after }));
  }

  /** @param {File} file */
  withFile(file) {
    return this.#show(file.name, 'this capture', () =>
      postFile('/compare/capture', file, { name: file.name }),
    );
  }

  /** @param {string} before @param {string} after @param {() => Promise<Comparison>} run */
  async #show(before, after, run) {
    const signal = this.#latest.begin();
    this.#about.className = 'dim';
    this.#about.textContent = `Comparing ${before} with ${after}…`;
    fill(this.#body);
    try {
      const found = await run();
      if (signal.aborted) return;
      this.#about.className = '';
      this.#about.textContent = summary(found, before, after);
      fill(this.#body, found.differences.length > 0 && table(found, before, after));
    } catch (error) {
      if (signal.aborted) return;
      this.#about.className = 'bad';
      this.#about.textContent = messageOf(error);
    }
  }
}

/** @param {Comparison} found @param {string} before @param {string} after */
function summary({ same, connections: number, messages, differences, ignored }, before, after) {
  const counts = new Map();
  for (const { what } of differences) counts.set(what, (counts.get(what) ?? 0) + 1);
  const said = same
    ? `No difference between ${before} and ${after}`
    : [...counts].map(([what, times]) => `${count(times)} ${what}`).join(', ');
  const left = Object.entries(ignored)
    .slice(0, 8)
    .map(([path, times]) => `${path} (${count(times)})`);
  return [
    `${said}; ${counted(number, 'connection')} and ${counted(messages, 'message')} compared`,
    left.length ? `did not count: ${left.join(', ')}` : '',
  ]
    .filter(Boolean)
    .join('; ');
}

/** @param {Comparison} found @param {string} before @param {string} after */
function table({ differences }, before, after) {
  const here = (/** @type {number} */ id) => goTo(id, `Frame ${count(id)}`, 'plain');
  /** Frames of another capture are not here. @param {Difference['before']} one @param {boolean} isHere @returns {Child} */
  const side = (one, isHere) =>
    one
      ? [isHere && here(one.frame), ' ', el('span', { class: 'untrusted mono' }, one.text)]
      : el('span', { class: 'dim' }, '–');
  const both = before.startsWith('#');
  return [
    el(
      'table',
      { class: 'differences' },
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ['What', 'Where', before, after, 'Changes'].map((text) =>
            el('th', { scope: 'col', class: 'untrusted' }, text),
          ),
        ),
      ),
      el(
        'tbody',
        {},
        differences.slice(0, MOST).map((each) => {
          const one = each.before ?? each.after;
          return el(
            'tr',
            {},
            el('td', {}, el('span', { class: `mark ${TONES[each.what] ?? ''}` }, each.what)),
            el(
              'td',
              { class: 'untrusted' },
              `#${each.connection} ${each.path} ${one ? arrow(one.direction) : ''}`,
            ),
            el('td', {}, side(each.before, both)),
            el('td', {}, side(each.after, true)),
            el('td', { class: 'untrusted mono' }, changes(each)),
          );
        }),
      ),
    ),
    differences.length > MOST &&
      el('p', { class: 'dim' }, `${count(differences.length - MOST)} more: wsproxy diff has all.`),
  ];
}

/** @param {Difference} difference @returns {Child} */
function changes({ changes: list, seconds }) {
  if (seconds !== undefined) return `${duration(seconds)} later`;
  return (list ?? []).map((each) =>
    el('div', {}, `${each.path} `, el('del', {}, each.before), ' ', el('ins', {}, each.after)),
  );
}

/** @type {Record<string, string>} */
const TONES = {
  missing: 'dropped',
  extra: 'injected',
  changed: 'changed',
  moved: 'delayed',
  later: 'delayed',
  'connection missing': 'dropped',
  'connection extra': 'injected',
};

/**
 * Compare a connection with the one that is looked at.
 * @param {number} id
 */
export function compareConnection(id) {
  const before = view.get('connection');
  const known = before && connections.get(before) ? before : '';
  view.set({
    tool: 'compare',
    pane: 'tools',
    before: known === String(id) ? '' : known,
    after: id,
  });
}

customElements.define('wsp-compare', Compare);

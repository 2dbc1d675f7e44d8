// One line of filter and chips. The search runs in the capture; the view keeps all in the URL.

import { get } from '../api.js';
import { attempt, button, el, fill, messageOf, toast } from '../dom.js';
import { goToHit } from '../hits.js';
import { Latest } from '../latest.js';
import { rows } from '../list.js';
import { menu } from '../menu.js';
import { offer } from '../palette.js';
import { both, completions, MARKS } from '../pure/filter.js';
import { clock } from '../pure/format.js';
import { view } from '../view.js';
import { colourDialog, remember, savedFilters, savedMenu } from './saved-filters.js';

/** @import { Key } from '../pure/state.js' */
/** @typedef {{key: Key, value: string, off: string, text: string, title: string}} Chip */

const WAIT_MS = 250;

/** @type {Chip[]} */
const CHIPS = [
  { key: 'dir', value: 'up', off: '', text: '↑ up', title: 'Only what clients sent' },
  { key: 'dir', value: 'down', off: '', text: '↓ down', title: 'Only what the server sent' },
  { key: 'op', value: 'text', off: '', text: 'text', title: 'Only text messages' },
  { key: 'op', value: 'binary', off: '', text: 'binary', title: 'Only binary messages' },
  { key: 'control', value: '1', off: '0', text: 'control', title: 'Show close, ping and pong' },
  {
    key: 'fragments',
    value: '1',
    off: '0',
    text: 'fragments',
    title: 'Show every fragment, or each message once',
  },
];

class FilterBar extends HTMLElement {
  #latest = new Latest();
  #timer = 0;
  /** @type {Record<string, string>} */
  #words = {};
  #list = el('div', {
    class: 'completions',
    role: 'listbox',
    id: 'completions',
    'aria-label': 'Filter words',
    hidden: true,
  });
  #at = -1;
  #from = 0;
  /** @type {HTMLInputElement} */
  #input = el('input', {
    type: 'search',
    class: 'wide',
    placeholder: 'Search payloads, /regex/ or ~filter  (/)',
    'aria-label': 'Search payloads',
    role: 'combobox',
    'aria-expanded': 'false',
    'aria-controls': 'completions',
    'aria-autocomplete': 'list',
    spellcheck: 'false',
    autocomplete: 'off',
    value: view.get('q'),
    oninput: () => this.#typed(),
    onblur: () => this.#close(),
    onkeydown: (event) => this.#key(event),
  });
  #said = el('span', { class: 'said', role: 'status' });
  #hits = el(
    'span',
    { class: 'hits', hidden: true },
    button('‹', () => this.#go(-1), {
      title: 'Previous hit (Shift+F3)',
      'aria-label': 'Previous match',
    }),
    button('›', () => this.#go(1), { title: 'Next hit (F3)', 'aria-label': 'Next match' }),
    button('only hits', () => view.set({ hits: view.get('hits') === '1' ? '0' : '1' }), {
      class: 'chip only-hits',
      title: 'List what matches and nothing else, or all rows with the hits lit up',
    }),
  );
  #chips = CHIPS.map((chip) => ({
    ...chip,
    button: button(chip.text, () => this.#toggle(chip), { class: 'chip', title: chip.title }),
  }));
  #marks = button('marks ▾', () => this.#markMenu(), { class: 'chip', 'aria-haspopup': 'menu' });
  #kinds = button('kinds ▾', () => this.#kindMenu(), {
    class: 'chip',
    'aria-haspopup': 'menu',
    hidden: true,
  });
  #range = button('', () => view.set({ since: '', until: '' }), {
    class: 'chip',
    hidden: true,
    title: 'Show all times',
  });

  connectedCallback() {
    this.append(
      el(
        'div',
        { class: 'bar filter' },
        el('span', { class: 'line' }, this.#input, this.#list),
        this.#hits,
        button('☆', () => this.#saved(), {
          class: 'saved',
          title: 'Saved and earlier filters',
          'aria-label': 'Saved and earlier filters',
          'aria-haspopup': 'menu',
        }),
        el(
          'span',
          { class: 'chips' },
          this.#chips.map((chip) => chip.button),
          this.#marks,
          this.#kinds,
          this.#range,
        ),
      ),
      this.#said,
    );
    view.onQuery((changed) => this.#show(changed));
    rows.addEventListener('change', () => {
      if (rows.kinds.size) this.#kinds.hidden = false;
    });
    addEventListener('keydown', (event) => {
      if (event.key !== 'F3' || !view.get('q')) return;
      event.preventDefault();
      this.#go(event.shiftKey ? -1 : 1);
    });
    document.addEventListener('filter-by', (event) =>
      this.#add(/** @type {CustomEvent<string>} */ (event).detail),
    );
    document.addEventListener('colour-by', (event) =>
      colourDialog(/** @type {CustomEvent<string>} */ (event).detail),
    );
    offer(() => [
      ...this.#chips.map((chip) => ({
        text: `Filter: ${chip.title}`,
        run: () => this.#toggle(chip),
      })),
      { text: 'Colour rows by filter…', run: () => colourDialog(view.search()) },
      ...(view.get('q')
        ? [
            { text: 'Next hit', keys: 'F3', run: () => this.#go(1) },
            { text: 'Previous hit', keys: 'Shift+F3', run: () => this.#go(-1) },
          ]
        : []),
      ...savedFilters().map((text) => ({
        text: `Filter: ${text}`,
        run: () => this.#take(text),
      })),
      ...Object.entries(this.#words).map(([word, text]) => ({
        text: `${word}  ${text}`,
        run: () => this.#insert(word),
      })),
    ]);
    this.#show([]);
    this.#load();
  }

  async #load() {
    try {
      this.#words = (await get('/filter', { filter: '' })).words;
    } catch {
      // no completions: the list says what is wrong with the proxy
    }
  }

  /** @param {Key[]} changed */
  async #show(changed) {
    if (this.#input !== document.activeElement || !changed.includes('q'))
      this.#input.value = view.get('q');
    for (const { key, value, button: box } of this.#chips)
      box.setAttribute('aria-pressed', String(view.get(key) === value));
    const { since, until, mark, kind, hits } = view.values;
    this.#hits.hidden = !view.get('q');
    this.#hits.querySelector('.only-hits')?.setAttribute('aria-pressed', String(hits === '1'));
    this.#marks.textContent = mark || 'marks ▾';
    this.#marks.setAttribute('aria-pressed', String(mark !== ''));
    this.#kinds.textContent = kind || 'kinds ▾';
    this.#kinds.hidden = !kind && !rows.kinds.size;
    this.#range.hidden = !since && !until;
    const time = (/** @type {string} */ text) => (text ? clock(Number(text)) : '…');
    this.#range.textContent = `${time(since)} – ${time(until)} ✕`;
    const signal = this.#latest.begin();
    const filter = view.search();
    if (!filter) return this.#say('', false);
    try {
      const { explanation } = await get('/filter', { filter }, signal);
      this.#say(explanation, false);
    } catch (error) {
      if (!signal.aborted) this.#say(messageOf(error), true);
    }
  }

  /** What is wrong stands under the line; what is shown is said in the list's foot. @param {string} text @param {boolean} wrong */
  #say(text, wrong) {
    this.#said.textContent = wrong ? text : '';
    this.#said.classList.toggle('bad', wrong);
    this.#input.setAttribute('aria-invalid', String(wrong));
    document.dispatchEvent(new CustomEvent('explained', { detail: wrong ? '' : text }));
  }

  // Typing.

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#commit(), WAIT_MS);
    this.#complete();
  }

  #commit() {
    clearTimeout(this.#timer);
    view.set({ q: this.#input.value });
  }

  #complete() {
    const before = this.#input.value.slice(0, this.#input.selectionStart ?? 0);
    const found = completions(before, Object.keys(this.#words), rows.kinds);
    this.#from = found.from;
    this.#at = -1;
    fill(
      this.#list,
      found.words.slice(0, 12).map((word, index) =>
        el(
          'div',
          {
            role: 'option',
            id: `completion-${index}`,
            'aria-selected': 'false',
            'data-word': word,
            onpointerdown: (event) => {
              event.preventDefault();
              this.#insert(word);
            },
          },
          el('code', {}, word),
          el('span', { class: 'dim' }, this.#words[word]),
        ),
      ),
    );
    this.#list.hidden = !found.words.length;
    this.#input.setAttribute('aria-expanded', String(!this.#list.hidden));
  }

  #close() {
    this.#list.hidden = true;
    this.#input.setAttribute('aria-expanded', 'false');
    this.#input.removeAttribute('aria-activedescendant');
    remember(view.get('q'));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const options = /** @type {HTMLElement[]} */ ([...this.#list.children]);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !this.#list.hidden) {
      event.preventDefault();
      this.#at = (this.#at + step + options.length) % options.length;
      options.forEach((each, index) => {
        each.setAttribute('aria-selected', String(index === this.#at));
      });
      this.#input.setAttribute('aria-activedescendant', `completion-${this.#at}`);
    } else if (event.key === 'Enter' || (event.key === 'Tab' && this.#at >= 0)) {
      const word = options[this.#at]?.dataset.word;
      if (word && !this.#list.hidden) {
        event.preventDefault();
        this.#insert(word);
      } else {
        this.#commit();
        this.#close();
      }
    } else if (event.key === 'Escape') {
      event.preventDefault(); // browsers empty the field and tell nobody
      if (!this.#list.hidden) this.#close();
      else if (this.#input.value) this.#take('');
      else this.#input.blur();
    }
  }

  /** Put a filter word where the cursor is. @param {string} word */
  #insert(word) {
    const value = this.#input.value;
    const end = this.#list.hidden ? value.length : (this.#input.selectionStart ?? value.length);
    const from = this.#list.hidden ? value.length : this.#from;
    const taken = word.startsWith('~') && !word.startsWith('~kind "') ? word.split(' ')[0] : word;
    const start = `${value.slice(0, from)}${this.#list.hidden && value.trim() ? ' & ' : ''}${taken} `;
    this.#input.value = start + value.slice(end);
    this.#input.focus();
    this.#input.setSelectionRange(start.length, start.length);
    this.#list.hidden = true;
    this.#commit();
  }

  /** @param {string} text */
  #take(text) {
    this.#input.value = text;
    this.#commit();
  }

  /** @param {string} filter */
  #add(filter) {
    this.#take(both(view.get('q'), filter));
  }

  /** @param {Chip} chip */
  #toggle({ key, value, off }) {
    view.set({ [key]: view.get(key) === value ? off : value });
  }

  // Menus.

  /** @param {HTMLElement} under @param {Parameters<typeof menu>[2]} actions */
  #menu(under, actions) {
    const { left, bottom } = under.getBoundingClientRect();
    menu(left, bottom + 2, actions);
  }

  #markMenu() {
    this.#menu(
      this.#marks,
      ['', ...MARKS].map((mark) => ({ text: mark || 'any mark', run: () => view.set({ mark }) })),
    );
  }

  #kindMenu() {
    this.#menu(
      this.#kinds,
      ['', ...rows.kinds].map((kind) => ({
        text: kind || 'any kind',
        run: () => view.set({ kind }),
      })),
    );
  }

  #saved() {
    const at = this.querySelector('.saved');
    if (at instanceof HTMLElement)
      this.#menu(
        at,
        savedMenu(view.get('q'), (text) => this.#take(text)),
      );
  }

  /** @param {1 | -1} step */
  #go(step) {
    this.#commit();
    return attempt(async () => {
      if (!(await goToHit(step))) toast('Nothing matches.');
    });
  }
}

customElements.define('wsp-filter-bar', FilterBar);

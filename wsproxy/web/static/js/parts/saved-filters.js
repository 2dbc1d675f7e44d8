// Filters that are kept: by name of what they say, as history, and as rules that colour rows.

import { get } from '../api.js';
import { button, el, fill, messageOf, select } from '../dom.js';
import { colourRules } from '../list.js';
import { dialog } from '../menu.js';
import { COLOURS } from '../notes.js';
import { pref, setPref } from '../prefs.js';
import { MAX_COLOURS } from '../pure/columns.js';
import { view } from '../view.js';

/** @import { Action } from '../types' */

const MAX_HISTORY = 20;

/** @returns {string[]} */
export const savedFilters = () => pref('filters', []);

/** @returns {string[]} */
const history = () => pref('history', []);

/** Remember a line that was looked for. @param {string} line */
export function remember(line) {
  const text = line.trim();
  if (!text) return;
  const earlier = history().filter((each) => each !== text);
  setPref('history', [text, ...earlier].slice(0, MAX_HISTORY));
}

/**
 * The menu of what is kept.
 * @param {string} line what stands in the field
 * @param {(text: string) => void} take
 * @returns {(Action | null)[]}
 */
export function savedMenu(line, take) {
  const saved = savedFilters();
  const text = line.trim();
  const isSaved = saved.includes(text);
  const others = isSaved ? saved.filter((each) => each !== text) : [...saved, text];
  const earlier = history();
  return [
    ...(text
      ? [
          {
            text: isSaved ? 'Forget this filter' : 'Save this filter',
            run: () => setPref('filters', others),
          },
        ]
      : []),
    { text: 'Colour rows by filter…', run: () => colourDialog(view.search()) },
    null,
    ...saved.map((each) => ({ text: `★ ${each}`, run: () => take(each) })),
    ...earlier.map((each) => ({ text: each, run: () => take(each) })),
  ];
}

/** Rules that colour rows: the first that a row matches counts. @param {string} filter to begin with */
export function colourDialog(filter) {
  const list = el('ol', { class: 'colour-rules' });
  const input = el('input', {
    class: 'wide mono',
    value: filter,
    placeholder: 'a filter: ~down & ~b error',
    'aria-label': 'Filter of the rule',
    spellcheck: 'false',
  });
  const colour = select(
    'Colour',
    COLOURS.map((each) => [each, each]),
    'red',
  );
  const said = el('div', { class: 'bad', role: 'status' });
  const keep = (/** @type {ReturnType<typeof colourRules>} */ rules) => {
    setPref('colours', rules);
    draw();
  };
  const draw = () =>
    fill(
      list,
      colourRules().map((rule, place) =>
        el(
          'li',
          { class: `noted ${rule.colour}` },
          el('code', { class: 'untrusted' }, rule.filter),
          button('Remove', () => keep(colourRules().filter((_, at) => at !== place)), {
            'aria-label': `Remove the rule ${rule.filter}`,
          }),
        ),
      ),
    );
  const add = async () => {
    const source = input.value.trim();
    said.textContent = '';
    try {
      if (!source) throw new Error('Say what is coloured, for instance ~close');
      if (colourRules().length >= MAX_COLOURS)
        throw new Error(`There are ${MAX_COLOURS} rules already; remove one first.`);
      await get('/filter', { filter: source });
      keep([...colourRules(), { filter: source, colour: colour.value }]);
      input.value = '';
    } catch (error) {
      said.textContent = messageOf(error);
    }
  };
  draw();
  const box = dialog(
    'Colour rows by filter',
    el('h2', {}, 'Colour rows by filter'),
    list,
    el(
      'form',
      {
        class: 'row',
        onsubmit: (event) => {
          event.preventDefault();
          add();
        },
      },
      input,
      colour,
      el('button', { class: 'primary' }, 'Add rule'),
    ),
    said,
    el(
      'p',
      { class: 'dim' },
      'The first rule that a row matches gives its colour. Kept in this browser.',
    ),
    el(
      'div',
      { class: 'row end' },
      button('Close', () => box.close()),
    ),
  );
  input.focus();
}

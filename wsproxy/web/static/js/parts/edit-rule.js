// Messages edited without stopping them: a rule, kept as a fault of the type replace.

import { post } from '../api.js';
import { attempt, button, el, select } from '../dom.js';
import { pointerOf } from '../pure/pointer.js';
import { view } from '../view.js';
import { plainValue } from './fault-form.js';

/** @type {[string, string][]} */
const WAYS = [
  ['set', 'set the JSON value at'],
  ['replace', 'replace what matches'],
];
/** @type {[string, string][]} */
const DIRECTIONS = [
  ['upstream', '↑ up'],
  ['downstream', '↓ down'],
  ['both', '⇅ both directions'],
];

/** The form of such a rule. */
export function editRule() {
  const way = select('How it is edited', WAYS, 'set', () => {
    what.placeholder = way.value === 'set' ? '$.price' : 'a regular expression';
  });
  const what = el('input', {
    class: 'mono',
    size: 16,
    placeholder: '$.price',
    'aria-label': 'What is edited',
    required: true,
    spellcheck: 'false',
  });
  const value = el('input', { class: 'mono', size: 14, 'aria-label': 'New value' });
  const match = el('input', {
    class: 'mono',
    size: 18,
    placeholder: 'filter; empty: every message',
    'aria-label': 'Filter of the rule',
    spellcheck: 'false',
  });
  const direction = select('Direction of the rule', DIRECTIONS, 'upstream');
  return el(
    'form',
    {
      class: 'edit-rule',
      onsubmit: (event) => {
        event.preventDefault();
        attempt(
          () =>
            post('/faults', {
              type: 'replace',
              direction: direction.value,
              ...(match.value.trim() ? { match: match.value.trim() } : {}),
              attributes: attributesOf(way.value, what.value, value.value),
            }),
          'It edits from now on, and is kept as a fault',
        );
      },
    },
    'Edit without stopping:',
    way,
    what,
    el('label', {}, 'to', value),
    match,
    direction,
    el('button', {}, 'Add rule'),
    button('Show these rules', () => view.set({ tool: 'faults' }), { class: 'plain' }),
  );
}

/** @param {string} way @param {string} what @param {string} value */
function attributesOf(way, what, value) {
  if (way === 'replace') return { pattern: what, replacement: value };
  const pointer = pointerOf(what);
  if (pointer === null)
    throw new Error('Name one place of the JSON: $.user.name, $.list[0] or /user/name.');
  return { pointer, value: plainValue(value) };
}

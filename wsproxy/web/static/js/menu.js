// A menu at a place of the screen, and dialogs: one look and one set of keys for all.

import { button, el } from './dom.js';

/** @import { Action, Child } from './types' */

/**
 * Show a menu; arrow keys move, Enter and → open what an item has, Escape closes.
 * @param {number} x
 * @param {number} y
 * @param {(Action | null)[]} actions null is a line between
 */
export function menu(x, y, actions) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const close = (focus = true) => {
    box.remove();
    removeEventListener('pointerdown', outside, true);
    if (focus) before?.focus();
  };
  const outside = (/** @type {Event} */ event) => {
    if (!box.contains(/** @type {Node} */ (event.target))) close(false);
  };
  const items = actions.map((action) =>
    action
      ? el(
          'button',
          {
            type: 'button',
            role: 'menuitem',
            tabindex: -1,
            onclick: () => {
              close();
              if (action.items) menu(x, y, action.items);
              else action.run?.();
            },
            'aria-haspopup': action.items && 'menu',
          },
          el('span', { class: action.look ?? 'untrusted' }, action.text),
          action.items ? '▸' : action.keys && el('kbd', {}, action.keys),
        )
      : el('hr'),
  );
  const buttons = items.filter((item) => item instanceof HTMLButtonElement);
  const box = el('div', { class: 'menu', role: 'menu' }, items);
  box.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) buttons[(at + step + buttons.length) % buttons.length]?.focus();
    else if (event.key === 'ArrowRight' && buttons[at]?.ariaHasPopup) buttons[at]?.click();
    else if (event.key === 'Home') buttons[0]?.focus();
    else if (event.key === 'End') buttons.at(-1)?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.body.append(box);
  const { offsetWidth: width, offsetHeight: height } = box;
  box.style.left = `${Math.max(4, Math.min(x, innerWidth - width - 4))}px`;
  box.style.top = `${Math.max(4, Math.min(y, innerHeight - height - 4))}px`;
  addEventListener('pointerdown', outside, true);
  buttons[0]?.focus();
}

/**
 * A dialog in the page's own design; it is gone once it is closed.
 * @param {string} label
 * @param {Child[]} children
 */
export function dialog(label, ...children) {
  const box = el('dialog', { 'aria-label': label, onclose: () => box.remove() }, children);
  box.addEventListener('click', (event) => {
    if (event.target === box) box.close();
  });
  document.body.append(box);
  box.showModal();
  return box;
}

/**
 * Ask before something that cannot be undone.
 * @param {string} question
 * @param {string} yes what the button says
 * @returns {Promise<boolean>}
 */
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    let answer = false;
    const decide = () => {
      answer = true;
      box.close();
    };
    const box = dialog(
      question,
      el('p', {}, question),
      el(
        'div',
        { class: 'row end' },
        button('Cancel', () => box.close()),
        button(yes, decide, { class: 'danger', autofocus: true }),
      ),
    );
    box.addEventListener('close', () => resolve(answer));
  });
}

/**
 * Ask for a line of text.
 * @param {string} question
 * @param {string} hint
 * @param {string} yes what the button says
 * @param {string} [value]
 * @returns {Promise<string>} empty where nothing was wanted
 */
export function ask(question, hint, yes, value = '') {
  return new Promise((resolve) => {
    let answer = '';
    const input = el('input', {
      class: 'wide mono',
      placeholder: hint,
      value,
      spellcheck: 'false',
    });
    const box = dialog(
      question,
      el(
        'form',
        {
          onsubmit: (event) => {
            event.preventDefault();
            answer = input.value.trim();
            box.close();
          },
        },
        el('label', { class: 'asked' }, question, input),
        el(
          'div',
          { class: 'row end' },
          button('Cancel', () => box.close()),
          el('button', { class: 'primary' }, yes),
        ),
      ),
    );
    input.focus();
    box.addEventListener('close', () => resolve(answer));
  });
}

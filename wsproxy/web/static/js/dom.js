// Elements are made here and nowhere else. Text only ever becomes text: nothing that came over the
// wire is parsed as markup (the page's policy forbids it as well).

/** @import { Child, ElementOf, Properties } from './types' */

/** Properties that are set as such, not as attributes. */
const DIRECT = new Set(['value', 'checked', 'disabled', 'indeterminate', 'tabIndex']);

/**
 * Make an element: `on*` properties are listeners, the rest are attributes or properties.
 * @template {string} T
 * @param {T} tag
 * @param {Properties} [properties]
 * @param {Child[]} children
 * @returns {ElementOf<T>}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on'))
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name === 'class') element.className = String(value);
    else if (DIRECT.has(name)) Reflect.set(element, name, value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  put(element, children);
  return /** @type {ElementOf<T>} */ (element);
}

/** @param {Node} element @param {Child[]} children */
function put(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) put(element, child);
    else if (child instanceof Node) element.appendChild(child);
    else if (child !== null && child !== undefined && child !== false)
      element.appendChild(document.createTextNode(String(child)));
  }
}

/**
 * Put children in place of all that an element has.
 * @param {Element} element
 * @param {Child[]} children
 */
export function fill(element, ...children) {
  element.textContent = '';
  put(element, children);
}

/**
 * @param {Child} text
 * @param {() => unknown} onclick
 * @param {Properties} [properties]
 */
export const button = (text, onclick, properties = {}) =>
  el('button', { type: 'button', onclick: () => void onclick(), ...properties }, text);

/**
 * A select with [value, text] pairs.
 * @param {string} label
 * @param {[string, string][]} pairs
 * @param {string} value
 * @param {(value: string) => void} [onchange]
 */
export function select(label, pairs, value, onchange) {
  const box = el(
    'select',
    { 'aria-label': label, title: label, onchange: () => onchange?.(box.value) },
    pairs.map(([each, text]) => el('option', { value: each, selected: each === value }, text)),
  );
  return box;
}

/**
 * Tell something that is over in a moment; errors stay longer.
 * @param {string} text
 */
export function toast(text, error = false) {
  const box = el('div', { class: `toast${error ? ' error' : ''}` }, text);
  document.getElementById('toasts')?.append(box);
  setTimeout(() => box.remove(), error ? 7000 : 2500);
}

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Run an action of the user's and show what went wrong, if something did.
 * @template T
 * @param {() => T | Promise<T>} action
 * @param {string} [done]
 * @returns {Promise<T | undefined>}
 */
export async function attempt(action, done = '') {
  try {
    const result = await action();
    if (done) toast(done);
    return result;
  } catch (error) {
    if (!isAbort(error)) toast(messageOf(error), true);
    return undefined;
  }
}

/** @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === 'AbortError';

/**
 * Tabs with arrow keys, each for one panel.
 * @param {string} label
 * @param {[key: string, text: string, badge?: Child][]} names
 * @param {string} current
 * @param {string} panel the id of what the tabs show
 * @param {(key: string, keep?: boolean) => void} choose
 */
export function tabs(label, names, current, panel, choose) {
  const list = el('div', { class: 'tabs', role: 'tablist', 'aria-label': label });
  const keys = names.map(([key]) => key);
  for (const [key, text, badge] of names) {
    list.append(
      el(
        'button',
        {
          type: 'button',
          role: 'tab',
          'data-tab': key,
          'aria-selected': String(key === current),
          'aria-controls': panel,
          tabindex: key === current || (!keys.includes(current) && key === keys[0]) ? 0 : -1,
          onclick: () => choose(key),
          onkeydown: (event) => {
            const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
            if (!step) return;
            event.preventDefault();
            choose(keys[(keys.indexOf(key) + step + keys.length) % keys.length] ?? key, true);
          },
        },
        text,
        badge,
      ),
    );
  }
  return list;
}

// Elements are made here and nowhere else. Text only ever becomes text: nothing that came over the
// wire is parsed as markup (the page's policy forbids it as well).

/** Make an element: `on*` properties are listeners, the rest are attributes or properties. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.className = value;
    else if (name === 'value' || name === 'checked' || name === 'disabled') element[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export const button = (text, onclick, properties = {}) =>
  el('button', { type: 'button', onclick, ...properties }, text);

export const option = (value, text = value, selected = false) =>
  el('option', { value, selected }, text);

/** A select with [value, text] pairs. */
export function select(label, pairs, value, onchange) {
  return el('select', { 'aria-label': label, title: label, onchange },
    pairs.map(([v, text]) => option(v, text, v === value)));
}

/** Tell something that is over in a moment; errors stay longer. */
export function toast(text, error = false) {
  const box = el('div', { class: `toast${error ? ' error' : ''}` }, text);
  document.getElementById('toasts').append(box);
  setTimeout(() => box.remove(), error ? 7000 : 2500);
}

/** Run an action of the user's and show what went wrong, if something did. */
export async function attempt(action, done = '') {
  try {
    const result = await action();
    if (done) toast(done);
    return result;
  } catch (error) {
    toast(error.message, true);
    return undefined;
  }
}

/** Tabs with arrow keys: `names` is [key, text, badge] triples. */
export function tabs(label, names, current, choose) {
  const list = el('div', { class: 'tabs', role: 'tablist', 'aria-label': label });
  const keys = names.map(([key]) => key);
  for (const [key, text, badge] of names) {
    list.append(el('button', {
      type: 'button', role: 'tab', 'data-tab': key, 'aria-selected': String(key === current),
      tabindex: key === current || (!keys.includes(current) && key === keys[0]) ? 0 : -1,
      onclick: () => choose(key),
      onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        choose(keys[(keys.indexOf(key) + step + keys.length) % keys.length], true);
      },
    }, text, badge || null));
  }
  return list;
}

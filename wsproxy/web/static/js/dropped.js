// A file that is dropped on the page, or chosen: opened in a page of its own, or compared.

import { postFile } from './api.js';
import { button, el, fill, messageOf } from './dom.js';
import { dialog } from './menu.js';
import { offer } from './palette.js';
import { view } from './view.js';

/** @import { Compare } from './parts/compare.js' */

/** Choose a capture to open. */
export function chooseFile() {
  const input = el('input', { type: 'file', 'aria-label': 'Capture to open' });
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) taken(file);
  });
  input.click();
}

/** @param {File} file */
export function taken(file) {
  const said = el('div', { role: 'status' });
  const open = button('Open it', () => opened(file, said, [open, compare]), { class: 'primary' });
  const compare = button('Compare it with this capture', () => {
    box.close();
    view.set({ tool: 'compare', pane: 'tools', before: '', after: '' });
    /** @type {Compare | null} */ (document.querySelector('wsp-compare'))?.withFile(file);
  });
  const box = dialog(
    'A capture from a file',
    el('h2', { class: 'untrusted' }, file.name),
    el('p', { class: 'dim' }, 'A capture as zip, JSON lines, HAR, mitmproxy flows or pcapng.'),
    said,
    el(
      'div',
      { class: 'row end' },
      button('Cancel', () => box.close()),
      compare,
      open,
    ),
  );
  open.focus();
}

/** @param {File} file @param {HTMLElement} said @param {HTMLButtonElement[]} buttons */
async function opened(file, said, buttons) {
  for (const each of buttons) each.disabled = true;
  said.className = 'dim';
  said.textContent = 'Reading it…';
  try {
    const { url } = await postFile('/view', file, { name: file.name });
    said.className = '';
    const link = el('a', { href: url, target: '_blank', rel: 'noopener' }, 'Show it in a new tab');
    fill(said, link);
    link.focus();
  } catch (error) {
    said.className = 'bad';
    said.textContent = messageOf(error);
    for (const each of buttons) each.disabled = false;
  }
}

const carriesFiles = (/** @type {DragEvent} */ event) =>
  event.dataTransfer?.types.includes('Files') ?? false;

addEventListener('dragover', (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  document.documentElement.classList.add('dropping');
});
addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) document.documentElement.classList.remove('dropping');
});
addEventListener('drop', (event) => {
  document.documentElement.classList.remove('dropping');
  const [file] = event.dataTransfer?.files ?? [];
  if (!file) return;
  event.preventDefault();
  taken(file);
});

offer(() => [{ text: 'Open a capture from a file…', run: chooseFile }]);

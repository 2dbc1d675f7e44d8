// All notes and bookmarks, with a way to each.

import { button, el, fill } from '../dom.js';
import { notes } from '../notes.js';
import { view } from '../view.js';

class NotesPanel extends HTMLElement {
  #update = () => this.#draw();

  connectedCallback() {
    this.className = 'tool';
    notes.addEventListener('change', this.#update);
    this.#draw();
  }

  disconnectedCallback() {
    notes.removeEventListener('change', this.#update);
  }

  #draw() {
    const all = notes.all();
    if (!all.length) {
      fill(
        this,
        el(
          'p',
          { class: 'dim' },
          'No notes yet: b bookmarks the selected frame; the menu of a row or a connection adds a note. They are kept in this browser.',
        ),
      );
      return;
    }
    fill(
      this,
      el(
        'table',
        {},
        el(
          'tbody',
          {},
          all.map(([key, note]) =>
            el(
              'tr',
              {},
              el(
                'td',
                {},
                button(
                  note.about === 'frame' ? `Frame ${note.id}` : `Connection #${note.id}`,
                  () => this.#show(note.about, note.id, note.connection),
                  { class: 'plain' },
                ),
              ),
              el('td', { class: 'untrusted' }, note.text),
              el('td', { class: 'dim untrusted' }, note.summary),
              el(
                'td',
                {},
                button('Remove', () => notes.remove(key)),
              ),
            ),
          ),
        ),
      ),
      button('Export', () => notes.save()),
    );
  }

  /** @param {string} about @param {number} id @param {number} connection */
  #show(about, id, connection) {
    view.set({ connection, frame: about === 'frame' ? id : '' }, { push: true });
  }
}

customElements.define('wsp-notes', NotesPanel);

// Send a message, resend a recorded one, close, cut off, pause.

import { get, post } from '../api.js';
import { connections } from '../connections.js';
import { ContentEditor } from '../content-editor.js';
import { attempt, button, el, select } from '../dom.js';
import { rows } from '../list.js';
import { confirmed } from '../menu.js';
import { fromBase64 } from '../pure/format.js';
import { view } from '../view.js';
import { stateText } from './connections.js';

/** @typedef {HTMLButtonElement | HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/** @type {[string, string][]} */
const SIDES = [
  ['upstream', '↑ up'],
  ['downstream', '↓ down'],
];
const NAMED = ['text', 'binary', 'ping', 'pong', 'close', 'continuation'];
const RESERVED = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((n) => `0x${n.toString(16)}`);
/** @type {[string, string][]} */
const OPCODES = [
  ...NAMED.map((name) => /** @type {[string, string]} */ ([name, name])),
  ...RESERVED.map((name) => /** @type {[string, string]} */ ([name, `${name} reserved`])),
];

class Composer extends HTMLElement {
  side = select('To which side', SIDES, 'upstream');
  opcode = select('Opcode', OPCODES, 'text');
  editor = new ContentEditor('Message');
  code = el('input', {
    value: '1000',
    size: 5,
    'aria-label': 'Close code',
    inputmode: 'numeric',
  });
  reason = el('input', { placeholder: 'reason', 'aria-label': 'Close reason' });
  about = el('div', { role: 'status' });
  form = el('form', {
    onsubmit: (event) => {
      event.preventDefault();
      this.#send();
    },
  });
  update = () => this.#update();
  take = () => this.#take().then(() => this.editor.area.focus());
  end = () => {};

  /** The selected connection, or else that of the selected frame. */
  connection = '';

  #choose() {
    const frame = Number(view.get('frame'));
    this.connection = view.get('connection');
    if (frame && !this.connection) {
      const row = [...rows.known()].find(({ id }) => id === frame);
      this.connection = row ? String(row.connection) : '';
    }
    this.#update();
  }

  connectedCallback() {
    this.className = 'tool';
    this.form.append(
      this.side,
      this.opcode,
      this.editor.format,
      el('button', { class: 'primary', title: 'Ctrl+Enter' }, 'Send'),
      button('Take from selected frame', () => this.#take()),
      button('Resend selected frame', () => this.#resend()),
      this.editor.area,
      this.code,
      this.reason,
      button('Close', () => this.#close()),
      button('Cut off', () => this.#cut(), {
        class: 'danger',
        title: 'A TCP reset to both sides',
      }),
      button('Pause', () => this.#pause(true), { title: 'Read nothing from either side' }),
      button('Resume', () => this.#pause(false)),
    );
    this.append(this.about, this.form);
    this.editor.area.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.#send();
    });
    this.end = view.on(['connection', 'frame'], () => this.#choose());
    document.addEventListener('send-selected', this.take);
    connections.addEventListener('change', this.update);
    this.#choose();
  }

  disconnectedCallback() {
    this.end();
    document.removeEventListener('send-selected', this.take);
    connections.removeEventListener('change', this.update);
  }

  #update() {
    const connection = connections.get(this.connection);
    const open = connection?.state === 'open';
    this.about.textContent = connection
      ? `Connection #${connection.id} ${connection.target} is ${stateText(connection)}.`
      : 'Select a connection first.';
    for (const control of /** @type {Iterable<Control>} */ (this.form.elements))
      control.disabled = !open;
  }

  #send() {
    return this.#act(
      'send',
      () => ({ direction: this.side.value, opcode: this.opcode.value, ...this.editor.body }),
      'Sent',
    );
  }

  #close() {
    return this.#act(
      'close',
      () => ({ code: Number(this.code.value), reason: this.reason.value }),
      'Closing',
    );
  }

  async #cut() {
    if (
      await confirmed(
        `Connection #${this.connection} will be cut off, with a TCP reset to both sides.`,
        'Cut it off',
      )
    )
      await this.#act('reset', {}, 'Cut off');
  }

  /** @param {boolean} paused */
  async #pause(paused) {
    await this.#act(
      'pause',
      { paused },
      paused ? 'Nothing is read from either side now' : 'Flowing again',
    );
    await attempt(() => connections.load()); // the feed tells of traffic, and there is none
  }

  /** @param {string} what @param {object | (() => object)} body @param {string} done */
  #act(what, body, done) {
    return attempt(
      async () =>
        post(`/connections/${this.connection}/${what}`, typeof body === 'function' ? body() : body),
      done,
    );
  }

  #resend() {
    return attempt(
      () => post(`/frames/${this.#selected()}/resend`, { connection: Number(this.connection) }),
      'Sent again',
    );
  }

  #take() {
    return attempt(async () => {
      const frame = await get(`/frames/${this.#selected()}`);
      const content = frame.ends_message?.content ?? frame.payload;
      if (content.recorded < content.length)
        throw new Error('Only a part of this message was recorded.');
      this.editor.set(fromBase64(content.base64));
      this.side.value = frame.direction;
      this.opcode.value = frame.ends_message?.opcode ?? frame.opcode;
    });
  }

  #selected() {
    const id = view.get('frame');
    if (!id) throw new Error('Select a frame first.');
    return id;
  }
}

customElements.define('wsp-send', Composer);

// A payload as JSON tree, text, hex or decoded, with what can be done with it.

import { download, getBytes } from './api.js';
import { copy } from './clipboard.js';
import { attempt, button, el, fill } from './dom.js';
import { shown } from './escape.js';
import { Finder } from './find.js';
import { toggleAll, tree } from './json-tree.js';
import { bytes, count, decodeUtf8, fromBase64, hexText, isReadable, toHex } from './pure/format.js';
import { asJson, toJson } from './pure/json.js';
import { view } from './view.js';

/** @import { Packet, Payload } from './types' */
/** @typedef {{path: string, parameters?: Record<string, string>}} Source */
/** @typedef {{data: Uint8Array, text: string, valid: boolean, isText: boolean}} Content */

const TEXT_AT_ONCE = 32 * 1024;
const HEX_AT_ONCE = 8 * 1024;
const FETCHED = 4 * 1024 * 1024; // bytes that are fetched without being asked for
const FORMATS = [
  ['auto', 'Auto'],
  ['json', 'JSON'],
  ['text', 'Text'],
  ['hex', 'Hex'],
  ['decoded', 'Decoded'],
];

/** @param {Uint8Array} data @param {boolean} isText @returns {Content} */
function contentOf(data, isText) {
  const [text, valid] = decodeUtf8(data);
  return { data, text, valid, isText };
}

/** The payload with buttons for its formats. */
export class PayloadView {
  #payload;
  #decoded;
  #source;
  #content;
  #signal;
  #holder = el('div', { class: 'shown' });
  #about = el('div');
  /** @type {HTMLButtonElement[]} */
  #formats;
  #finder = new Finder(this.#holder);
  #treeTools = el('span', { class: 'row', hidden: true });

  /**
   * @param {Payload} payload
   * @param {Packet[]} decoded what the server's decoders make of it
   * @param {Source} source where all of it can be had
   * @param {AbortSignal} signal aborted when this is no longer shown
   */
  constructor(payload, decoded, source, signal) {
    this.#payload = payload;
    this.#decoded = decoded;
    this.#source = source;
    this.#signal = signal;
    this.#content = contentOf(fromBase64(payload.base64), payload.text);
    this.#formats = FORMATS.map(([key, label]) =>
      button(label, () => view.set({ format: key ?? 'auto' }), { 'data-format': key }),
    );
    this.#treeTools.append(
      button('⊞', () => this.#toggle(true), { title: 'Expand all', 'aria-label': 'Expand all' }),
      button('⊟', () => this.#toggle(false), {
        title: 'Collapse all',
        'aria-label': 'Collapse all',
      }),
    );
    this.element = el(
      'div',
      { class: 'payload' },
      el(
        'div',
        { class: 'row payload-bar' },
        el(
          'span',
          { class: 'segments', role: 'group', 'aria-label': 'Format of the payload' },
          this.#formats,
        ),
        this.#treeTools,
        this.#finder.element,
        el('span', { class: 'grow' }),
        button('Copy', () => attempt(() => this.#copy()), {
          class: 'plain',
          title: 'Copy as it is shown',
        }),
        button('Download', () => download(source.path, source.parameters), {
          class: 'plain',
          title: 'All that is recorded',
        }),
      ),
      this.#about,
      this.#holder,
    );
    this.draw();
    if (this.#missing && payload.recorded <= FETCHED) attempt(() => this.#load());
  }

  get #missing() {
    return this.#content.data.length < this.#payload.recorded;
  }

  async #load() {
    const data = await getBytes(this.#source.path, this.#source.parameters, this.#signal);
    if (this.#signal.aborted) return;
    this.#content = contentOf(data, this.#payload.text);
    this.draw();
  }

  /** Draw in the format that the view asks for. */
  draw() {
    const format = view.get('format');
    for (const each of this.#formats)
      each.setAttribute('aria-pressed', String(each.dataset.format === format));
    fill(this.#about, this.#notes());
    fill(this.#holder, this.#render(format));
    this.#treeTools.hidden = !this.#holder.querySelector('details');
    this.#finder.search();
    this.#holder.querySelector('mark')?.scrollIntoView({ block: 'nearest' });
  }

  #notes() {
    const { length, recorded } = this.#payload;
    const notes = [];
    if (recorded < length)
      notes.push(`Only the first ${bytes(recorded)} of ${bytes(length)} were recorded.`);
    if (this.#missing) {
      notes.push(`The first ${bytes(this.#content.data.length)} of ${bytes(recorded)} are shown. `);
      const all = button('Load all', () => attempt(() => this.#load()), { class: 'plain' });
      return el('div', { class: 'note' }, notes.join(' '), all);
    }
    return notes.length
      ? el('div', { class: 'note' }, notes.join(' '))
      : el('div', { class: 'dim size' }, `${count(length)} bytes`);
  }

  get #cut() {
    return this.#missing || this.#payload.recorded < this.#payload.length;
  }

  /** @param {string} format */
  #render(format) {
    const { data, text, valid, isText } = this.#content;
    const lit = view.lit();
    if (!data.length) return el('div', { class: 'dim' }, 'no payload');
    if (format === 'hex') return this.#hex();
    if (format === 'text') return this.#text(lit);
    if (format === 'decoded') return this.#packets(lit);
    const json = asJson(valid ? text : undefined);
    if (json !== undefined) return tree(json, lit);
    if (format === 'json')
      return [
        el(
          'div',
          { class: 'note' },
          this.#cut
            ? 'Only a part of this payload is here, and a part of JSON is not JSON.'
            : 'This is not JSON.',
        ),
        this.#text(lit),
      ];
    if (this.#decoded.length) return this.#packets(lit);
    return isText || (valid && isReadable(text)) ? this.#text(lit) : this.#hex();
  }

  /** What decoders say, a line and a tree for each packet. @param {RegExp | null} lit */
  #packets(lit) {
    if (!this.#decoded.length)
      return el(
        'div',
        { class: 'dim' },
        'No decoder knows this payload (--decode says which one reads what).',
      );
    return this.#decoded.map(({ protocol, sure, summary, tree: value }) =>
      el(
        'section',
        { class: 'packet' },
        el(
          'div',
          { class: 'row' },
          el('span', { class: 'dim' }, sure === 'guess' ? `${protocol}?` : protocol),
          el('span', { class: 'untrusted', dir: 'auto' }, shown(summary, lit)),
        ),
        value !== undefined && tree(value, lit),
      ),
    );
  }

  /** @param {RegExp | null} lit */
  #text(lit) {
    const { text, valid } = this.#content;
    const pre = el(
      'pre',
      { class: 'untrusted', dir: 'auto', tabindex: 0 },
      shown(text.slice(0, TEXT_AT_ONCE), lit),
    );
    const more = button(`Show ${count(text.length - TEXT_AT_ONCE)} more characters`, () => {
      pre.append(...shown(text.slice(TEXT_AT_ONCE), lit));
      more.remove();
    });
    return [
      !valid &&
        el('div', { class: 'note' }, 'This is not UTF-8; wrong bytes are written as \\xNN.'),
      pre,
      text.length > TEXT_AT_ONCE && more,
    ];
  }

  #hex() {
    const { data } = this.#content;
    const pre = el(
      'pre',
      { class: 'hex', tabindex: 0, 'aria-label': 'Hexadecimal' },
      hexText(data, 0, HEX_AT_ONCE),
    );
    const more = button(`Show ${count(data.length - HEX_AT_ONCE)} more bytes`, () => {
      pre.append(`\n${hexText(data, HEX_AT_ONCE)}`);
      more.remove();
    });
    return [pre, data.length > HEX_AT_ONCE && more];
  }

  /** @param {boolean} open */
  #toggle(open) {
    const box = this.#holder.querySelector('.tree');
    if (box) toggleAll(box, open);
  }

  async #copy() {
    if (this.#missing) await this.#load();
    const { data, text, valid } = this.#content;
    const format = view.get('format');
    const json = asJson(valid ? text : undefined);
    if (format === 'hex' || !valid) await copy(toHex(data), 'the payload in hex');
    else if (format === 'json' && json !== undefined)
      await copy(toJson(json), 'the payload as JSON');
    else await copy(text, 'the payload');
  }
}

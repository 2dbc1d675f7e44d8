// A field for a message's content as text, JSON or hex.

import { el, select } from './dom.js';
import { decodeUtf8, toHex } from './pure/format.js';

/** @type {[string, string][]} */
const FORMATS = [
  ['text', 'Text'],
  ['json', 'JSON'],
  ['hex', 'Hex'],
];

/** @param {string} text */
function fromHex(text) {
  const digits = text.replaceAll(/[\s:]/g, '');
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong) throw new Error(`This is not hexadecimal: ${wrong[0]} is not one of 0-9 and a-f.`);
  if (digits.length % 2)
    throw new Error('This is not hexadecimal: a byte has two digits, and one is left over.');
  return Uint8Array.from(digits.match(/../g) ?? [], (code) => Number.parseInt(code, 16));
}

export class ContentEditor {
  /** @param {string} label @param {Uint8Array} [data] */
  constructor(label, data = new Uint8Array()) {
    this.format = select('Format', FORMATS, 'text', () => this.#convert());
    this.area = el('textarea', { 'aria-label': label, spellcheck: 'false', rows: 4 });
    this.was = this.original = '';
    this.set(data);
  }

  /** @param {Uint8Array} data */
  set(data) {
    const [text, valid] = decodeUtf8(data);
    this.format.value = this.was = valid ? 'text' : 'hex';
    this.area.value = this.original = valid ? text : toHex(data);
  }

  get changed() {
    return this.area.value !== this.original;
  }

  /** The bytes as they would be sent; throws an Error that says what is wrong. */
  get data() {
    return this.format.value === 'hex'
      ? fromHex(this.area.value)
      : new TextEncoder().encode(this.area.value);
  }

  /** What the API takes; throws an Error that says what is wrong. */
  get body() {
    const text = this.area.value;
    if (this.format.value === 'hex') return { hex: toHex(fromHex(text)).replaceAll(' ', '') };
    if (this.format.value === 'json') {
      try {
        JSON.parse(text);
      } catch (error) {
        throw new Error(`This is not JSON: ${/** @type {Error} */ (error).message}`);
      }
    }
    return { text }; // JSON as it was written, not as a program would write it
  }

  #convert() {
    const to = this.format.value;
    const text = this.area.value;
    try {
      if (this.was === 'hex' && to !== 'hex') this.area.value = decodeUtf8(fromHex(text))[0];
      else if (to === 'hex' && this.was !== 'hex')
        this.area.value = toHex(new TextEncoder().encode(text));
      if (to === 'json') this.area.value = JSON.stringify(JSON.parse(this.area.value), null, 2);
    } catch {
      // what is not in the format yet stays as it is, and sending says what is wrong
    }
    this.was = to;
  }
}

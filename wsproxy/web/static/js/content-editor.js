// A field for a message's content as text, JSON or hex.

import { el, select } from './dom.js';
import { decodeUtf8, toHex } from './format.js';

const FORMATS = [['text', 'Text'], ['json', 'JSON'], ['hex', 'Hex']];

export class ContentEditor {
  constructor(label, data = new Uint8Array()) {
    const [text, valid] = decodeUtf8(data);
    this.format = select('Format', FORMATS, valid ? 'text' : 'hex', () => this.#convert());
    this.area = el('textarea', { 'aria-label': label, spellcheck: 'false', rows: 4, value: valid ? text : toHex(data) });
    this.was = this.format.value;
    this.original = this.area.value;
  }

  set(data) {
    const [text, valid] = decodeUtf8(data);
    this.format.value = this.was = valid ? 'text' : 'hex';
    this.area.value = this.original = valid ? text : toHex(data);
  }

  get changed() {
    return this.area.value !== this.original;
  }

  /** What the API takes; throws an Error that says what is wrong. */
  get body() {
    const text = this.area.value;
    if (this.format.value === 'hex') return { hex: text.replaceAll(/[\s:]/g, '') };
    if (this.format.value === 'json') {
      try {
        JSON.parse(text);
      } catch (error) {
        throw new Error(`This is not JSON: ${error.message}`);
      }
    }
    return { text }; // JSON as it was written, not as a program would write it
  }

  #convert() {
    const to = this.format.value;
    const text = this.area.value;
    if (this.was === 'hex' && to !== 'hex') {
      const codes = text.replaceAll(/[\s:]/g, '').match(/../g) ?? [];
      this.area.value = decodeUtf8(Uint8Array.from(codes, (code) => parseInt(code, 16)))[0];
    } else if (to === 'hex' && this.was !== 'hex') {
      this.area.value = toHex(new TextEncoder().encode(text));
    }
    if (to === 'json') {
      try {
        this.area.value = JSON.stringify(JSON.parse(this.area.value), null, 2);
      } catch { /* what is no JSON yet stays as it is */ }
    }
    this.was = to;
  }
}

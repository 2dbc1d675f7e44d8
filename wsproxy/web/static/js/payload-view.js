// A payload as JSON tree, text, hex or decoded. A payload is {base64, length, recorded, text}.

import { download } from './api.js';
import { asJson, decode } from './decoders.js';
import { button, el } from './dom.js';
import { shown } from './escape.js';
import { bytes, count, decodeUtf8, fromBase64 } from './format.js';
import { tree } from './json-tree.js';
import { view } from './view.js';

const TEXT_AT_ONCE = 32 * 1024;
const HEX_AT_ONCE = 8 * 1024;
const FORMATS = [['auto', 'Auto'], ['json', 'JSON'], ['text', 'Text'], ['hex', 'Hex'], ['decoded', 'Decoded']];

/** The payload with buttons for its formats; `source` is where all of it can be had. */
export function payloadView(payload, source) {
  const data = fromBase64(payload.base64);
  const [text, valid] = decodeUtf8(data);
  const value = { data, text: valid ? text : undefined };
  const holder = el('div');
  const buttons = FORMATS.map(([key, label]) => button(label, () => view.set({ format: key }), { 'data-format': key }));
  const draw = () => {
    const format = view.get('format');
    for (const each of buttons) each.setAttribute('aria-pressed', String(each.dataset.format === format));
    holder.replaceChildren(...render(format, value, text, valid, payload));
  };
  const element = el('div', { class: 'payload' },
    el('div', { class: 'row', role: 'group', 'aria-label': 'Format of the payload' }, buttons,
      el('span', { class: 'grow' }),
      source ? button('Download', () => download(source.path, source.parameters), { class: 'plain', title: 'All that is recorded' }) : ''),
    about(payload, data), holder);
  element.redraw = draw;
  draw();
  return element;
}

function about(payload, data) {
  const notes = [];
  if (payload.recorded < payload.length) notes.push(`Only the first ${bytes(payload.recorded)} of ${bytes(payload.length)} were recorded.`);
  if (data.length < payload.recorded) notes.push(`The first ${bytes(data.length)} are shown here; the download has ${bytes(payload.recorded)}.`);
  return el('div', { class: notes.length ? 'note' : 'dim' }, notes.join(' ') || `${count(payload.length)} bytes`);
}

function render(format, value, text, valid, payload) {
  if (!value.data.length) return [el('div', { class: 'dim' }, 'no payload')];
  if (format === 'hex' || (format === 'auto' && !valid && !payload.text)) return [hex(value.data)];
  if (format === 'text') return asText(text, valid);
  if (format === 'decoded') {
    const found = decode(value);
    return found === undefined ? [el('div', { class: 'dim' }, 'No decoder knows this payload: neither Socket.IO, STOMP, MessagePack, JWT, JSON lines, a form nor base64.')] : [tree(found)];
  }
  const json = asJson(value);
  if (json !== undefined) return [tree(json)];
  if (format === 'json') return [el('div', { class: 'dim' }, 'This is not JSON.'), ...asText(text, valid)];
  const found = payload.text || valid ? undefined : decode(value);
  return found === undefined ? asText(text, valid) : [tree(found)];
}

function asText(text, valid) {
  const pre = el('pre', { class: 'untrusted', dir: 'auto' }, shown(text.slice(0, TEXT_AT_ONCE)));
  const nodes = valid ? [pre] : [el('div', { class: 'note' }, 'This is not UTF-8; wrong bytes are written as \\xNN.'), pre];
  if (text.length > TEXT_AT_ONCE) {
    const more = button(`Show ${count(text.length - TEXT_AT_ONCE)} more characters`, () => {
      pre.append(...shown(text.slice(TEXT_AT_ONCE)));
      more.remove();
    });
    nodes.push(more);
  }
  return nodes;
}

/** Offsets, bytes and characters, 16 a line. */
export function hexText(data, from = 0, to = data.length) {
  const lines = [];
  for (let at = from; at < Math.min(to, data.length); at += 16) {
    const line = data.subarray(at, Math.min(at + 16, data.length));
    const codes = Array.from(line, (b) => b.toString(16).padStart(2, '0'));
    const left = codes.slice(0, 8).join(' ').padEnd(23);
    const right = codes.slice(8).join(' ').padEnd(23);
    const text = Array.from(line, (b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : '·')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${left}  ${right}  ${text}`);
  }
  return lines.join('\n');
}

function hex(data) {
  const pre = el('pre', { class: 'hex', tabindex: 0, 'aria-label': 'Hexadecimal' }, hexText(data, 0, HEX_AT_ONCE));
  if (data.length <= HEX_AT_ONCE) return pre;
  const more = button(`Show ${count(data.length - HEX_AT_ONCE)} more bytes`, () => {
    pre.append(`\n${hexText(data, HEX_AT_ONCE)}`);
    more.remove();
  });
  return el('div', {}, pre, more);
}

// A frame's header drawn bit by bit, 32 to a line, as RFC 6455 (section 5.2) does.

import { el } from './dom.js';
import { label } from './pure/format.js';

/** @import { Frame } from './types' */
/** @typedef {[name: string, bits: number, value: string | number, title: string, broken?: boolean]} Field */

/**
 * @param {Frame} frame
 * @returns {Field[]} of its header
 */
function fields(frame) {
  const header = (frame.header.match(/../g) ?? []).map((text) => Number.parseInt(text, 16));
  const [first = 0, second = 0] = header;
  const broken = new Set(frame.violations.map((violation) => violation.rule));
  const bit = (/** @type {number} */ n) => (first >> (7 - n)) & 1;
  /** @type {Field[]} */
  const list = [
    ['FIN', 1, bit(0), bit(0) ? 'the last frame of its message' : 'more fragments follow'],
    [
      'RSV1',
      1,
      bit(1),
      bit(1) ? 'set: compressed, or an unknown extension' : '',
      broken.has('rsv-bits'),
    ],
    ['RSV2', 1, bit(2), '', broken.has('rsv-bits') && bit(2) === 1],
    ['RSV3', 1, bit(3), '', broken.has('rsv-bits') && bit(3) === 1],
    [
      'opcode',
      4,
      `0x${(first & 15).toString(16).toUpperCase()} ${label(frame.opcode)}`,
      'what kind of frame it is',
      broken.has('reserved-opcode'),
    ],
  ];
  if (header.length < 2) return list;
  const short = second & 127;
  const masked = second >> 7;
  const wrongMask = broken.has('unmasked-client-frame') || broken.has('masked-server-frame');
  const wrongLength = broken.has('length-not-minimal') || broken.has('length-too-large');
  list.push([
    'MASK',
    1,
    masked,
    masked ? 'the payload is masked' : 'the payload is not masked',
    wrongMask,
  ]);
  list.push([
    'Payload len',
    7,
    short,
    short > 125 ? 'the length follows' : 'the length, in bytes',
    wrongLength,
  ]);
  if (short === 126)
    list.push([
      'Extended payload length',
      16,
      frame.payload_length,
      'the length, in bytes',
      wrongLength,
    ]);
  if (short === 127)
    list.push([
      'Extended payload length',
      64,
      frame.payload_length,
      'the length, in bytes',
      wrongLength,
    ]);
  if (masked && frame.masking_key)
    list.push(['Masking-key', 32, `0x${frame.masking_key}`, 'what the payload is XORed with']);
  return list;
}

/** The drawing. @param {Frame} frame */
export function bits(frame) {
  const body = el('tbody');
  let line = el('tr');
  let used = 0;
  /** @type {(name: string, size: number, value: string | number, title: string, bad?: boolean, continued?: boolean) => void} */
  const put = (name, size, value, title, bad = false, continued = false) => {
    const cell = el(
      'td',
      {
        colspan: size,
        title: `${name}: ${value}${title ? ` – ${title}` : ''}`,
        class: `${bad ? 'broken' : size === 1 && value ? 'on' : ''}${size === 1 ? ' narrow' : ''}`,
      },
      el('b', {}, continued ? '…' : String(value)),
      el('span', {}, continued ? `${name} (continued)` : name),
    );
    line.append(cell);
    used += size;
    if (used === 32) {
      body.append(line);
      line = el('tr');
      used = 0;
    }
  };
  for (const [name, size, value, title, bad] of fields(frame)) {
    let left = size;
    while (left > 0) {
      const part = Math.min(left, 32 - used);
      put(name, part, value, title, bad, left < size);
      left -= part;
    }
  }
  if (used || frame.payload_length) {
    put(
      frame.payload_length ? 'Payload data' : 'no payload',
      used ? 32 - used : 32,
      frame.payload_length ? `${frame.payload_length} bytes` : '–',
      frame.masked ? 'masked on the wire, shown unmasked' : '',
      false,
      false,
    );
  }
  const numbers = Array.from({ length: 32 }, (_, n) => el('th', { scope: 'col' }, String(n % 10)));
  return el(
    'table',
    { class: 'bits' },
    el('caption', { class: 'visually-hidden' }, 'The header, 32 bits a line'),
    el('thead', {}, el('tr', {}, numbers)),
    body,
  );
}

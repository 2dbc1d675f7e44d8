// Numbers, times and bytes for people.

const NUMBER = new Intl.NumberFormat('en');

/** @param {number} number */
export const count = (number) => NUMBER.format(number);

/**
 * `1 row`, `2 rows`.
 * @param {number} number
 * @param {string} word
 * @param {string} [words] the plural, where it is not the word with an s
 */
export const counted = (number, word, words = `${word}s`) =>
  `${count(number)} ${number === 1 ? word : words}`;

/** @param {number} number */
export function bytes(number) {
  if (number < 1000) return `${number} B`;
  let left = number;
  for (const unit of ['kB', 'MB', 'GB']) {
    left /= 1000;
    if (left < 1000 || unit === 'GB') return `${left.toFixed(left < 10 ? 1 : 0)} ${unit}`;
  }
  return '';
}

/** @param {number} number */
export function rate(number) {
  return number >= 10 || number === 0 ? count(Math.round(number)) : number.toFixed(1);
}

/** @param {number} n */
const two = (n) => String(n).padStart(2, '0');

/**
 * `12:00:01.123`, local time, 24 hours.
 * @param {number} seconds since the epoch
 */
export function clock(seconds) {
  const date = new Date(seconds * 1000);
  const millis = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${millis}`;
}

/**
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  return `${hours ? `${hours}:` : ''}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** @param {string} text */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** @param {number} byte */
export const hexByte = (byte) => byte.toString(16).padStart(2, '0');

/** @param {Uint8Array} data */
export const toHex = (data) => Array.from(data, hexByte).join(' ');

/**
 * Offsets, bytes and characters, 16 a line.
 * @param {Uint8Array} data
 * @param {number} [from]
 * @param {number} [to]
 */
export function hexText(data, from = 0, to = data.length) {
  const lines = [];
  for (let at = from; at < Math.min(to, data.length); at += 16) {
    const line = data.subarray(at, Math.min(at + 16, data.length));
    const codes = Array.from(line, hexByte);
    const left = codes.slice(0, 8).join(' ').padEnd(23);
    const right = codes.slice(8).join(' ').padEnd(23);
    const text = Array.from(line, (b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : '·'));
    lines.push(`${at.toString(16).padStart(8, '0')}  ${left}  ${right}  ${text.join('')}`);
  }
  return lines.join('\n');
}

/**
 * UTF-8, with bytes that are not as `\xNN`: the text, and whether all of it was UTF-8.
 * @param {Uint8Array} data
 * @returns {[string, boolean]}
 */
export function decodeUtf8(data) {
  try {
    return [new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data), true];
  } catch {
    return [escapeInvalid(data), false];
  }
}

const GLANCE = 4096; // characters that tell text from bytes

/** Whether somebody would call it text, for bytes that happen to be UTF-8. @param {string} text */
export const isReadable = (text) =>
  !/\p{Cc}/u.test(text.slice(0, GLANCE).replaceAll(/[\t\n\r]/g, ''));

/** @param {Uint8Array} data */
function escapeInvalid(data) {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const parts = [];
  for (let at = 0; at < data.length; ) {
    const byte = data[at] ?? 0;
    const size = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    try {
      parts.push(decoder.decode(data.subarray(at, at + size)));
      at += size;
    } catch {
      parts.push(`\\x${hexByte(byte)}`);
      at += 1;
    }
  }
  return parts.join('');
}

/** @type {Record<number, string>} */
const CLOSE_NAMES = {
  1000: 'normal',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no status',
  1006: 'abnormal',
  1007: 'invalid data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'mandatory extension',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
};

/** @param {number} code */
export const closeName = (code) => CLOSE_NAMES[code] ?? '';

/**
 * How loud a close code is: 1000 and 1001 are quiet, 1002 and 1007 say that somebody broke the
 * protocol, all others deserve a look.
 * @param {number | null | undefined} code
 * @returns {'quiet' | 'warn' | 'bad'}
 */
export function closeTone(code) {
  if (code === 1000 || code === 1001) return 'quiet';
  return code === 1002 || code === 1007 ? 'bad' : 'warn';
}

/**
 * `TEXT`, `CONT`, `0xb`: an opcode's name as lists show it.
 * @param {string} opcode
 */
export function label(opcode) {
  if (opcode === 'continuation') return 'CONT';
  return opcode.startsWith('0x') ? opcode : opcode.toUpperCase();
}

/**
 * Whether an opcode is a control frame's: 0x8 and above.
 * @param {string} opcode
 */
export const isControl = (opcode) =>
  ['close', 'ping', 'pong'].includes(opcode) || /^0x[b-f]$/.test(opcode);

/**
 * `↑ up` and `↓ down`: the one way to say a direction.
 * @param {'upstream' | 'downstream'} direction
 */
export const arrow = (direction) => (direction === 'upstream' ? '↑' : '↓');

/** @param {'upstream' | 'downstream'} direction */
export const way = (direction) => (direction === 'upstream' ? 'up' : 'down');

// Numbers, times and bytes for people.

const NUMBER = new Intl.NumberFormat('en');

export const count = (number) => NUMBER.format(number);

export function bytes(number) {
  if (number < 1000) return `${number} B`;
  for (const unit of ['kB', 'MB', 'GB']) {
    number /= 1000;
    if (number < 1000 || unit === 'GB') return `${number.toFixed(number < 10 ? 1 : 0)} ${unit}`;
  }
  return '';
}

export function rate(number) {
  return number >= 10 || number === 0 ? count(Math.round(number)) : number.toFixed(1);
}

/** `12:00:01.123`, local time. */
export function clock(seconds) {
  const date = new Date(seconds * 1000);
  const two = (n) => String(n).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(
    date.getMilliseconds()).padStart(3, '0')}`;
}

export function duration(seconds) {
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  return `${hours ? `${hours}:` : ''}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

export const toHex = (data) => Array.from(data, (b) => b.toString(16).padStart(2, '0')).join(' ');

/** UTF-8, with bytes that are none as `\xNN`: [text, whether all of it was UTF-8]. */
export function decodeUtf8(data) {
  try {
    return [new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data), true];
  } catch {
    return [escapeInvalid(data), false];
  }
}

function escapeInvalid(data) {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const parts = [];
  for (let at = 0; at < data.length;) {
    const size = data[at] < 0x80 ? 1 : data[at] >= 0xf0 ? 4 : data[at] >= 0xe0 ? 3 : 2;
    try {
      parts.push(decoder.decode(data.subarray(at, at + size)));
      at += size;
    } catch {
      parts.push(`\\x${data[at].toString(16).padStart(2, '0')}`);
      at += 1;
    }
  }
  return parts.join('');
}

export const closeName = (code) => ({
  1000: 'normal', 1001: 'going away', 1002: 'protocol error', 1003: 'unsupported data',
  1005: 'no status', 1006: 'abnormal', 1007: 'invalid data', 1008: 'policy violation',
  1009: 'message too big', 1010: 'mandatory extension', 1011: 'internal error',
  1012: 'service restart', 1013: 'try again later', 1014: 'bad gateway',
})[code] ?? '';

/** `TEXT`, `CONT`, `0xb`: an opcode's name as lists show it. */
export function label(opcode) {
  if (opcode === 'continuation') return 'CONT';
  return opcode.startsWith('0x') ? opcode : opcode.toUpperCase();
}

/** Whether an opcode is a control frame's: 0x8 and above. */
export const isControl = (opcode) => ['close', 'ping', 'pong'].includes(opcode) || opcode >= '0xb';

// @ts-nocheck -- the server decodes from now on; these go when rows carry its summaries
// What a payload says in the formats that travel over WebSockets. Each decoder takes
// {data, text} and gives a value to be shown as a tree, or undefined where the payload is none of
// its kind.

import { parseJson as parse } from './pure/json.js';

/** @typedef {{data: Uint8Array, text: string | undefined}} Content */

const ENGINE = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'];
const SOCKET = ['connect', 'disconnect', 'event', 'ack', 'error', 'binary event', 'binary ack'];

/** @param {Pick<Content, 'text'>} content */
function socketIo({ text }) {
  const match = /^([0-6])(?:([0-6])(?:\d+-)?(\/[^,]*,)?(\d+)?)?([[{"].*)?$/s.exec(text ?? '');
  if (!match || (text.length > 1 && match[5] === undefined && match[1] !== '4')) return undefined;
  const [, engine, socket, namespace, id, rest] = match;
  const value = { 'Engine.IO': ENGINE[engine] };
  if (socket !== undefined) value['Socket.IO'] = SOCKET[socket];
  if (namespace) value.namespace = namespace.slice(0, -1);
  if (id) value.id = Number(id);
  if (rest) value.data = parse(rest) ?? rest;
  return value;
}

/** @param {Pick<Content, 'text'>} content */
function stomp({ text }) {
  const match = /^([A-Z]+)\r?\n((?:[^\n:]+:[^\n]*\n)*)\r?\n([\s\S]*)\0\s*$/.exec(text ?? '');
  if (!match) return undefined;
  const headers = Object.fromEntries(
    match[2]
      .trim()
      .split(/\r?\n/)
      .filter(Boolean)
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1)];
      }),
  );
  return { STOMP: match[1], headers, body: parse(match[3]) ?? match[3] };
}

/** @param {Pick<Content, 'text'>} content */
function base64({ text }) {
  if (!/^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(text ?? '')) return undefined;
  try {
    const inner = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return { base64: parse(inner) ?? inner };
  } catch {
    return undefined;
  }
}

/** @param {Pick<Content, 'text'>} content */
function jwt({ text }) {
  const parts = /^(?:Bearer )?(eyJ[\w-]+)\.([\w-]+)\.[\w-]*$/.exec((text ?? '').trim());
  if (!parts) return undefined;
  const [header, claims] = parts
    .slice(1)
    .map((part) => base64({ text: part.padEnd(16, '=') })?.base64);
  return header ? { JWT: header, claims } : undefined;
}

/** @param {Pick<Content, 'text'>} content */
function form({ text }) {
  if (!/^[\w.%+-]+=[^\s]*(&[\w.%+-]+=[^\s]*)*$/.test(text ?? '')) return undefined;
  return { form: Object.fromEntries(new URLSearchParams(text)) };
}

/** MessagePack (https://msgpack.org), all of the payload or nothing. @param {Content} content */
function messagePack({ data }) {
  if (!data.length || data[0] < 0x80 || data.length > 1 << 20) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let at = 0;
  const take = (size) => {
    if (at + size > data.length) throw new RangeError('too short');
    at += size;
    return at - size;
  };
  const text = (size) =>
    new TextDecoder('utf-8', { fatal: true }).decode(data.subarray(take(size), at));
  const raw = (size) => ({
    bytes: Array.from(data.subarray(take(size), at), (b) => b.toString(16).padStart(2, '0')).join(
      ' ',
    ),
  });
  const list = (size) => Array.from({ length: size }, () => read());
  const map = (size) => {
    const value = {};
    for (let n = 0; n < size; n += 1) {
      const key = read();
      value[typeof key === 'object' ? JSON.stringify(key) : String(key)] = read();
    }
    return value;
  };
  const length = (code, first) =>
    [() => view.getUint8(take(1)), () => view.getUint16(take(2)), () => view.getUint32(take(4))][
      code - first
    ]();
  function read() {
    const code = data[take(1)];
    if (code < 0x80) return code;
    if (code < 0x90) return map(code & 15);
    if (code < 0xa0) return list(code & 15);
    if (code < 0xc0) return text(code & 31);
    if (code >= 0xe0) return code - 256;
    if (code >= 0xd9 && code <= 0xdb) return text(length(code, 0xd9));
    if (code >= 0xc4 && code <= 0xc6) return raw(length(code, 0xc4));
    if (code >= 0xc7 && code <= 0xc9) return extension(length(code, 0xc7));
    if (code >= 0xd4 && code <= 0xd8) return extension(1 << (code - 0xd4));
    switch (code) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return view.getFloat32(take(4));
      case 0xcb:
        return view.getFloat64(take(8));
      case 0xcc:
        return view.getUint8(take(1));
      case 0xcd:
        return view.getUint16(take(2));
      case 0xce:
        return view.getUint32(take(4));
      case 0xcf:
        return view.getBigUint64(take(8));
      case 0xd0:
        return view.getInt8(take(1));
      case 0xd1:
        return view.getInt16(take(2));
      case 0xd2:
        return view.getInt32(take(4));
      case 0xd3:
        return view.getBigInt64(take(8));
      case 0xdc:
        return list(view.getUint16(take(2)));
      case 0xdd:
        return list(view.getUint32(take(4)));
      case 0xde:
        return map(view.getUint16(take(2)));
      case 0xdf:
        return map(view.getUint32(take(4)));
      default:
        throw new RangeError('no MessagePack');
    }
  }
  const extension = (size) => ({ extension: view.getInt8(take(1)), ...raw(size) });
  try {
    const value = read();
    return at === data.length ? { MessagePack: value } : undefined;
  } catch {
    return undefined;
  }
}

/** @param {Pick<Content, 'text'>} content */
function lines({ text }) {
  const parts = (text ?? '').split('\n').filter((line) => line.trim());
  if (parts.length < 2 || parts.length > 5000) return undefined;
  const values = parts.map(parse);
  return values.every((value) => value !== undefined) ? { 'JSON lines': values } : undefined;
}

const DECODERS = [socketIo, stomp, jwt, lines, form, base64, messagePack];

/** What the first decoder that understands the payload makes of it. @param {Content} payload */
export function decode(payload) {
  for (const decoder of DECODERS) {
    const value = decoder(payload);
    if (value !== undefined) return value;
  }
  return undefined;
}

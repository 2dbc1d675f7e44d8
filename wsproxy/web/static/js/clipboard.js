// Everything that can be copied: rows, payloads, values, commands.

import { get, getBytes } from './api.js';
import { toast } from './dom.js';
import { curl, curlRequest, python, websocat } from './pure/copy.js';
import { arrow, clock, counted, decodeUtf8, label, toHex } from './pure/format.js';
import { status } from './status.js';

/** @import { ConnectionDetail, Frame, Row } from './types' */

/** @param {string} text @param {string} what */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea'); // no clipboard without HTTPS or loopback
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  toast(`Copied ${what}`);
}

/** All that is recorded of a frame's message, or of the frame. @param {number} id */
export async function contentOf(id) {
  /** @type {Frame} */
  const frame = await get(`/frames/${id}`);
  const part = frame.ends_message ? 'content' : 'frame';
  return { frame, data: await getBytes(`/frames/${id}/payload`, { part }) };
}

/** @param {Row[]} rows */
export function copyRows(rows) {
  const lines = rows.map((row) =>
    [
      clock(row.time),
      `#${row.connection}`,
      arrow(row.direction),
      label(row.opcode),
      row.payload_length,
      row.preview,
    ].join('\t'),
  );
  return copy(lines.join('\n'), lines.length === 1 ? 'the row' : `${lines.length} rows`);
}

/** As `--log-format jsonl` has them. @param {Row[]} rows */
export async function copyJsonLines(rows) {
  const lines = await getBytes('/export', { ids: rows.map(({ id }) => id).join(',') });
  return copy(decodeUtf8(lines)[0], `${counted(rows.length, 'row')} as JSON lines`);
}

/** @param {number} id */
export async function copyPayload(id) {
  const { data } = await contentOf(id);
  const [text, valid] = decodeUtf8(data);
  return copy(valid ? text : toHex(data), valid ? 'the payload' : 'the payload in hex');
}

/** @param {number} id */
export async function copyHex(id) {
  return copy(toHex((await contentOf(id)).data), 'the payload in hex');
}

/**
 * @param {number} id of the connection
 * @returns {Promise<import('./pure/copy.js').Target>}
 */
async function target(id) {
  /** @type {ConnectionDetail} */
  const connection = await get(`/connections/${id}`);
  const base = status.value?.proxy ?? '';
  return { url: base + connection.target, headers: connection.request_headers };
}

/** @param {number} id of a frame */
export async function copyWebsocat(id) {
  const { frame, data } = await contentOf(id);
  return copy(websocat(await target(frame.connection), decodeUtf8(data)[0]), 'a websocat command');
}

/** @param {number} id of a frame */
export async function copyPython(id) {
  const { frame, data } = await contentOf(id);
  const [text, valid] = decodeUtf8(data);
  return copy(python(await target(frame.connection), valid ? text : data), 'a Python script');
}

/** @param {number} connection */
export async function copyCurl(connection) {
  return copy(curl(await target(connection)), 'the handshake as cURL');
}

/** @param {import('./types').HttpDetail} request */
export async function copyRequest(request) {
  const { id, method, target: path, upstream, request_headers: headers, request: asked } = request;
  const data = asked.recorded ? await getBytes(`/http/${id}/body`, { part: 'request' }) : null;
  const [body, isText] = data ? decodeUtf8(data) : [null, true];
  const proxy = status.value?.proxy;
  const url = proxy ? proxy + path : upstream;
  const command = curlRequest({ method, url, headers }, isText ? body : null);
  return copy(command, isText ? 'the request as cURL' : 'cURL without the body, which is no text');
}

/** @param {number} connection */
export async function copyConnect(connection) {
  return copy(websocat(await target(connection)), 'a websocat command');
}

// Commands and lines of code that do what was seen.

/** @param {string} text a word of a POSIX shell */
export const shellQuote = (text) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** Headers that a client makes anew for each handshake. */
const OWN = new Set([
  'host',
  'upgrade',
  'connection',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
  'content-length',
]);

/** @param {[string, string][]} headers */
const kept = (headers) => headers.filter(([name]) => !OWN.has(name.toLowerCase()));

/**
 * @typedef {object} Target
 * @property {string} url of the proxy, with the path
 * @property {[string, string][]} headers of the client's request
 */

/**
 * @param {Target} target
 * @param {string} [message] sent at once
 */
export function websocat(target, message) {
  const parts = ['websocat'];
  for (const [name, value] of kept(target.headers))
    parts.push('-H', shellQuote(`${name}: ${value}`));
  parts.push(shellQuote(target.url));
  return message === undefined
    ? parts.join(' ')
    : `printf '%s\\n' ${shellQuote(message)} | ${parts.join(' ')}`;
}

/**
 * @param {Target} target
 * @param {Uint8Array | string} message
 */
export function python(target, message) {
  const sent =
    typeof message === 'string'
      ? JSON.stringify(message)
      : `bytes.fromhex("${Array.from(message, (b) => b.toString(16).padStart(2, '0')).join('')}")`;
  const headers = kept(target.headers).filter(
    ([name]) => name.toLowerCase() !== 'sec-websocket-protocol',
  );
  const more = headers.length
    ? `, additional_headers=[${headers.map(([n, v]) => `(${JSON.stringify(n)}, ${JSON.stringify(v)})`).join(', ')}]`
    : '';
  return [
    'from websockets.sync.client import connect',
    '',
    `with connect(${JSON.stringify(target.url)}${more}) as socket:`,
    `    socket.send(${sent})`,
    '    print(socket.recv())',
    '',
  ].join('\n');
}

/**
 * A request of plain HTTP.
 * @param {Target & {method: string}} target
 * @param {string | null} body as text; null where there is none
 */
export function curlRequest({ method, url, headers }, body) {
  const parts = ['curl', '-i', '-X', shellQuote(method)];
  for (const [name, value] of kept(headers)) parts.push('-H', shellQuote(`${name}: ${value}`));
  if (body !== null) parts.push('--data-binary', shellQuote(body));
  return [...parts, shellQuote(url.replace(/^ws/, 'http'))].join(' ');
}

/**
 * The opening handshake.
 * @param {Target} target
 */
export function curl(target) {
  const parts = ['curl', '--http1.1', '-i', '-N'];
  for (const [name, value] of target.headers) {
    if (name.toLowerCase() !== 'host') parts.push('-H', shellQuote(`${name}: ${value}`));
  }
  return [...parts, shellQuote(target.url.replace(/^ws/, 'http'))].join(' ');
}

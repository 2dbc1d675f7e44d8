// What an empty page says: how to get traffic here.

import { copy } from '../clipboard.js';
import { button, el } from '../dom.js';
import { chooseFile } from '../dropped.js';
import { status } from '../status.js';

export function startHelp() {
  const { proxy = '', upstream = '' } = status.value ?? {};
  if (!proxy) return 'Nothing has passed yet.';
  const line = (/** @type {string} */ title, /** @type {string} */ code) => [
    el('dt', {}, title),
    el(
      'dd',
      {},
      el('code', {}, code),
      button('Copy', () => copy(code, title.toLowerCase()), {
        class: 'plain',
        'aria-label': `Copy ${title.toLowerCase()}`,
      }),
    ),
  ];
  return el(
    'div',
    { class: 'start' },
    el('h2', {}, 'Nothing has passed yet'),
    el('p', {}, `Point your client at ${proxy} instead of ${upstream}.`),
    el(
      'dl',
      {},
      line('The URL of the proxy', proxy),
      line('A terminal', `websocat ${proxy}`),
      line('A browser', `new WebSocket(${JSON.stringify(proxy)})`),
      line('An earlier capture', 'wsproxy view CAPTURE'),
    ),
    button('Open a capture…', chooseFile),
    el(
      'p',
      { class: 'dim' },
      'Or drop a file here: zip, JSON lines, HAR, mitmproxy flows, pcapng.',
    ),
  );
}

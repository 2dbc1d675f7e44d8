// A connection: how it stands, and both sides' headers.

import { get } from '../api.js';
import { copyConnect, copyCurl } from '../clipboard.js';
import { connections } from '../connections.js';
import { attempt, button, el } from '../dom.js';
import { shown } from '../escape.js';
import { facts, goTo } from '../facts.js';
import { bytes, clock, count, counted, duration } from '../pure/format.js';
import { stateClass, stateText } from './connections.js';

/** @import { Child, ConnectionDetail, RoundTrips } from '../types' */

/** @param {number} id @param {AbortSignal} signal @returns {Promise<Child>} */
export async function connectionTab(id, signal) {
  /** @type {[ConnectionDetail, RoundTrips]} */
  const [connection, trips] = await Promise.all([
    get(`/connections/${id}`, {}, signal),
    get(`/connections/${id}/round-trips`, { limit: 100 }, signal),
  ]);
  const state = stateText(connection);
  const headers = (/** @type {[string, string][]} */ list) =>
    el(
      'table',
      { class: 'headers' },
      el(
        'tbody',
        {},
        list.map(([name, value]) =>
          el(
            'tr',
            {},
            el('th', { scope: 'row' }, shown(name)),
            el('td', { class: 'untrusted' }, shown(value)),
          ),
        ),
      ),
    );
  const { summary, pairs } = trips;
  return [
    facts([
      ['State', el('span', { class: stateClass(connection) }, state)],
      ['Ended by', connection.by],
      ['Reason', connection.reason],
      ['Instance', connection.instance],
      ['Client', connection.client],
      ['Upstream', connection.upstream],
      ['Opened', clock(connection.opened)],
      ['Duration', duration((connection.closed ?? connections.now) - connection.opened)],
      ['Subprotocol', connection.subprotocol],
      ['Extensions', connection.extensions],
      ['↑ up', `${count(connection.frames.upstream)} frames, ${bytes(connection.bytes.upstream)}`],
      [
        '↓ down',
        `${count(connection.frames.downstream)} frames, ${bytes(connection.bytes.downstream)}`,
      ],
      [
        'Answer time',
        summary.count && summary.median !== undefined && summary.p95 !== undefined
          ? `median ${duration(summary.median)}, 95 % within ${duration(summary.p95)} (${counted(summary.count, 'round trip')})`
          : '',
      ],
    ]),
    el(
      'div',
      { class: 'row' },
      button('Copy as cURL', () => attempt(() => copyCurl(id))),
      button('Copy as websocat', () => attempt(() => copyConnect(id))),
    ),
    el(
      'section',
      {},
      el('h3', {}, 'Request'),
      el('code', { class: 'untrusted' }, shown(`GET ${connection.target} HTTP/1.1`)),
      headers(connection.request_headers),
    ),
    el(
      'section',
      {},
      el('h3', {}, 'Response'),
      connection.status
        ? [
            el(
              'code',
              { class: 'untrusted' },
              shown(`HTTP/1.1 ${connection.status} ${connection.response_reason}`),
            ),
            headers(connection.response_headers),
          ]
        : 'none yet',
    ),
    pairs.length > 0 &&
      el(
        'section',
        {},
        el('h3', {}, 'Round trips'),
        el(
          'div',
          { class: 'links' },
          pairs
            .slice(-30)
            .reverse()
            .map((pair) =>
              goTo(
                pair.request,
                `${pair.key} ${pair.seconds === null ? 'unanswered' : duration(pair.seconds)}`,
              ),
            ),
        ),
      ),
  ];
}

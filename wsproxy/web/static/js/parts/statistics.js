// The whole capture in numbers, each with a way to what it counts.

import { get } from '../api.js';
import { button, el, fill, messageOf } from '../dom.js';
import { facts } from '../facts.js';
import { filterBy } from '../filtering.js';
import { Latest } from '../latest.js';
import { exactly } from '../pure/filter.js';
import { bytes, clock, count, counted, duration } from '../pure/format.js';
import { view } from '../view.js';

/** @import { Child, Statistics } from '../types' */

class StatisticsPanel extends HTMLElement {
  #latest = new Latest();
  #about = el('span', { role: 'status' });
  #body = el('div', { class: 'numbers' });

  connectedCallback() {
    this.className = 'tool';
    this.append(
      el(
        'div',
        { class: 'row' },
        button('Count again', () => this.#load()),
        this.#about,
      ),
      this.#body,
    );
    this.#load();
  }

  disconnectedCallback() {
    this.#latest.begin();
  }

  async #load() {
    const signal = this.#latest.begin();
    this.#about.textContent = 'Counting all that is captured…';
    try {
      /** @type {Statistics} */
      const found = await get('/stats', {}, signal);
      if (signal.aborted) return;
      this.#about.textContent = `The whole capture, as it was at ${clock(Date.now() / 1000)}`;
      fill(this.#body, numbers(found), kinds(found));
    } catch (error) {
      if (!signal.aborted) this.#about.textContent = messageOf(error);
    }
  }
}

/** @param {Statistics} found @returns {Child} */
function numbers(found) {
  const { connections, sessions, reconnects, since, until } = found;
  const seconds = (until ?? 0) - (since ?? 0);
  const way = (/** @type {'upstream' | 'downstream'} */ name) => {
    const { frames, messages, bytes: size } = found[name];
    const rate = seconds > 0 ? `, ${(messages / seconds).toFixed(1)} messages a second` : '';
    return `${counted(frames, 'frame')}, ${counted(messages, 'message')}, ${bytes(size)}${rate}`;
  };
  return facts([
    ['Time', since === null ? '' : `${duration(seconds)} from ${clock(since)} on`],
    [
      'Connections',
      `${count(connections)} in ${counted(sessions, 'session')}, ${counted(reconnects, 'reconnect')}`,
    ],
    ['Endings', listed(found.endings)],
    ['↑ up', way('upstream')],
    ['↓ down', way('downstream')],
    ['Broken rules', some(found.violations, (rule) => filterBy(`~rule ${exactly(rule)}`))],
    ['Silences', found.gaps.length > 0 && found.gaps.map(silence)],
    ['Plain HTTP', listed(found.http)],
    ['Left out', listed(found.left_out)],
  ]);
}

/** @param {Record<string, number>} counts */
const listed = (counts) =>
  Object.entries(counts)
    .map(([name, number]) => `${count(number)} ${name}`)
    .join(', ');

/** @param {Record<string, number>} counts @param {(name: string) => void} list @returns {Child} */
function some(counts, list) {
  const entries = Object.entries(counts);
  return entries.length
    ? entries.map(([name, number]) =>
        button(`${count(number)} ${name}`, () => list(name), {
          class: 'plain untrusted',
          title: 'List these frames',
        }),
      )
    : '';
}

/** Shown with a second before and after it. @param {Statistics['gaps'][number]} gap */
const silence = ({ since, seconds }) =>
  button(
    `${duration(seconds)} from ${clock(since)} on`,
    () => view.set({ since: since - 1, until: since + seconds + 1 }),
    { class: 'plain', title: 'List what passed before and after' },
  );

/** @param {Statistics} found @returns {Child} */
function kinds({ kinds: all }) {
  if (!all.length) return el('p', { class: 'dim' }, 'No decoder knows any of these messages.');
  const most = Math.max(...all.map(({ packets }) => packets));
  /** @type {[string, string][]} */
  const heads = [
    ['Protocol', ''],
    ['Kind', ''],
    ['Count', 'number'],
    ['Unanswered', 'number'],
    ['50 % within', 'number'],
    ['95 % within', 'number'],
    ['99 % within', 'number'],
    ['Share', ''],
  ];
  return el(
    'table',
    { class: 'kinds' },
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        heads.map(([text, look]) => el('th', { scope: 'col', class: look }, text)),
      ),
    ),
    el(
      'tbody',
      {},
      all.map(({ protocol, kind, packets, requests, unanswered, p50, p95, p99 }) =>
        el(
          'tr',
          {},
          el('td', {}, protocol),
          el(
            'td',
            {},
            button(kind, () => view.set({ kind, pane: 'frames' }), {
              class: 'plain untrusted',
              title: 'List these messages',
            }),
          ),
          el('td', { class: 'number' }, count(packets)),
          el(
            'td',
            { class: `number${unanswered ? ' bad' : ''}` },
            requests > 0 && count(unanswered),
          ),
          [p50, p95, p99].map((time) =>
            el('td', { class: 'number' }, time === null ? '' : duration(time)),
          ),
          el(
            'td',
            {},
            el('progress', { max: most, value: packets, 'aria-label': `share of ${kind}` }),
          ),
        ),
      ),
    ),
  );
}

customElements.define('wsp-statistics', StatisticsPanel);

// The instances of the fleet that is shown: who is there, how late each is, what is in force.

import { get } from '../api.js';
import { attempt, el, fill } from '../dom.js';
import { bytes, clock, count, counted, duration, rate } from '../pure/format.js';
import { view } from '../view.js';

/**
 * @typedef {object} Instance
 * @property {string} instance
 * @property {boolean} alive
 * @property {number} last_seen
 * @property {number} [revision]
 * @property {string} [refused]
 * @property {boolean} [control]
 * @property {number} [lag]
 * @property {number} [backlog]
 * @property {number} [connections]
 * @property {number} [sent]
 * @property {number} [rate]
 * @property {number} [skew]
 * @property {string} [version]
 * @property {string} [url]
 * @property {Record<string, number>} [faults]
 */

/** @typedef {{time?: number, by?: string, what?: string, revision?: number}} Change */

/** @typedef {{instances: unknown[], events: unknown[], revision: number, pending: number, trouble: string, unreadable: number}} Fleet */

const LOOK = 1000; // milliseconds
const CHANGES = 5; // that are listed

const COLUMNS = ['Instance', 'State', 'Open', 'Sent', 'Rate', 'Behind'];
const ORDERS = ['Faults in force', 'Newest change', 'Version'];

class InstancesPanel extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    this.className = 'tool';
    this.#timer = window.setInterval(() => this.#look(), LOOK);
    this.#look();
  }

  disconnectedCallback() {
    window.clearInterval(this.#timer);
  }

  #look() {
    return attempt(async () => this.#draw(await get('/fleet')));
  }

  /** @param {Fleet} fleet */
  #draw(fleet) {
    const instances = /** @type {Instance[]} */ (fleet.instances);
    const facts = [
      fleet.trouble && `nothing comes at the moment: ${fleet.trouble}`,
      fleet.pending > 0 && `${count(fleet.pending)} messages of the stream are still to come`,
      fleet.unreadable > 0 && `${count(fleet.unreadable)} could not be read`,
    ].filter(Boolean);
    fill(
      this,
      facts.length > 0 && el('p', { class: 'note' }, facts.join('; ')),
      instances.length
        ? el(
            'table',
            {},
            el(
              'thead',
              {},
              el(
                'tr',
                {},
                [...COLUMNS, ...ORDERS].map((name) => el('th', { scope: 'col' }, name)),
              ),
            ),
            el(
              'tbody',
              {},
              instances.map((one) => this.#row(one, fleet.revision)),
            ),
          )
        : el('p', { class: 'dim' }, 'No instance yet: wsproxy run URL --fleet … joins.'),
      this.#changes(/** @type {Change[]} */ (fleet.events)),
    );
  }

  /** Who changed what is in force, the newest first. @param {Change[]} events */
  #changes(events) {
    const newest = events.slice(-CHANGES).reverse();
    return (
      newest.length > 0 &&
      el(
        'ul',
        { class: 'changes', 'aria-label': 'Changes' },
        newest.map(({ time, what, by }) =>
          el(
            'li',
            {},
            el('span', { class: 'dim' }, time ? `${clock(time)} ` : ''),
            el('span', { class: 'untrusted' }, `${what}, by ${by}`),
          ),
        ),
      )
    );
  }

  /** @param {Instance} one @param {number} revision */
  #row(one, revision) {
    const state = one.alive ? 'alive' : `gone since ${clock(one.last_seen)}`;
    const faults = Object.entries(one.faults ?? {}).map(
      ([name, n]) => `${name} (${counted(n, 'strike')})`,
    );
    const [orders, bad] = taken(one, revision);
    return el(
      'tr',
      {},
      el(
        'td',
        {},
        el(
          'button',
          {
            class: 'plain untrusted',
            title: 'List what went through it',
            onclick: () => view.set({ q: `~instance ^${one.instance}$` }),
          },
          one.instance,
        ),
      ),
      el('td', { class: one.alive ? '' : 'bad' }, state),
      el('td', {}, one.alive ? count(one.connections ?? 0) : ''),
      el('td', {}, count(one.sent ?? 0)),
      el('td', {}, one.rate ? `${rate(one.rate)}/s` : ''),
      el('td', {}, one.backlog ? `${duration(one.lag ?? 0)}, ${bytes(one.backlog)}` : ''),
      el('td', { class: 'untrusted' }, one.alive ? faults.join(', ') : ''),
      el('td', { class: `untrusted ${bad ? 'bad' : ''}` }, orders),
      el('td', { class: 'untrusted' }, one.version ?? ''),
    );
  }
}

/**
 * Whether an instance has taken the newest change, in words, and whether that is bad.
 * @param {Instance} one
 * @param {number} revision
 * @returns {[string, boolean]}
 */
function taken(one, revision) {
  if (!one.alive) return ['', false];
  if (one.control === false) return ['may only be watched', false];
  if (one.refused) return [`refused: ${one.refused}`, true];
  if (!revision) return ['', false];
  return one.revision === revision ? ['taken', false] : ['not taken yet', true];
}

customElements.define('wsp-instances', InstancesPanel);

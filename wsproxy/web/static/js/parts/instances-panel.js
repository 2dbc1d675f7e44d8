// The instances of the fleet that is shown: who is there, how late each is, what is in force.

import { get } from '../api.js';
import { attempt, el, fill } from '../dom.js';
import { bytes, clock, count, duration } from '../pure/format.js';
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
 * @property {number} [skew]
 * @property {string} [version]
 * @property {string} [url]
 * @property {Record<string, number>} [faults]
 */

const LOOK = 1000; // milliseconds

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

  /** @param {{instances: unknown[], revision: number, pending: number, trouble: string, unreadable: number}} fleet */
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
                ['Instance', 'State', 'Open', 'Sent', 'Behind', 'Faults in force', 'Version'].map(
                  (name) => el('th', { scope: 'col' }, name),
                ),
              ),
            ),
            el(
              'tbody',
              {},
              instances.map((one) => this.#row(one, fleet.revision)),
            ),
          )
        : el('p', { class: 'dim' }, 'No instance yet: wsproxy run URL --fleet … joins.'),
    );
  }

  /** @param {Instance} one @param {number} revision */
  #row(one, revision) {
    const state = one.alive ? 'alive' : `gone since ${clock(one.last_seen)}`;
    const faults = Object.entries(one.faults ?? {}).map(([name, n]) => `${name} (${count(n)})`);
    const taken = one.revision === revision || !revision;
    const orders =
      one.control === false
        ? 'may only be watched'
        : one.refused || (taken ? '' : 'has not taken the newest change');
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
      el('td', {}, count(one.connections ?? 0)),
      el('td', {}, count(one.sent ?? 0)),
      el('td', {}, one.backlog ? `${duration(one.lag ?? 0)}, ${bytes(one.backlog)}` : ''),
      el('td', { class: 'untrusted' }, [faults.join(', '), orders].filter(Boolean).join('; ')),
      el('td', { class: 'untrusted' }, one.version ?? ''),
    );
  }
}

customElements.define('wsp-instances', InstancesPanel);

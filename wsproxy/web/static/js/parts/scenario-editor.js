// A scenario file, written here: checked while it is typed, with the errors of the command line.

import { get, post } from '../api.js';
import { attempt, button, el, messageOf } from '../dom.js';
import { Latest } from '../latest.js';
import { pref, setPref } from '../prefs.js';

const WAIT_MS = 300;
const EXAMPLE = `name: a bad day
seed: 7
faults:
  - name: slow server
    type: latency
    attributes: {latency: 200ms, jitter: 50ms}
    after: 5s
  - type: drop
    direction: upstream
    probability: 0.01
`;

export class ScenarioEditor {
  #applied;
  #latest = new Latest();
  #timer = 0;
  #area = el('textarea', {
    class: 'mono wide',
    'aria-label': 'Scenario',
    rows: 12,
    spellcheck: 'false',
    value: pref('scenario', EXAMPLE),
    oninput: () => this.#typed(),
  });
  #numbers = el('pre', { class: 'line-numbers', 'aria-hidden': 'true' });
  #said = el('div', { class: 'said-scenario', role: 'status' });
  #apply = button('Put in place of all faults', () => this.#put(), { class: 'primary' });

  /** @param {() => void} applied called when the faults are those of the scenario */
  constructor(applied) {
    this.#applied = applied;
    const file = el('input', {
      type: 'file',
      accept: '.yaml,.yml,.json',
      class: 'visually-hidden',
      tabindex: -1,
      'aria-label': 'Scenario file',
      onchange: () => attempt(() => this.#load(file)),
    });
    this.#area.addEventListener('scroll', () => {
      this.#numbers.scrollTop = this.#area.scrollTop;
    });
    this.element = el(
      'div',
      { class: 'scenario' },
      el('div', { class: 'lined' }, this.#numbers, this.#area),
      this.#said,
      el(
        'div',
        { class: 'row' },
        this.#apply,
        button('Load a file…', () => file.click()),
        file,
        button('Take the faults in force', () => attempt(() => this.#take())),
      ),
    );
    this.#check();
  }

  async #put() {
    const done = await attempt(
      () => post('/faults/scenario', { text: this.#area.value }),
      'Scenario loaded',
    );
    if (done) this.#applied();
  }

  /** @param {HTMLInputElement} file */
  async #load(file) {
    const text = await file.files?.[0]?.text();
    file.value = '';
    if (text === undefined) return;
    this.#area.value = text;
    this.#typed();
    await this.#put();
  }

  /** As JSON, which is YAML as well. */
  async #take() {
    const { faults, seed } = await get('/faults');
    const lines = faults.map((/** @type {Record<string, unknown>} */ { strikes: _, ...fault }) => {
      const said = Object.entries(fault).filter(([, value]) => value !== null);
      return `  - ${JSON.stringify(Object.fromEntries(said))}`;
    });
    this.#area.value = `seed: ${seed}\nfaults:${lines.length ? `\n${lines.join('\n')}` : ' []'}\n`;
    this.#typed();
  }

  #typed() {
    setPref('scenario', this.#area.value);
    this.#number();
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#check(), WAIT_MS);
  }

  #number(wrong = 0) {
    const lines = this.#area.value.split('\n').length;
    this.#numbers.replaceChildren(
      ...Array.from({ length: lines }, (_, line) =>
        el('span', { class: line + 1 === wrong ? 'wrong' : '' }, `${line + 1}\n`),
      ),
    );
  }

  async #check() {
    const signal = this.#latest.begin();
    let [text, wrong] = ['', false];
    try {
      const { explanations } = await post('/faults/check', { text: this.#area.value });
      text = explanations.join('\n') || 'No faults: this would remove all.';
    } catch (error) {
      [text, wrong] = [messageOf(error), true];
    }
    if (signal.aborted) return;
    this.#said.textContent = text;
    this.#said.classList.toggle('bad', wrong);
    this.#area.setAttribute('aria-invalid', String(wrong));
    this.#number(wrong ? Number(/line (\d+)/.exec(text)?.[1] ?? 0) : 0);
    this.#apply.disabled = wrong;
  }
}

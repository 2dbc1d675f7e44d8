// What passed over time: up above the line, down below it, faults as bands.

import { get } from '../api.js';
import { button, el, messageOf, select } from '../dom.js';
import { feed } from '../feed.js';
import { Latest } from '../latest.js';
import { bytes, clock, count, counted, duration } from '../pure/format.js';
import { view } from '../view.js';

/** @import { TimelineData } from '../types' */
/** @typedef {(time: number) => number} Scale */

/** @type {[string, string][]} */
const MEASURES = [
  ['messages', 'Messages'],
  ['bytes', 'Bytes'],
  ['largest', 'Largest frame'],
];
const BUCKETS = 240;

class Timeline extends HTMLElement {
  /** @type {TimelineData | null} */
  #data = null;
  /** From and to, when zoomed. @type {[number, number] | null} */
  #span = null;
  /** @type {[number, number] | null} */
  #drag = null;
  #loaded = false;
  #latest = new Latest();
  #lastLoad = 0;
  #pause = 1000; // milliseconds between two loads
  #canvas = el('canvas', { class: 'chart', tabindex: 0, role: 'img' });
  #measure = select('What is drawn', MEASURES, 'messages', () => this.#draw());
  #about = el('span', { role: 'status' });
  #latency = el('span');
  #observer = new ResizeObserver(() => this.#draw());
  #redraw = () => this.#draw();
  /** @type {(() => void)[]} */
  #ends = [];

  connectedCallback() {
    this.className = 'tool';
    this.append(
      el(
        'div',
        { class: 'legend' },
        this.#measure,
        el('span', { class: 'up' }, el('i'), '↑ up'),
        el('span', { class: 'down' }, el('i'), '↓ down'),
        el('span', { class: 'fault' }, el('i'), 'faults'),
        button('+', () => this.#zoom(0.5), { 'aria-label': 'Zoom in' }),
        button('−', () => this.#zoom(2), { 'aria-label': 'Zoom out' }),
        button('All', () => this.#all()),
        button('List this range', () => this.#list()),
        this.#about,
        this.#latency,
      ),
      this.#canvas,
    );
    this.#canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        this.#zoom(event.deltaY > 0 ? 1.5 : 1 / 1.5, this.#timeAt(event));
      },
      { passive: false },
    );
    this.#canvas.addEventListener('pointerdown', (event) => {
      this.#drag = [event.offsetX, event.offsetX];
      this.#canvas.setPointerCapture(event.pointerId);
    });
    this.#canvas.addEventListener('pointermove', (event) => this.#move(event));
    this.#canvas.addEventListener('pointerup', () => this.#select());
    this.#canvas.addEventListener('keydown', (event) => this.#key(event));
    this.#observer.observe(this.#canvas);
    addEventListener('theme', this.#redraw);
    this.#ends = [
      view.on(['connection'], () => this.#all()),
      feed.on('batch', () => {
        if (!this.#span && performance.now() - this.#lastLoad > this.#pause) this.#load();
      }),
    ];
    this.#load();
  }

  disconnectedCallback() {
    this.#observer.disconnect();
    for (const end of this.#ends) end();
    removeEventListener('theme', this.#redraw);
  }

  async #load() {
    if (!this.isConnected) return;
    this.#lastLoad = performance.now();
    const signal = this.#latest.begin();
    const connection = view.get('connection');
    const [since, until] = this.#span ?? [];
    try {
      const where = { connection, since, until, buckets: BUCKETS };
      const { timeline } = await get('/timeline', where, signal);
      // What takes long is not asked for often: the proxy has other things to do.
      this.#pause = Math.max(1000, 20 * (performance.now() - this.#lastLoad));
      this.#loaded = true;
      this.#data = timeline;
      this.#draw();
      this.#latency.textContent = '';
      if (!connection) return;
      const { summary } = await get(
        `/connections/${connection}/round-trips`,
        { limit: 500 },
        signal,
      );
      if (summary.count)
        this.#latency.textContent = `answers: median ${duration(summary.median)}, 95 % within ${duration(summary.p95)}, longest ${duration(summary.max)}`;
    } catch (error) {
      if (!signal.aborted) this.#about.textContent = messageOf(error);
    }
  }

  #draw() {
    const canvas = this.#canvas;
    const scale = devicePixelRatio;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width) return;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const ctx = canvas.getContext('2d');
    if (!ctx) return;
    ctx.scale(scale, scale);
    const style = getComputedStyle(this);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name);
    ctx.font = `11px ${colour('--sans')}`;
    ctx.fillStyle = colour('--dim');
    const data = this.#data;
    if (!data) {
      const text = this.#loaded ? 'Nothing has passed yet.' : 'Loading…';
      ctx.fillText(text, 10, 20);
      this.#canvas.setAttribute('aria-label', `Timeline: ${text}`);
      return;
    }
    const measure = this.#measure.value;
    const values = data.buckets.map(({ messages, control, bytes: size, largest }) => {
      if (measure === 'messages') return [messages[0] + control[0], messages[1] + control[1]];
      return measure === 'bytes' ? size : largest;
    });
    const most = Math.max(1, ...values.flat());
    const middle = (height - 16) / 2;
    const step = width / values.length;
    this.#bands(ctx, data.strikes, width, height, colour('--bad'));
    values.forEach(([up = 0, down = 0], index) => {
      const x = index * step;
      const wide = Math.max(step - 0.5, 1);
      ctx.fillStyle = colour('--up');
      const above = up ? Math.max((up / most) * (middle - 12), 1.5) : 0;
      ctx.fillRect(x, middle - above, wide, above);
      ctx.fillStyle = colour('--down');
      const below = down ? Math.max((down / most) * (middle - 12), 1.5) : 0;
      ctx.fillRect(x, middle + 1, wide, below);
    });
    ctx.fillStyle = colour('--line');
    ctx.fillRect(0, middle, width, 1);
    this.#axis(ctx, data, width, height, colour('--dim'));
    const end = data.start + data.step * data.buckets.length;
    ctx.fillText(
      `${measure === 'messages' ? count(most) : bytes(most)} in ${duration(data.step)}`,
      6,
      11,
    );
    if (this.#drag) {
      ctx.fillStyle = colour('--accent');
      ctx.globalAlpha = 0.2;
      ctx.fillRect(Math.min(...this.#drag), 0, Math.abs(this.#drag[1] - this.#drag[0]), height);
      ctx.globalAlpha = 1;
    }
    this.#describe(data, end);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {TimelineData} data @param {number} width @param {number} height @param {string} colour */
  #axis(ctx, data, width, height, colour) {
    ctx.fillStyle = colour;
    const ticks = Math.max(2, Math.floor(width / 150));
    for (let n = 0; n < ticks; n += 1) {
      const x = (n / ticks) * width;
      const time = data.start + (data.step * data.buckets.length * n) / ticks;
      ctx.fillRect(x, height - 15, 1, 4);
      ctx.fillText(clock(time), x + 3, height - 4);
    }
  }

  /** Where faults struck, the deeper the more. @param {CanvasRenderingContext2D} ctx @param {number[]} strikes @param {number} width @param {number} height @param {string} colour */
  #bands(ctx, strikes, width, height, colour) {
    const most = Math.max(...strikes);
    ctx.fillStyle = colour;
    strikes.forEach((times, bucket) => {
      if (!times) return;
      ctx.globalAlpha = 0.2 + (0.25 * times) / most;
      const wide = width / strikes.length;
      ctx.fillRect(bucket * wide - 1, 0, Math.max(wide, 3), height - 16);
    });
    ctx.globalAlpha = 1;
  }

  /** @param {TimelineData} data @param {number} end */
  #describe(data, end) {
    const up = data.buckets.reduce((sum, { messages }) => sum + messages[0], 0);
    const down = data.buckets.reduce((sum, { messages }) => sum + messages[1], 0);
    const strikes = data.strikes.reduce((sum, times) => sum + times, 0);
    let gap = 0;
    let run = 0;
    for (const bucket of data.buckets) {
      run = bucket.bytes[0] + bucket.bytes[1] ? 0 : run + data.step;
      gap = Math.max(gap, run);
    }
    const text = `${duration(end - data.start)}: ↑ ${count(up)} ↓ ${count(down)} messages, longest gap ${duration(gap)}${strikes ? `, ${counted(strikes, 'fault strike')}` : ''}`;
    this.#about.textContent = text;
    this.#canvas.setAttribute(
      'aria-label',
      `Timeline from ${clock(data.start)} to ${clock(end)}: ${text}`,
    );
  }

  /** @param {{offsetX: number}} event */
  #timeAt(event) {
    return this.#data
      ? this.#data.start +
          (event.offsetX / this.#canvas.clientWidth) * this.#data.step * this.#data.buckets.length
      : 0;
  }

  /** @returns {[number, number]} */
  get #range() {
    const { start = 0, step = 0, buckets = [] } = this.#data ?? {};
    return [start, start + step * buckets.length];
  }

  /** @param {number} factor @param {number} [centre] */
  #zoom(factor, centre) {
    if (!this.#data) return;
    const [from, to] = this.#range;
    const middle = centre ?? (from + to) / 2;
    this.#span = [middle - (middle - from) * factor, middle + (to - middle) * factor];
    this.#load();
  }

  #all() {
    this.#span = null;
    this.#load();
  }

  #list() {
    if (!this.#data) return;
    const [from, to] = this.#range;
    view.set({ since: from.toFixed(6), until: to.toFixed(6) }, { push: true });
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#data) return;
    const bucket =
      this.#data.buckets[
        Math.floor((event.offsetX / this.#canvas.clientWidth) * this.#data.buckets.length)
      ];
    if (bucket)
      this.#canvas.title = `${clock(this.#timeAt(event))}: ↑ ${bucket.messages[0]} ↓ ${bucket.messages[1]} messages, ↑ ${bytes(bucket.bytes[0])} ↓ ${bytes(bucket.bytes[1])}`;
    if (!this.#drag) return;
    this.#drag[1] = event.offsetX;
    this.#draw();
  }

  #select() {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag || !this.#data || Math.abs(drag[1] - drag[0]) < 4) {
      this.#draw();
      return;
    }
    const [from, to] = [Math.min(...drag), Math.max(...drag)];
    this.#span = [this.#timeAt({ offsetX: from }), this.#timeAt({ offsetX: to })];
    this.#load();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.#data) return;
    const [from, to] = this.#range;
    const move = (/** @type {number} */ share) => {
      this.#span = [from + (to - from) * share, to + (to - from) * share];
      this.#load();
    };
    const action = {
      '+': () => this.#zoom(0.5),
      '-': () => this.#zoom(2),
      ArrowLeft: () => move(-0.25),
      ArrowRight: () => move(0.25),
      0: () => this.#all(),
    }[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  }
}

customElements.define('wsp-timeline', Timeline);

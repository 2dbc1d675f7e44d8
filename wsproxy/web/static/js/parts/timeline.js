// What passed over time: up above the line, down below it, faults as bands.

import { get } from '../api.js';
import { button, el, messageOf, select } from '../dom.js';
import { feed } from '../feed.js';
import { Latest } from '../latest.js';
import { bytes, clock, count, duration } from '../pure/format.js';
import { view } from '../view.js';

/** @import { Bucket, TimelineData } from '../types' */
/** @typedef {'messages' | 'bytes' | 'largest'} Measure */

/** @type {[Measure, string][]} */
const MEASURES = [
  ['messages', 'Messages'],
  ['bytes', 'Bytes'],
  ['largest', 'Largest frame'],
];
const BUCKETS = 240;
const MAX_STRIKES = 2000; // that the API lists

/** @param {Bucket} bucket @param {Measure} measure @returns {[up: number, down: number]} */
function measured(bucket, measure) {
  if (measure !== 'messages') return bucket[measure];
  const { messages, control } = bucket;
  return [messages[0] + control[0], messages[1] + control[1]];
}

/** The first and the last moment of what is drawn. @param {TimelineData} data */
const rangeOf = (data) => ({
  from: data.start,
  to: data.start + data.step * data.buckets.length,
});

class Timeline extends HTMLElement {
  /** @type {TimelineData | null} */
  #data = null;
  /** @type {[from: number, to: number] | null} */
  #span = null; // when zoomed
  /** @type {[from: number, to: number] | null} */
  #drag = null; // in pixels
  #loaded = false;
  #latest = new Latest();
  #lastLoad = 0;
  #pause = 1000; // milliseconds between two loads
  canvas = el('canvas', { class: 'chart', tabindex: 0, role: 'img' });
  measure = select('What is drawn', MEASURES, 'messages', () => this.#draw());
  about = el('span', { role: 'status' });
  latency = el('span');
  redraw = () => this.#draw();
  observer = new ResizeObserver(this.redraw);
  /** @type {(() => void)[]} */
  ends = [];

  connectedCallback() {
    this.className = 'tool';
    this.append(
      el(
        'div',
        { class: 'legend' },
        this.measure,
        el('span', { class: 'up' }, el('i'), '↑ up'),
        el('span', { class: 'down' }, el('i'), '↓ down'),
        el('span', { class: 'fault' }, el('i'), 'faults'),
        button('+', () => this.#zoom(0.5), { 'aria-label': 'Zoom in' }),
        button('−', () => this.#zoom(2), { 'aria-label': 'Zoom out' }),
        button('All', () => this.#all()),
        button('List this range', () => this.#list()),
        this.about,
        this.latency,
      ),
      this.canvas,
    );
    this.canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        this.#zoom(event.deltaY > 0 ? 1.5 : 1 / 1.5, this.#timeAt(event.offsetX));
      },
      { passive: false },
    );
    this.canvas.addEventListener('pointerdown', (event) => {
      this.#drag = [event.offsetX, event.offsetX];
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener('pointermove', (event) => this.#move(event));
    this.canvas.addEventListener('pointerup', () => this.#select());
    this.canvas.addEventListener('keydown', (event) => this.#key(event));
    this.observer.observe(this.canvas);
    addEventListener('theme', this.redraw);
    this.ends = [
      view.on(['connection'], () => this.#all()),
      feed.on('batch', () => {
        if (!this.#span && performance.now() - this.#lastLoad > this.#pause) this.#load();
      }),
    ];
    this.#load();
  }

  disconnectedCallback() {
    this.observer.disconnect();
    for (const end of this.ends) end();
    removeEventListener('theme', this.redraw);
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
      this.latency.textContent = '';
      if (!connection) return;
      const { summary } = await get(
        `/connections/${connection}/round-trips`,
        { limit: 500 },
        signal,
      );
      if (summary.count)
        this.latency.textContent = `answers: median ${duration(summary.median)}, 95 % within ${duration(summary.p95)}, longest ${duration(summary.max)}`;
    } catch (error) {
      if (!signal.aborted) this.about.textContent = messageOf(error);
    }
  }

  #draw() {
    const { canvas } = this;
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
      this.canvas.setAttribute('aria-label', `Timeline: ${text}`);
      return;
    }
    const measure = /** @type {Measure} */ (this.measure.value);
    const values = data.buckets.map((bucket) => measured(bucket, measure));
    const most = Math.max(1, ...values.flat());
    const middle = (height - 16) / 2;
    const step = width / values.length;
    this.#bands(ctx, data, width, height, colour('--bad'));
    values.forEach(([up, down], index) => {
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
    this.#describe(data);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {TimelineData} data
   * @param {number} width
   * @param {number} height
   * @param {string} colour
   */
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

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {TimelineData} data
   * @param {number} width
   * @param {number} height
   * @param {string} colour
   */
  #bands(ctx, data, width, height, colour) {
    const whole = data.step * data.buckets.length;
    ctx.fillStyle = colour;
    const marked = new Set();
    for (const fault of data.faults) {
      const x = Math.floor(((fault.time - data.start) / whole) * width);
      if (marked.has(x)) continue;
      marked.add(x);
      ctx.globalAlpha = 0.3;
      ctx.fillRect(x - 1, 0, Math.max(width / data.buckets.length, 3), height - 16);
    }
    ctx.globalAlpha = 1;
  }

  /** @param {TimelineData} data */
  #describe(data) {
    const { from, to } = rangeOf(data);
    let up = 0;
    let down = 0;
    let gap = 0;
    let run = 0;
    for (const bucket of data.buckets) {
      up += bucket.messages[0];
      down += bucket.messages[1];
      run = bucket.bytes[0] + bucket.bytes[1] ? 0 : run + data.step;
      gap = Math.max(gap, run);
    }
    const text = `${duration(to - from)}: ↑ ${count(up)} ↓ ${count(down)} messages, longest gap ${duration(gap)}${data.faults.length ? `, ${count(data.faults.length)}${data.faults.length >= MAX_STRIKES ? ' or more' : ''} fault strikes` : ''}`;
    this.about.textContent = text;
    this.canvas.setAttribute('aria-label', `Timeline from ${clock(from)} to ${clock(to)}: ${text}`);
  }

  /** @param {number} x in pixels */
  #timeAt(x) {
    if (!this.#data) return 0;
    const { from, to } = rangeOf(this.#data);
    return from + (x / this.canvas.clientWidth) * (to - from);
  }

  /** @param {number} factor below 1: nearer @param {number} [centre] the moment that stays */
  #zoom(factor, centre) {
    if (!this.#data) return;
    const { from, to } = rangeOf(this.#data);
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
    const { from, to } = rangeOf(this.#data);
    view.set({ since: from.toFixed(6), until: to.toFixed(6) }, { push: true });
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#data) return;
    const bucket =
      this.#data.buckets[
        Math.floor((event.offsetX / this.canvas.clientWidth) * this.#data.buckets.length)
      ];
    if (bucket)
      this.canvas.title = `${clock(this.#timeAt(event.offsetX))}: ↑ ${bucket.messages[0]} ↓ ${bucket.messages[1]} messages, ↑ ${bytes(bucket.bytes[0])} ↓ ${bytes(bucket.bytes[1])}`;
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
    this.#span = [this.#timeAt(Math.min(...drag)), this.#timeAt(Math.max(...drag))];
    this.#load();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.#data) return;
    const { from, to } = rangeOf(this.#data);
    const move = (/** @type {number} */ share) => {
      this.#span = [from + (to - from) * share, to + (to - from) * share];
      this.#load();
    };
    /** @type {Record<string, () => void>} */
    const actions = {
      '+': () => this.#zoom(0.5),
      '-': () => this.#zoom(2),
      ArrowLeft: () => move(-0.25),
      ArrowRight: () => move(0.25),
      0: () => this.#all(),
    };
    const action = actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  }
}

customElements.define('wsp-timeline', Timeline);

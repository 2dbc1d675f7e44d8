// The rows of a list that may have millions: known by their place, fetched in pieces where
// somebody looks, extended by what the feed brings.

import { get } from './api.js';
import { isAbort, messageOf } from './dom.js';
import { feed } from './feed.js';
import { Latest } from './latest.js';
import { sortedRows } from './sorted.js';

/** @import { Batch, Page, Row, Update } from './types' */
/** @typedef {ReturnType<typeof import('./pure/state.js').queryOf>} Query */
/** @typedef {{columns: string[], colours: string[], hit: string}} Extras */
/** @typedef {{controller: AbortController, done: Promise<void>}} Fetching */

const PIECE = 100;
const MAX_PIECES = 80; // the memory of the page stays bounded: 8,000 rows
const RESYNC_MS = 300;
const REFETCH_MS = 200;
const WAIT_MS = 1000;
const MAX_KINDS = 30; // that are offered as filters

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether time alone makes messages match. @param {string} filter */
const waits = (filter) => /~unanswered\b/.test(filter);

/** @param {{connection: number, direction: string, message: number | null}} row */
const messageKey = (row) => `${row.connection}/${row.direction}/${row.message}`;

export class Rows extends EventTarget {
  searching = false;
  paused = false;
  error = '';
  #total = 0;
  /** Frames that a search could look at in part only. */
  cut = 0;
  /** @type {Query | null} */
  #query = null;
  /** @type {Extras} */
  #extras = { columns: [], colours: [], hit: '' };
  /** What decoders call the messages that were fetched so far. @type {Set<string>} */
  kinds = new Set();
  /** The rows in another order than they came. @type {Row[] | null} */
  sorted = null;
  #sorting = new Latest();
  /** @type {Map<number, (Row | undefined)[]>} */
  #pieces = new Map();
  /** Places of the rows that end messages. @type {Map<string, number>} */
  #ends = new Map();
  /** @type {Map<number, Fetching>} */
  #fetching = new Map();
  /** @type {Map<number, number>} */
  #fetchedAt = new Map();
  #again = 0;
  #upto = 0;
  #generation = 0;
  #subscribed = false; // until then, batches are those of the list before
  #reopened = false;
  #timer = 0;
  #ticking = 0;
  #lastSync = 0;

  constructor() {
    super();
    feed.on('batch', (batch) => this.#heard(batch));
    feed.on('behind', () => this.sync());
    feed.on('subscribed', ({ tag }) => {
      this.#subscribed ||= tag === String(this.#generation);
    });
    feed.on('open', () => {
      this.#reopened = true; // perhaps another proxy with another capture
      if (this.#query) this.sync();
    });
  }

  /** Rows of the list: of those that are sorted where they are. */
  get total() {
    return this.sorted?.length ?? this.#total;
  }

  /** Rows of the whole list. */
  get all() {
    return this.#total;
  }

  /** List other rows. @param {Query} query @param {Extras} [extras] what each row says beyond itself */
  open(query, extras = this.#extras) {
    this.#query = query;
    this.#extras = extras;
    this.#anew();
    this.#total = 0;
    this.#upto = 0;
    this.error = '';
    this.searching = true;
    this.#unsort();
    this.#changed();
    return this.#sync();
  }

  /** Fetch the same rows with other extras. @param {Extras} extras */
  extend(extras) {
    if (JSON.stringify(extras) === JSON.stringify(this.#extras)) return;
    this.#extras = extras;
    if (!this.#query) return;
    this.#anew();
    this.#changed();
    this.sync();
  }

  /**
   * List some rows (sorted.js) in another order; null lists all as they came. What comes meanwhile is
   * not sorted in: who reads a sorted list wants it to stand still.
   * @param {((a: Row, b: Row) => number) | null} compare
   * @param {string} order what the comparison is by, as the view has it
   */
  async sort(compare, order) {
    this.#unsort();
    if (!compare) return this.#changed();
    const signal = this.#sorting.begin();
    try {
      const sorted = await sortedRows(this.#parameters, order, compare, signal);
      if (signal.aborted) return;
      this.sorted = sorted;
      this.error = '';
    } catch (error) {
      if (signal.aborted) return;
      this.error = messageOf(error);
    }
    this.#changed();
  }

  #unsort() {
    this.#sorting.begin();
    this.sorted = null;
  }

  get #parameters() {
    const { columns, colours, hit } = this.#extras;
    return { ...this.#query, column: columns, colour: colours, hit };
  }

  /** Nothing that is known holds any more: fetch and subscribe anew. */
  #anew() {
    this.#generation += 1;
    this.#subscribed = false;
    this.#forget();
    this.#fetchedAt.clear();
    for (const { controller } of this.#fetching.values()) controller.abort();
    this.#fetching.clear();
    clearInterval(this.#ticking);
    const query = this.#query;
    if (!query) return;
    // What matches because nothing happens is told by no feed.
    if (waits(query.filter)) this.#ticking = window.setInterval(() => this.sync(), WAIT_MS);
    feed.subscribe({
      connection: query.connection ? Number(query.connection) : null,
      filter: query.filter,
      control: query.control === '1',
      fragments: query.fragments === '1',
      tag: String(this.#generation),
      ...this.#extras,
    });
  }

  /**
   * The row at a place; undefined while it is being fetched.
   * @param {number} place
   */
  at(place) {
    if (this.sorted) return this.sorted[place];
    const number = Math.floor(place / PIECE);
    const piece = this.#pieces.get(number);
    const row = piece?.[place % PIECE];
    if (piece && row) {
      this.#pieces.delete(number); // used last: moves to the end
      this.#pieces.set(number, piece);
      return row;
    }
    if (place < this.#total) this.#want(number);
    return undefined;
  }

  /** The row at a place, once it is there. @param {number} place */
  async fetched(place) {
    for (let tries = 0; tries < 40 && place < this.total; tries += 1) {
      const row = this.at(place);
      if (row) return row;
      await this.#fetching.get(Math.floor(place / PIECE))?.done;
      await pause(10);
    }
    return this.at(place);
  }

  /** The rows that the page has at the moment. */
  *known() {
    if (this.sorted) yield* this.sorted;
    for (const piece of this.#pieces.values()) {
      for (const row of piece) if (row) yield row;
    }
  }

  /**
   * The place of a frame, or -1 where it is not listed.
   * @param {string | number} id
   * @param {AbortSignal} [signal]
   */
  async placeOf(id, signal) {
    if (this.sorted) return this.sorted.findIndex((row) => row.id === Number(id));
    /** @type {Page} */
    const page = await get('/frames', { ...this.#query, after: Number(id) - 1, limit: 1 }, signal);
    return page.rows[0]?.id === Number(id) ? page.offset : -1;
  }

  /** Find out how many rows there are now. */
  sync() {
    if (this.#timer || this.paused) return;
    const wait = Math.max(0, this.#lastSync + RESYNC_MS - performance.now());
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.#sync();
    }, wait);
  }

  /** Stop or go on taking in what is new; the traffic does not notice. @param {boolean} paused */
  pause(paused) {
    this.paused = paused;
    if (!paused) this.#sync();
    this.#changed();
  }

  async #sync() {
    const generation = this.#generation;
    this.#lastSync = performance.now();
    try {
      for (;;) {
        /** @type {Page} */
        const page = await get('/frames', { ...this.#parameters, offset: -PIECE, limit: PIECE });
        if (generation !== this.#generation) return;
        this.searching = !page.complete;
        this.#take(page, true);
        if (page.complete) break;
        await pause(20);
      }
      this.error = '';
    } catch (error) {
      if (generation !== this.#generation) return;
      this.searching = false;
      this.error = messageOf(error);
    }
    this.#changed();
  }

  /** @param {Page} page @param {boolean} settles */
  #take(page, settles) {
    if (this.#reopened && settles) {
      this.#reopened = false;
      if (page.upto < this.#upto) {
        this.#upto = 0;
        this.#forget();
      }
    }
    if (page.upto >= this.#upto && (settles || page.total > this.#total)) {
      // What was trimmed or found later has moved the places of all other rows.
      if (page.total < this.#total || this.#disagrees(page)) this.#forget();
      this.#total = page.total;
      this.#upto = page.upto;
    }
    this.cut = page.cut;
    page.rows.forEach((row, index) => {
      this.#put(page.offset + index, row);
    });
    this.#changed();
  }

  /** Whether other rows stand where these are now. @param {Page} page */
  #disagrees({ offset, rows }) {
    return rows.some((row, index) => {
      const place = offset + index;
      const known = this.#pieces.get(Math.floor(place / PIECE))?.[place % PIECE];
      return known !== undefined && known.id !== row.id;
    });
  }

  #forget() {
    this.#pieces.clear();
    this.#ends.clear();
  }

  /** @param {number} place @param {Row} row */
  #put(place, row) {
    const number = Math.floor(place / PIECE);
    let piece = this.#pieces.get(number);
    if (!piece) {
      piece = new Array(PIECE);
      this.#pieces.set(number, piece);
      if (this.#pieces.size > MAX_PIECES) this.#dropOldest();
    }
    piece[place % PIECE] = row;
    if (row.kind && this.kinds.size < MAX_KINDS) this.kinds.add(row.kind);
    if (row.fin && row.message !== null) this.#ends.set(messageKey(row), place);
  }

  #dropOldest() {
    const oldest = this.#pieces.entries().next().value;
    if (!oldest) return;
    const [number, piece] = oldest;
    this.#pieces.delete(number);
    for (const row of piece) if (row) this.#ends.delete(messageKey(row));
  }

  /** @param {number} number */
  #want(number) {
    if (this.#fetching.has(number)) return;
    // A row that the feed told of and the store lacks yet: look again, but not without end.
    if (performance.now() - (this.#fetchedAt.get(number) ?? -Infinity) < REFETCH_MS) {
      this.#again ||= window.setTimeout(() => {
        this.#again = 0;
        this.#changed();
      }, REFETCH_MS);
      return;
    }
    if (this.#fetchedAt.size > MAX_PIECES) this.#fetchedAt.clear();
    // Who scrolls on does not want the pieces that were passed by.
    for (const [passed, { controller }] of this.#fetching) {
      if (this.#fetching.size < 4) break;
      controller.abort();
      this.#fetchedAt.delete(passed);
      this.#fetching.delete(passed);
    }
    const controller = new AbortController();
    this.#fetchedAt.set(number, performance.now());
    this.#fetching.set(number, { controller, done: this.#fetch(number, controller) });
  }

  /** @param {number} number @param {AbortController} controller */
  async #fetch(number, controller) {
    const generation = this.#generation;
    try {
      const where = { offset: number * PIECE, limit: PIECE };
      const page = await get('/frames', { ...this.#parameters, ...where }, controller.signal);
      if (generation === this.#generation) this.#take(page, false);
    } catch (error) {
      if (!isAbort(error) && generation === this.#generation) {
        this.error = messageOf(error);
        this.#changed();
      }
    } finally {
      if (this.#fetching.get(number)?.controller === controller) this.#fetching.delete(number);
    }
  }

  /** @param {Batch} batch */
  #heard(batch) {
    if (this.paused || !this.#query) return;
    for (const update of batch.updates) {
      if (!('note' in update)) this.#update(update);
      else if (/~(note|marked)\b/.test(this.#query.filter)) this.sync();
    }
    const news = batch.frames;
    if (!news || !this.#subscribed || this.searching || news.to <= this.#upto) return;
    const timed = this.#query.since || this.#query.until;
    const counts = !news.skipped || (!this.#query.filter && news.from === this.#upto + 1);
    if (news.from > this.#upto + 1 || !counts || timed) {
      this.sync();
      return;
    }
    this.#total += news.skipped;
    for (const row of news.rows) {
      if (row.id <= this.#upto) continue;
      this.#put(this.#total, row);
      this.#total += 1;
    }
    this.#upto = news.to;
    this.#changed();
  }

  /** A message's row may have been shown before its fate was known. @param {Update} update */
  #update(update) {
    const place = this.#ends.get(messageKey(update));
    const piece = place === undefined ? undefined : this.#pieces.get(Math.floor(place / PIECE));
    const index = (place ?? 0) % PIECE;
    const row = piece?.[index];
    const mark = update.verdict ?? update.mark;
    if (piece && row && mark) {
      piece[index] = {
        ...row,
        verdict: update.verdict ?? row.verdict,
        marks: row.marks.includes(mark) ? row.marks : [...row.marks, mark],
      };
      this.#changed();
    }
    if (update.verdict && this.#query?.filter) this.sync();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

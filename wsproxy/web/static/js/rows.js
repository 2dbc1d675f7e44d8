// The rows of a list that may have millions: known by their place, fetched in pieces where
// somebody looks, extended by what the feed brings.

import { get } from './api.js';
import { feed } from './feed.js';

const PIECE = 100;
const MAX_PIECES = 80; // the memory of the page stays bounded: 8,000 rows
const RESYNC_MS = 300;
const REFETCH_MS = 200;

export class Rows extends EventTarget {
  total = 0;
  searching = false;
  paused = false;
  error = '';
  #query = null;
  #pieces = new Map();
  #fetching = new Map();
  #fetchedAt = new Map();
  #again = 0;
  #upto = 0;
  #generation = 0;
  #subscribed = false; // until then, batches are those of the list before
  #reopened = false;
  #timer = 0;
  #lastSync = 0;

  constructor() {
    super();
    feed.on('batch', (batch) => this.#heard(batch));
    feed.on('behind', () => this.sync());
    feed.on('subscribed', ({ tag }) => { this.#subscribed ||= tag === String(this.#generation); });
    feed.on('open', () => {
      this.#reopened = true; // perhaps another proxy with another capture
      if (this.#query) this.sync();
    });
  }

  /** List other rows. */
  open(query) {
    this.#query = query;
    this.#generation += 1;
    this.#subscribed = false;
    this.#pieces.clear();
    this.#fetchedAt.clear();
    for (const controller of this.#fetching.values()) controller.abort();
    this.#fetching.clear();
    this.total = 0;
    this.#upto = 0;
    this.error = '';
    feed.subscribe({
      connection: query.connection ? Number(query.connection) : null,
      filter: query.filter,
      control: query.control === '1',
      fragments: query.fragments === '1',
      tag: String(this.#generation),
    });
    this.searching = true;
    this.#changed();
    return this.#sync();
  }

  /** The row at a place; undefined while it is being fetched. */
  at(place) {
    const number = Math.floor(place / PIECE);
    const piece = this.#pieces.get(number);
    const row = piece?.[place % PIECE];
    if (row) {
      this.#pieces.delete(number); // used last: moves to the end
      this.#pieces.set(number, piece);
      return row;
    }
    if (place < this.total) this.#want(number);
    return undefined;
  }

  /** The row at a place, once it is there. */
  async fetched(place) {
    for (let tries = 0; tries < 40 && place < this.total; tries += 1) {
      const row = this.at(place);
      if (row) return row;
      await this.#fetching.get(Math.floor(place / PIECE))?.done;
      await new Promise((resolve) => { setTimeout(resolve, 10); });
    }
    return this.at(place);
  }

  /** The place of a frame, or of the first one after it. */
  async placeOf(id) {
    const page = await get('/frames', { ...this.#query, after: Number(id) - 1, limit: 1 });
    return page.rows[0]?.id === Number(id) ? page.offset : -1;
  }

  /** Find out how many rows there are now. */
  sync() {
    if (this.#timer || this.paused) return;
    const wait = Math.max(0, this.#lastSync + RESYNC_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#sync();
    }, wait);
  }

  /** Stop or go on taking in what is new; the traffic does not notice. */
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
        const page = await get('/frames', { ...this.#query, offset: -PIECE, limit: PIECE });
        if (generation !== this.#generation) return;
        this.searching = !page.complete;
        this.#take(page, true);
        if (page.complete) break;
        await new Promise((resolve) => { setTimeout(resolve, 20); });
      }
      this.error = '';
    } catch (error) {
      if (generation !== this.#generation) return;
      this.searching = false;
      this.error = error.message;
    }
    this.#changed();
  }

  #take(page, settles) {
    if (this.#reopened && settles) {
      this.#reopened = false;
      if (page.upto < this.#upto) {
        this.#upto = 0;
        this.#pieces.clear();
      }
    }
    if (page.upto >= this.#upto && (settles || page.total > this.total)) {
      // What was trimmed or found later has moved the places of all other rows.
      if (page.total < this.total) this.#pieces.clear();
      this.total = page.total;
      this.#upto = page.upto;
    }
    page.rows.forEach((row, index) => this.#put(page.offset + index, row));
    this.#changed();
  }

  #put(place, row) {
    const number = Math.floor(place / PIECE);
    let piece = this.#pieces.get(number);
    if (!piece) {
      piece = new Array(PIECE);
      this.#pieces.set(number, piece);
      if (this.#pieces.size > MAX_PIECES) this.#pieces.delete(this.#pieces.keys().next().value);
    }
    piece[place % PIECE] = row;
  }

  #want(number) {
    if (this.#fetching.has(number)) return;
    // A row that the feed told of and the store lacks yet: look again, but not without end.
    if (performance.now() - (this.#fetchedAt.get(number) ?? -Infinity) < REFETCH_MS) {
      this.#again ||= setTimeout(() => {
        this.#again = 0;
        this.#changed();
      }, REFETCH_MS);
      return;
    }
    if (this.#fetchedAt.size > MAX_PIECES) this.#fetchedAt.clear();
    // Who scrolls on does not want the pieces that were passed by.
    while (this.#fetching.size >= 4) {
      const [oldest, controller] = this.#fetching.entries().next().value;
      controller.abort();
      this.#fetchedAt.delete(oldest);
      this.#fetching.delete(oldest);
    }
    const controller = new AbortController();
    const generation = this.#generation;
    this.#fetching.set(number, controller);
    this.#fetchedAt.set(number, performance.now());
    controller.done = get('/frames', { ...this.#query, offset: number * PIECE, limit: PIECE },
      controller.signal)
      .then((page) => {
        if (generation === this.#generation) this.#take(page, false);
      })
      .catch((error) => {
        if (error.name !== 'AbortError' && generation === this.#generation) {
          this.error = error.message;
          this.#changed();
        }
      })
      .finally(() => {
        if (this.#fetching.get(number) === controller) this.#fetching.delete(number);
      });
  }

  #heard(batch) {
    if (this.paused || !this.#query) return;
    for (const update of batch.updates) this.#update(update);
    const news = batch.frames;
    if (!news || !this.#subscribed || this.searching || news.to <= this.#upto) return;
    const timed = this.#query.since || this.#query.until;
    const counts = !news.skipped || (!this.#query.filter && news.from === this.#upto + 1);
    if (news.from > this.#upto + 1 || !counts || timed) {
      this.sync();
      return;
    }
    const rows = news.rows.filter((row) => row.id > this.#upto);
    this.total += news.skipped;
    for (const row of rows) this.#put(this.total++, row);
    this.#upto = news.to;
    this.#changed();
  }

  /** A message's row may have been shown before its fate was known. */
  #update(update) {
    for (const piece of this.#pieces.values()) {
      for (const [index, row] of piece.entries()) {
        if (row && row.fin && row.message === update.message
          && row.connection === update.connection && row.direction === update.direction) {
          const mark = update.verdict ?? update.mark;
          piece[index] = {
            ...row,
            verdict: update.verdict ?? row.verdict,
            marks: row.marks.includes(mark) ? row.marks : [...row.marks, mark],
          };
          this.#changed();
        }
      }
    }
    if (update.verdict && this.#query.filter) this.sync();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

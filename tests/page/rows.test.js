// The list of rows, fed as the live feed does; the API is a function here.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

const PIECE = 100;
const KNOWN = 8000; // rows that the list keeps, a screenful at a time

/** Reads of any row's fields. */
let reads = 0;

/** @param {number} id */
const row = (id) =>
  new Proxy(
    {
      id,
      connection: 1,
      direction: 'upstream',
      message: id,
      fin: true,
      verdict: 'relayed',
      marks: [],
    },
    {
      get: (target, name) => {
        reads += 1;
        return target[name];
      },
    },
  );

/** Answers what GET /frames does of a capture of KNOWN messages. @param {string} url */
async function api(url) {
  const { searchParams } = new URL(url, 'http://page');
  const asked = Number(searchParams.get('offset'));
  const offset = asked < 0 ? KNOWN + asked : asked;
  const rows = Array.from({ length: PIECE }, (_, index) => row(offset + index + 1));
  const page = { offset, total: KNOWN, upto: KNOWN, complete: true, cut: 0, rows };
  return { ok: true, json: async () => page };
}

let rows;
let feed;

before(async () => {
  Object.assign(globalThis, { window: globalThis, fetch: api, WebSocket: { OPEN: 1 } });
  ({ feed } = await import('../../wsproxy/web/static/js/feed.js'));
  const { Rows } = await import('../../wsproxy/web/static/js/rows.js');
  rows = new Rows();
  await rows.open({ connection: '', filter: '', control: '1', fragments: '1' });
  for (let place = 0; place < KNOWN; place += PIECE) await rows.fetched(place);
});

const tell = (batch) =>
  feed.dispatchEvent(new CustomEvent('batch', { detail: { updates: [], ...batch } }));

test('what became of a message is found without looking at other rows', () => {
  assert.equal([...rows.known()].length, KNOWN);
  for (const message of [1, KNOWN / 2, KNOWN]) {
    reads = 0;
    tell({ updates: [{ connection: 1, direction: 'upstream', message, verdict: 'changed' }] });
    assert.ok(reads <= 20, `${reads} reads of rows for message ${message}`);
    const { verdict, marks } = rows.at(message - 1);
    assert.deepEqual({ verdict, marks }, { verdict: 'changed', marks: ['changed'] });
  }
});

test('what becomes of an unknown message costs nothing', () => {
  reads = 0;
  tell({ updates: [{ connection: 2, direction: 'upstream', message: 1, mark: 'delayed' }] });
  assert.equal(reads, 0);
});

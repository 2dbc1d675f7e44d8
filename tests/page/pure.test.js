// The page's pure modules; `node --test tests/page/*.test.js` runs them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { comparison, nextOrder, shownColumns } from '../../wsproxy/web/static/js/pure/columns.js';
import {
  curl,
  curlRequest,
  python,
  shellQuote,
  websocat,
} from '../../wsproxy/web/static/js/pure/copy.js';
import { destination } from '../../wsproxy/web/static/js/pure/destination.js';
import { diff, jsonDiff } from '../../wsproxy/web/static/js/pure/diff.js';
import {
  both,
  completions,
  filtersOf,
  highlight,
  jsonFilter,
  meaning,
  split,
  wholeFilter,
} from '../../wsproxy/web/static/js/pure/filter.js';
import * as format from '../../wsproxy/web/static/js/pure/format.js';
import { asJson, parseJson, toJson } from '../../wsproxy/web/static/js/pure/json.js';
import { keyTarget, placeAt, position } from '../../wsproxy/web/static/js/pure/place.js';
import { pointerOf } from '../../wsproxy/web/static/js/pure/pointer.js';
import { DEFAULTS, queryOf, readUrl, writeUrl } from '../../wsproxy/web/static/js/pure/state.js';
import { hasWords } from '../../wsproxy/web/static/js/pure/words.js';

const NO_CHIPS = { q: '', dir: '', op: '', mark: '', kind: '' };

test('a line is text, a regular expression or a filter', () => {
  assert.equal(meaning('  '), 'nothing');
  assert.equal(meaning('price ~ 5'), 'text');
  assert.equal(meaning('/a.b/'), 'regex');
  assert.equal(meaning('!~ping'), 'filter');
  assert.equal(meaning('x & ~up'), 'filter');
});

test('line and chips come to one filter', () => {
  assert.equal(wholeFilter(NO_CHIPS), '');
  assert.equal(wholeFilter({ ...NO_CHIPS, q: 'a.b"' }), '~b "a\\\\.b\\""');
  assert.equal(wholeFilter({ ...NO_CHIPS, q: '/a.b/', dir: 'up' }), '~b "a.b" & ~up');
  assert.equal(
    wholeFilter({ ...NO_CHIPS, q: '~up | ~ping', mark: 'changed' }),
    '(~up | ~ping) & ~changed',
  );
});

test('hits are told apart from the rest', () => {
  assert.deepEqual(split('a Bc b', highlight('b')), [
    ['a ', false],
    ['B', true],
    ['c ', false],
    ['b', true],
  ]);
  assert.equal(highlight('/(/'), null);
  assert.equal(highlight('~up & ~b "x y"')?.source, 'x y');
  assert.deepEqual(split('x', /(?:)/g), [['x', false]]);
});

test('filter words are completed where the cursor is', () => {
  const words = ['~up', '~u REGEX', '~ping'];
  assert.deepEqual(completions('a & ~u', words), { from: 4, words: ['~up', '~u REGEX'] });
  assert.deepEqual(completions('a', words).words, []);
});

test('bytes that happen to be UTF-8 are text where they read as such', () => {
  assert.equal(format.isReadable('{"a":\r\n\t"ü 日本"}'), true);
  assert.equal(format.isReadable('\u0000\u0001\u0002'), false);
  assert.equal(format.isReadable('abc\u001bdef'), false);
});

test('what a row says becomes a filter', () => {
  const row = { kind: 'a "b"', direction: 'upstream', opcode: 'continuation', payload_length: 7 };
  const cell = { path: '$.a[0]', value: 'x y' };
  assert.deepEqual(
    filtersOf(row, cell).map(([, filter]) => filter),
    [
      '~json "$.a[0]=x y"',
      '!~json "$.a[0]=x y"',
      '~kind "^a \\"b\\"$"',
      '!~kind "^a \\"b\\"$"',
      '~up',
      '~cont',
      '!~cont',
      '~size >=7',
    ],
  );
  assert.deepEqual(
    filtersOf(
      { direction: 'downstream', opcode: '0xb', payload_length: 0 },
      { path: '$.a', value: 'cut…' },
    ).map(([, filter]) => filter),
    ['~down', '~opcode 0xb', '!~opcode 0xb', '~size >=0'],
  );
  assert.equal(jsonFilter('$.a', 3), '~json $.a=3');
  assert.equal(jsonFilter('$.a', null), '~json $.a=null');
  assert.equal(jsonFilter('$.a', { b: 1 }), '~json $.a');
});

test('a filter is added to the line', () => {
  assert.equal(both(' ', '~up'), '~up');
  assert.equal(both('a b', '~up'), '~b "a b" & ~up');
  assert.equal(both('~ping | ~pong', '!~up'), '(~ping | ~pong) & !~up');
});

test('one goes to a frame, or to the nearest time of that name', () => {
  const noon = new Date(2024, 4, 5, 12).getTime() / 1000;
  assert.deepEqual(destination('1,234', noon), { frame: 1234 });
  assert.deepEqual(destination(' 11:59:30.25 ', noon), { time: noon - 29.75 });
  const midnight = new Date(2024, 4, 5, 0, 1).getTime() / 1000;
  assert.deepEqual(destination('23:59', midnight), { time: midnight - 120 });
  for (const wrong of ['', 'x', '24:00', '12:60', '12:00:60', '-1'])
    assert.equal(destination(wrong, noon), null, wrong);
});

test('a view goes into the URL and comes back', () => {
  assert.equal(writeUrl(DEFAULTS), '/');
  const values = { ...DEFAULTS, q: 'a&b=c', control: '0' };
  assert.deepEqual(readUrl(writeUrl(values).slice(1)), values);
  assert.deepEqual(readUrl('?nonsense=1'), DEFAULTS);
  assert.equal(queryOf({ ...DEFAULTS, dir: 'up' }).filter, '~up');
});

test('texts differ word by word', () => {
  const [left, right] = diff('price 100 now', 'price 1 now');
  assert.deepEqual(left, [
    ['price ', false],
    ['100', true],
    [' now', false],
  ]);
  assert.deepEqual(right, [
    ['price ', false],
    ['1', true],
    [' now', false],
  ]);
  const [a, b] = diff('a b c', 'a c d');
  assert.equal(a.map(([text]) => text).join(''), 'a b c');
  assert.equal(b.map(([text]) => text).join(''), 'a c d');
});

test('JSON differs path by path', () => {
  assert.deepEqual(jsonDiff({ a: [1, 2], 'x y': 1 }, { a: [1, 3, 4] }), [
    { path: '$.a[1]', before: 2, after: 3, what: 'changed' },
    { path: '$.a[2]', before: undefined, after: 4, what: 'added' },
    { path: '$["x y"]', before: 1, after: undefined, what: 'removed' },
  ]);
  assert.deepEqual(jsonDiff({ a: null }, { a: null }), []);
});

test('JSON is JSON, whatever its size', () => {
  assert.equal(asJson('5'), undefined);
  assert.deepEqual(asJson(' [1]'), [1]);
  assert.equal(parseJson('{'), undefined);
  assert.equal(toJson({ a: 1n }, 0), '{"a":1}');
});

test('long lists scroll by share', () => {
  const short = { total: 100, rowHeight: 20, visible: 10, room: 1800 };
  assert.equal(placeAt(short, position(short, 40)), 40);
  const long = { total: 1_000_000, rowHeight: 24, visible: 10, room: 7_999_760 };
  assert.ok(Math.abs(placeAt(long, position(long, 654_321)) - 654_321) < 1e-6);
  assert.equal(placeAt(long, long.room), 999_990);
  assert.equal(keyTarget('PageDown', 95, 100, 10), 99);
  assert.equal(keyTarget('x', 0, 100, 10), undefined);
  assert.equal(keyTarget('End', 0, 0, 10), undefined);
});

test('numbers, times and bytes', () => {
  assert.equal(format.counted(1, 'row'), '1 row');
  assert.equal(format.counted(1200, 'row'), '1,200 rows');
  assert.equal(format.bytes(999), '999 B');
  assert.equal(format.bytes(1_500_000), '1.5 MB');
  assert.equal(format.duration(0.0005), '500 µs');
  assert.equal(format.duration(3725), '1:02:05');
  assert.match(format.clock(0), /^\d\d:\d\d:\d\d\.000$/);
  assert.deepEqual(format.decodeUtf8(Uint8Array.of(0x61, 0xff)), ['a\\xff', false]);
  assert.equal(format.isControl('text'), false);
  assert.equal(format.isControl('0x3'), false);
  assert.equal(format.isControl('0xb'), true);
  assert.equal(format.closeTone(1000), 'quiet');
  assert.equal(format.closeTone(1002), 'bad');
  assert.equal(format.closeTone(null), 'warn');
});

test('commands survive any text', () => {
  assert.equal(shellQuote("it's"), `'it'\\''s'`);
  /** @type {{url: string, headers: [string, string][]}} */
  const target = {
    url: 'ws://h/p?x=1',
    headers: [
      ['Host', 'h'],
      ['Cookie', 'a=b; c'],
      ['Sec-WebSocket-Key', 'k'],
    ],
  };
  assert.equal(websocat(target), "websocat -H 'Cookie: a=b; c' 'ws://h/p?x=1'");
  assert.equal(
    curl(target),
    "curl --http1.1 -i -N -H 'Cookie: a=b; c' -H 'Sec-WebSocket-Key: k' 'http://h/p?x=1'",
  );
  assert.equal(
    curlRequest({ ...target, method: 'POST' }, "it's"),
    "curl -i -X POST -H 'Cookie: a=b; c' --data-binary 'it'\\''s' 'http://h/p?x=1'",
  );
  assert.match(python(target, Uint8Array.of(1, 255)), /bytes\.fromhex\("01ff"\)/);
});

test('rows sort by a column, numbers as numbers, and what has no value comes last', () => {
  const rows = [
    { id: 1, payload_length: 9, columns: ['10'] },
    { id: 2, payload_length: 100, columns: ['9'] },
    { id: 3, payload_length: 9, columns: [null] },
    { id: 4, payload_length: 1, columns: ['b'] },
  ];
  const ids = (order) => rows.toSorted(comparison(order, ['$.x'])).map(({ id }) => id);
  assert.deepEqual(ids('size'), [4, 1, 3, 2]);
  assert.deepEqual(ids('-size'), [2, 1, 3, 4]);
  assert.deepEqual(ids('$.x'), [2, 1, 4, 3]);
  assert.deepEqual(ids('-$.x'), [4, 1, 2, 3]);
  assert.equal(comparison('', []), null);
  assert.equal(comparison('$.other', ['$.x']), null);
  assert.deepEqual(
    [nextOrder('', 'size'), nextOrder('size', 'size'), nextOrder('-size', 'size')],
    ['size', '-size', ''],
  );
  assert.deepEqual(
    shownColumns(['$.b', 'kind', '$.a']).map(({ key }) => key),
    ['kind', '$.b', '$.a'],
  );
});

test('a path to one place is a pointer', () => {
  assert.equal(pointerOf('$.user.names[0]'), '/user/names/0');
  assert.equal(pointerOf('$["a/b"].c~d'), null);
  assert.equal(pointerOf('$["a/b"]["c~d"]'), '/a~1b/c~0d');
  assert.equal(pointerOf('/as/it/is'), '/as/it/is');
  for (const wrong of ['$', '$..a', '$.a[*]', 'a.b', '$.a[?x]', ''])
    assert.equal(pointerOf(wrong), null);
});

test('kinds that were seen complete ~kind', () => {
  assert.deepEqual(completions('~up & ~kind pu', [], ['PUBLISH', 'PING']), {
    from: 6,
    words: ['~kind "PUBLISH"'],
  });
});

test('words are found in any order and case, and no words everywhere', () => {
  const wanted = hasWords(' Price  up ');
  assert.equal(wanted('UP: the price'), true);
  assert.equal(wanted('the price'), false);
  assert.equal(hasWords('  ')('anything'), true);
});

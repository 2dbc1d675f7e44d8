// One row of the list of frames.

import { connections } from '../connections.js';
import { el } from '../dom.js';
import { shown as escaped } from '../escape.js';
import { colourRules, rows } from '../list.js';
import { colourOf as noteColour, notes } from '../notes.js';
import {
  arrow,
  bytes,
  clock,
  count,
  counted,
  duration,
  isControl,
  label,
  way,
} from '../pure/format.js';
import { selection } from '../selection.js';
import { view } from '../view.js';

/** @import { Row } from '../types' */
/** @import { Column } from '../pure/columns.js' */

/** The row that an element shows. @type {WeakMap<Element, Row>} */
const ROWS = new WeakMap();

/** @param {Element | null} element @returns {Row | undefined} */
export const rowOf = (element) => (element ? ROWS.get(element) : undefined);

/**
 * The element of a row.
 * @param {Row | undefined} row undefined while it is being fetched
 * @param {number} place
 * @param {HTMLElement | undefined} old the element that stands there, kept where it still is right
 * @param {Column[]} columns the optional ones that are shown
 */
export function renderRow(row, place, old, columns) {
  if (!row) {
    if (old?.classList.contains('loading')) return old;
    const waiting = { class: 'frame loading', role: 'option', 'aria-selected': 'false' };
    return el('div', waiting, el('span', {}, '…'));
  }
  const selected = selection.ids.has(row.id) || view.get('frame') === String(row.id);
  const how = `${view.get('time')} ${view.get('zero')} ${view.get('q')} ${selected} ${place}`;
  if (old && ROWS.get(old) === row && old.dataset.how === how && !old.classList.contains('stale'))
    return old;
  const note = row.fin ? notes.of(row) : undefined;
  const { direction, opcode, fin } = row;
  const more = fin ? '' : opcode === 'continuation' ? '⋯' : '⌐';
  const odd = isControl(opcode) || more || opcode === 'binary' || opcode === 'continuation';
  const lit = view.lit();
  const element = el(
    'div',
    {
      class: ['frame', direction, isControl(opcode) ? 'control' : '', row.verdict, colourOf(row)]
        .filter(Boolean)
        .join(' '),
      role: 'option',
      id: `frame-${row.id}`,
      'aria-selected': String(selected),
      'aria-setsize': rows.total,
      'aria-posinset': place + 1,
      'data-id': row.id,
      'data-how': how,
    },
    el('span', { class: 'arrow', title: way(direction) }, arrow(direction)),
    el('span', {}, timeOf(row, place)),
    columns.map((column) => cell(column, row)),
    size(row),
    el(
      'span',
      { class: 'meaning' },
      odd &&
        el('span', { class: 'opcode', title: more ? 'a fragment' : '' }, `${label(opcode)}${more}`),
      el('span', { class: 'preview untrusted' }, escaped(lineOf(row, lit), lit)),
    ),
    el(
      'span',
      { class: 'marks' },
      note &&
        el('span', { class: 'star', title: note.note || 'bookmarked' }, note.marked ? '★' : '✎'),
      row.marks.map((mark) => el('span', { class: `mark ${mark}` }, mark)),
    ),
    el('span', { class: 'visually-hidden' }, spoken(row)),
  );
  ROWS.set(element, row);
  return element;
}

/** The colour of a row's note, or else of the first rule that it matches. @param {Row} row */
function colourOf(row) {
  const note = notes.of(row);
  if (note) return `noted ${noteColour(note)}`;
  const rule = row.colours?.length ? colourRules()[row.colours[0] ?? 0] : undefined;
  return rule ? `noted ${rule.colour}` : '';
}

/** @param {Column} column @param {Row} row */
function cell({ key, value }, row) {
  const found = value(row);
  const text =
    key === 'conn'
      ? `#${found}`
      : key === 'opcode'
        ? label(row.opcode)
        : key === 'latency'
          ? latency(row.latency)
          : (found ?? '');
  return el(
    'span',
    {
      class: `extra untrusted${key === 'latency' ? ' number' : key.startsWith('$') ? '' : ' dim'}`,
      title: key.startsWith('$') ? String(text) : '',
      'data-path': key.startsWith('$') && text !== '' && key,
    },
    escaped(String(text)),
  );
}

/** @param {number | undefined} seconds */
const latency = (seconds) => (seconds === undefined ? '' : duration(seconds));

/** @param {Row} row */
function size({ payload_length: wire, content_length: content }) {
  const inflated = content !== wire;
  return el(
    'span',
    {
      class: 'number',
      title: inflated ? `${count(wire)} bytes on the wire, ${count(content)} inflated` : '',
    },
    inflated ? `${short(wire)}→${short(content)}` : count(wire),
  );
}

/** Room for two sizes: exact ones are in the title. @param {number} size */
const short = (size) => (size < 10_000 ? count(size) : bytes(size));

/** @param {Row} row @param {number} place */
function timeOf(row, place) {
  const how = view.get('time');
  if (how === 'delta') {
    const before = place > 0 ? rows.at(place - 1) : undefined;
    return before ? `+${duration(Math.max(0, row.time - before.time))}` : '';
  }
  if (how === 'mark') {
    const since = row.time - Number(view.get('zero'));
    return `${since < 0 ? '−' : '+'}${Math.abs(since).toFixed(4)}`;
  }
  const connection = how === 'start' ? connections.get(row.connection) : undefined;
  return connection ? `+${(row.time - connection.opened).toFixed(4)}` : clock(row.time);
}

/** For those who hear the list. @param {Row} row */
function spoken({ direction, opcode, fin, payload_length: size, connection }) {
  const name = `${label(opcode)}${fin ? '' : ' fragment'}`;
  return ` ${way(direction)}, ${name}, ${counted(size, 'byte')}, connection ${connection}`;
}

/**
 * What a row says: its summary, unless only the payload has what is searched for.
 * @param {Row} row
 * @param {RegExp | null} lit
 */
function lineOf({ summary, preview }, lit) {
  if (!summary) return preview;
  return lit && summary.search(lit) < 0 && preview.search(lit) >= 0 ? preview : summary;
}

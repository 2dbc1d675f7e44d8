// Sessions as lanes: the connections of a client one after the other, with the gaps between.

import { connections } from '../connections.js';
import { button, el } from '../dom.js';
import { clock, closeName, closeTone, counted, duration } from '../pure/format.js';
import { view } from '../view.js';

/** @import { Session } from '../types' */
/** @typedef {Session['connections'][number]} Part */

const MOST = 200; // lanes that are drawn: the newest
const SMALLEST = 0.4; // percent of the width
const SHORT = 2;

/** @param {Session[]} sessions in the order they began */
export function lanes(sessions) {
  const shown = sessions.slice(-MOST).reverse();
  const parts = shown.flatMap((session) => session.connections);
  if (!parts.length) return el('p', { class: 'dim' }, 'No connection yet.');
  const start = Math.min(...parts.map(({ opened }) => opened));
  const end = Math.max(connections.now, ...parts.map(({ closed, opened }) => closed ?? opened));
  const scale = 100 / Math.max(end - start, 0.001);
  return el(
    'div',
    { class: 'lanes' },
    el(
      'div',
      { class: 'lane-axis' },
      el('span', {}, clock(start)),
      el('span', {}, duration(end - start)),
      el('span', {}, clock(end)),
    ),
    shown.map((session) => lane(session, start, scale, end)),
    sessions.length > MOST &&
      el('p', { class: 'dim' }, `${counted(sessions.length - MOST, 'older session')} not drawn.`),
  );
}

/** @param {Session} session @param {number} start @param {number} scale @param {number} end */
function lane(session, start, scale, end) {
  return el(
    'div',
    { class: 'lane' },
    el(
      'span',
      { class: 'lane-name untrusted', title: `${session.client}\n${session.agent}` },
      `${session.target} `,
      el('span', { class: 'dim' }, session.client),
    ),
    el(
      'span',
      { class: 'lane-track' },
      session.connections.map((part, place) => {
        const left = (part.opened - start) * scale;
        const width = Math.max(((part.closed ?? end) - part.opened) * scale, SMALLEST);
        const before = session.connections[place - 1];
        return [before && gap(before, part, start, scale), bar(part, left, width, end)];
      }),
    ),
  );
}

/** @param {Part} before @param {Part} after @param {number} start @param {number} scale */
function gap(before, after, start, scale) {
  const from = before.closed ?? before.opened;
  const line = el('span', {
    class: 'lane-gap',
    title: `${duration(after.opened - from)} without a connection`,
  });
  line.style.left = `${(from - start) * scale}%`;
  line.style.width = `${(after.opened - from) * scale}%`;
  return line;
}

/** @param {Part} part @param {number} left @param {number} width @param {number} end */
function bar(part, left, width, end) {
  const { id, opened, closed, state, code } = part;
  const name = code === null ? '' : closeName(code);
  const shown = `#${id}${code === null ? '' : ` ${code}`}`;
  const text = `${[shown, state, name].filter(Boolean).join(' ')}, ${duration((closed ?? end) - opened)}`;
  const element = button(shown, () => view.set({ connection: id, frame: '' }, { push: true }), {
    class: `lane-bar ${state} ${state === 'closed' ? closeTone(code) : ''}`,
    title: text,
    'aria-label': text,
  });
  element.style.left = `${left}%`;
  element.style.width = `${width}%`;
  element.style.zIndex = width < SHORT ? '1' : '0'; // short ones are not hidden by long ones
  return element;
}

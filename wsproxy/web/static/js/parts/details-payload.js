// What a frame's payload is, what was sent in its place, and how two of them differ.

import { contentOf } from '../clipboard.js';
import { differences } from '../diff-view.js';
import { button, el } from '../dom.js';
import { facts, goTo } from '../facts.js';
import { bytes, closeName, count, fromBase64 } from '../pure/format.js';
import { view } from '../view.js';

/** @import { Frame, Payload, RecordedMessage } from '../types' */
/** Shows a part of a frame's payload. @typedef {(payload: Payload, id: number, part: string) => Node} Show */

/** @param {Frame} frame */
export function warnings(frame) {
  const message = frame.ends_message;
  return [
    ...[...frame.violations, ...(message?.violations ?? [])].map((violation) =>
      el(
        'div',
        { class: 'violation-box' },
        `${violation.rule} (${violation.section}, ${violation.side}): ${violation.text}`,
      ),
    ),
    ...frame.faults.map((fault) =>
      el('div', { class: 'note' }, `fault ${fault.name} (${fault.type}): ${fault.detail}`),
    ),
    message?.cause && el('div', { class: 'note' }, `${frame.verdict} by ${message.cause}`),
    message?.opaque && el('div', { class: 'note' }, `not inflated: ${message.opaque}`),
  ];
}

/** @param {Frame} frame @param {Show} show */
export function payloadTab(frame, show) {
  const message = frame.ends_message;
  const close =
    frame.close &&
    facts([
      ['Close code', `${frame.close.code} ${closeName(frame.close.code)}`],
      ['Reason', frame.close.reason],
    ]);
  if (message?.sent) return [warnings(frame), changes(frame, message, show)];
  if (message) return [warnings(frame), close, show(message.content, frame.id, 'content')];
  return [
    warnings(frame),
    close,
    (!frame.fin || frame.opcode === 'continuation') &&
      el('div', { class: 'note' }, 'A fragment; the tab Message leads to the whole.'),
    show({ ...frame.payload, text: frame.payload.text && !frame.rsv1 }, frame.id, 'frame'),
  ];
}

/** One difference, and what was sent. @param {Frame} frame @param {RecordedMessage} message @param {Show} show */
function changes(frame, message, show) {
  const { content, sent } = message;
  if (!sent) return null;
  return [
    el(
      'section',
      {},
      differences(fromBase64(content.base64), fromBase64(sent.base64), [
        `Original, ${bytes(content.length)}`,
        `Sent, ${bytes(sent.length)}`,
      ]),
    ),
    el('h3', {}, 'Sent instead'),
    show(sent, frame.id, 'sent'),
  ];
}

/** @param {Frame} frame */
export async function compareTab(frame) {
  const other = Number(view.get('compare'));
  const [a, b] = await Promise.all([contentOf(other), contentOf(frame.id)]);
  return [
    el(
      'div',
      { class: 'row' },
      goTo(other, `Frame ${count(other)}`),
      button('Stop comparing', () => view.set({ compare: '', tab: 'payload' })),
    ),
    differences(a.data, b.data, [`Frame ${count(other)}`, `Frame ${count(frame.id)}`]),
  ];
}

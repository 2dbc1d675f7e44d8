// A frame's header bit by bit, and the message that it belongs to.

import { get } from '../api.js';
import { bits } from '../bits.js';
import { el } from '../dom.js';
import { facts, goTo } from '../facts.js';
import { clock, count, duration, label, way } from '../pure/format.js';
import { warnings } from './details-payload.js';

/** @import { Child, Frame, Message } from '../types' */
/** @import { Show } from './details-payload.js' */

/** @param {Frame} frame @param {Show} show */
export function headerTab(frame, show) {
  const message = frame.ends_message;
  return [
    warnings(frame),
    bits(frame),
    el(
      'section',
      {},
      el('h3', {}, 'Facts'),
      facts([
        ['Time', `${clock(frame.time)} (${new Date(frame.time * 1000).toISOString()})`],
        ['Direction', way(frame.direction)],
        ['Connection', `#${frame.connection}`],
        [
          'Opcode',
          `0x${(Number.parseInt(frame.header.slice(0, 2), 16) & 15).toString(16).toUpperCase()} ${label(frame.opcode)}`,
        ],
        [
          'Payload',
          `${count(frame.payload_length)} bytes${frame.received !== frame.payload_length ? `, of which ${count(Math.max(frame.received, 0))} came` : ''}`,
        ],
        ['Inflated', message?.compressed && `${count(message.content_length)} bytes`],
        ['On the wire', `${count(frame.header_length + frame.received)} bytes`],
        ['Masking key', frame.masking_key],
        ['Made by', frame.origin],
      ]),
    ),
    el(
      'section',
      {},
      el('h3', {}, 'Header bytes'),
      el('code', {}, frame.header.match(/../g)?.join(' ')),
    ),
    message &&
      el(
        'section',
        {},
        el('h3', {}, 'Payload on the wire, unmasked'),
        show({ ...frame.payload, text: false }, frame.id, 'frame'),
      ),
  ];
}

/** @param {Frame} frame @param {Show} show @param {AbortSignal} signal @returns {Promise<Child>} */
export async function messageTab(frame, show, signal) {
  if (frame.message === null)
    return el('div', { class: 'empty' }, 'A control frame belongs to no message.');
  /** @type {Message} */
  const whole = await get(
    `/connections/${frame.connection}/messages/${frame.direction}/${frame.message}`,
    {},
    signal,
  );
  const { message, frames } = whole;
  const pair = frame.round_trip;
  const asked = pair?.request === frame.id;
  return [
    facts([
      ['Message', `number ${count(frame.message)} ${way(frame.direction)}`],
      ['Fragments', count(frames.length)],
      [
        'Compressed',
        message?.compressed
          ? `yes: ${count(message.payload_length)} bytes for ${count(message.content_length)}`
          : 'no',
      ],
    ]),
    el(
      'section',
      {},
      el('h3', {}, 'Frames'),
      el(
        'div',
        { class: 'links' },
        frames.slice(0, 500).map((id, index) => {
          const link = goTo(id, `${index + 1}: frame ${count(id)}`);
          link.setAttribute('aria-current', String(id === frame.id));
          return link;
        }),
      ),
    ),
    pair &&
      pair.answer !== null &&
      pair.seconds !== null &&
      el(
        'section',
        {},
        el('h3', {}, 'Round trip'),
        el(
          'div',
          { class: 'row' },
          `${pair.key}: ${asked ? 'answered' : 'asked'} ${duration(pair.seconds)} ${asked ? 'later' : 'before'}`,
          goTo(asked ? pair.answer : pair.request, asked ? 'Show the answer' : 'Show the request'),
        ),
      ),
    message &&
      el(
        'section',
        {},
        el('h3', {}, 'The whole message'),
        show(message.content, frames.at(-1) ?? frame.id, 'content'),
      ),
  ];
}

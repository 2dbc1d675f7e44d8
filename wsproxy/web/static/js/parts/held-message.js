// One message that waits at a breakpoint: what it is, an editor, and what the edit changes.

import { getBytes, post } from '../api.js';
import { ContentEditor } from '../content-editor.js';
import { differences } from '../diff-view.js';
import { attempt, button, el, fill, messageOf } from '../dom.js';
import { bytes, clock, count, fromBase64, label } from '../pure/format.js';

/** @import { Breakpoint, Held } from '../types' */

/**
 * @param {Held} held
 * @param {Breakpoint | undefined} breakpoint
 * @param {(action: () => Promise<unknown>) => unknown} act
 */
export function heldMessage(held, breakpoint, act) {
  const data = fromBase64(held.base64);
  const editor = new ContentEditor('Content to forward', data);
  const lock = (/** @type {boolean} */ locked) => {
    editor.area.disabled = editor.format.disabled = locked;
  };
  lock(data.length < held.content_length || !held.readable);
  const load = button(
    'Load all of it to edit it',
    () =>
      attempt(async () => {
        editor.set(await getBytes(`/held/${held.id}/content`));
        lock(!held.readable);
        load.remove();
      }),
    { hidden: data.length === held.content_length },
  );
  const changes = el('div', { class: 'changes-held' });
  const show = () => {
    try {
      fill(changes, editor.changed && differences(data, editor.data, ['Came', 'Goes on']));
    } catch (error) {
      fill(changes, el('span', { class: 'bad' }, messageOf(error)));
    }
  };
  editor.area.addEventListener('input', show);
  editor.format.addEventListener('change', show);
  const behind = el('span', { class: 'behind' });
  const forward = () =>
    act(() => post(`/held/${held.id}/forward`, editor.changed ? editor.body : {}));
  const late = breakpoint?.at_timeout === 'drop' ? 'is dropped at' : 'goes on at';
  const element = el(
    'article',
    { class: 'held', 'data-held': held.id },
    el(
      'div',
      { class: 'row' },
      el('b', {}, label(held.opcode)),
      `connection #${held.connection}, ${count(held.content_length)} bytes`,
      el('span', { class: 'dim' }, `since ${clock(held.time)}, ${late} ${clock(held.until)}`),
      behind,
    ),
    load,
    editor.area,
    changes,
    el(
      'div',
      { class: 'row' },
      editor.format,
      button('Forward', forward, { class: 'primary' }),
      button('Drop', () => act(() => post(`/held/${held.id}/drop`)), { class: 'danger' }),
    ),
  );
  /** What else waits is told anew, what is being edited stays. @param {Held} now */
  const update = (now) => {
    behind.textContent = now.behind ? `${bytes(now.behind)} wait behind it` : '';
  };
  update(held);
  return { element, update };
}

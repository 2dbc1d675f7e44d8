// What each fault does, as a small picture: what is sent above, what arrives below.

const SPACE = 'http://www.w3.org/2000/svg';
const SENT = [10, 22, 34, 46, 58];

/**
 * What arrives: [x, what, from], `from` the message that it comes from. `bar` as it was, `odd`
 * changed or made up, `half` the beginning of it, `tick` a small frame, `end` a Close frame,
 * `cut` a broken connection, `none` nothing any more.
 * @typedef {[x: number, what: 'bar' | 'odd' | 'half' | 'tick' | 'wrong' | 'end' | 'cut' | 'none', from?: number]} Mark
 */

/** @param {number[]} places @returns {Mark[]} */
const bars = (...places) => places.map((x, from) => [x, 'bar', from]);

/** @type {Record<string, Mark[]>} */
const ARRIVES = {
  latency: bars(24, 36, 48, 60, 72),
  bandwidth: bars(10, 27, 44, 61, 78),
  drop: [...bars(10, 22), [46, 'bar', 3], [58, 'bar', 4]],
  duplicate: [...bars(10, 22, 34), [38, 'odd', 2], [42, 'odd', 2], [48, 'bar', 3], [60, 'bar', 4]],
  reorder: bars(10, 36, 24, 58, 48),
  corrupt: [...bars(10, 22), [34, 'wrong', 2], [46, 'bar', 3], [58, 'bar', 4]],
  replace: [...bars(10, 22), [34, 'odd', 2], [46, 'bar', 3], [58, 'bar', 4]],
  inject: [...bars(10, 22, 34), [40, 'odd'], [46, 'bar', 3], [58, 'bar', 4]],
  fragment: [
    ...bars(10, 22),
    [31, 'tick', 2],
    [34, 'tick', 2],
    [37, 'tick', 2],
    [46, 'bar', 3],
    [58, 'bar', 4],
  ],
  slicer: SENT.flatMap((x, from) =>
    [0, 3, 6].map((more) => /** @type {Mark} */ ([x + more, 'tick', from])),
  ),
  truncate: [...bars(10, 22), [34, 'half', 2], [42, 'cut']],
  limit_data: [...bars(10, 22, 34), [46, 'half', 3], [54, 'cut']],
  malformed: [...bars(10, 22), [30, 'wrong'], [36, 'bar', 2], [44, 'end']],
  close: [...bars(10, 22, 34), [44, 'end']],
  slow_close: [...bars(10, 22, 34), [78, 'end']],
  reset: [...bars(10, 22, 34), [44, 'cut']],
  stall: [...bars(10, 22), [34, 'none']],
  refuse: [[14, 'cut']],
  ping_flood: [
    ...bars(...SENT),
    ...[14, 17, 26, 29, 38, 41, 50, 53, 62, 65, 68, 71].map(
      (x) => /** @type {Mark} */ ([x, 'tick']),
    ),
  ],
  no_pong: [...bars(10, 22, 34), [66, 'end']],
};

/** @param {string} name @param {Record<string, string | number>} attributes */
function shape(name, attributes) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** The picture of a type of fault; decoration, the text says the same. @param {string} type */
export function faultPicture(type) {
  const svg = shape('svg', { viewBox: '0 0 88 34', class: 'fault-picture', 'aria-hidden': 'true' });
  svg.append(
    shape('path', { d: 'M2 9H86M2 30H86', class: 'axis' }),
    ...SENT.map((x) => shape('rect', { x, y: 2, width: 4, height: 7, class: 'bar' })),
  );
  for (const [x, what, from] of ARRIVES[type] ?? bars(...SENT)) {
    if (from !== undefined)
      svg.append(shape('path', { d: `M${(SENT[from] ?? 0) + 2} 11L${x + 2} 21`, class: 'way' }));
    svg.append(...mark(x, what));
  }
  return svg;
}

/** @param {number} x @param {Mark[1]} what */
function mark(x, what) {
  switch (what) {
    case 'tick':
      return [shape('rect', { x, y: 25, width: 2, height: 5, class: 'odd' })];
    case 'half':
      return [shape('rect', { x, y: 23, width: 2, height: 7, class: 'bar' })];
    case 'wrong':
      return [shape('path', { d: `M${x - 1} 30l3 -8l3 8z`, class: 'bad' })];
    case 'end':
      return [shape('rect', { x, y: 22, width: 7, height: 7, class: 'end' })];
    case 'cut':
      return [shape('path', { d: `M${x} 22l7 7m0 -7l-7 7`, class: 'cut' })];
    case 'none':
      return [shape('path', { d: `M${x} 26H82`, class: 'none' })];
    default:
      return [shape('rect', { x, y: 23, width: 4, height: 7, class: what })];
  }
}

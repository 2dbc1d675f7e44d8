// What is being looked at. All of it is in the URL, so that a view can be shared or bookmarked.

const DEFAULTS = {
  connection: '', // id
  frame: '', // id of the selected row
  q: '', // search
  re: '', // '1': the search is a regular expression
  dir: '', // up, down
  op: '', // text, binary, ...
  mark: '', // changed, dropped, injected, violation
  size: '', // >=100
  filter: '', // in the filter language
  since: '', // seconds since the epoch
  until: '',
  control: '1',
  fragments: '1',
  start: '', // id of the first row after a clear
  time: 'clock', // clock, start
  tab: 'payload', // of the details
  format: 'auto', // of the payload
  tool: '', // open tool below
  sort: 'newest', // of the connections
  find: '', // in the connections
  state: '', // of the connections
};

const QUERY = ['connection', 'q', 're', 'dir', 'op', 'mark', 'size', 'filter', 'since', 'until',
  'control', 'fragments', 'start'];

class View extends EventTarget {
  constructor() {
    super();
    this.values = { ...DEFAULTS };
    this.#read();
    addEventListener('popstate', () => {
      const before = this.values;
      this.values = { ...DEFAULTS };
      this.#read();
      this.#tell(Object.keys(DEFAULTS).filter((key) => before[key] !== this.values[key]));
    });
  }

  get(key) {
    return this.values[key];
  }

  /** Change some values; listeners hear once which. `push` makes a step for the back button. */
  set(changes, { push = false } = {}) {
    const changed = Object.keys(changes).filter((key) => this.values[key] !== String(changes[key]));
    if (!changed.length) return;
    for (const key of changed) this.values[key] = String(changes[key]);
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(this.values)) {
      if (value !== DEFAULTS[key]) query.set(key, value);
    }
    const text = query.toString();
    history[push ? 'pushState' : 'replaceState'](null, '', text ? `/?${text}` : '/');
    this.#tell(changed);
  }

  /** Call `listener` when one of these keys changed; returns what ends it. */
  on(keys, listener) {
    const heard = (event) => {
      if (keys.some((key) => event.detail.includes(key))) listener(event.detail);
    };
    this.addEventListener('change', heard);
    return () => this.removeEventListener('change', heard);
  }

  /** Call `listener` when other rows are wanted. */
  onQuery(listener) {
    this.on(QUERY, listener);
  }

  /** The parameters of the API for the wanted rows. */
  query() {
    const v = this.values;
    return {
      connection: v.connection,
      filter: this.filter(),
      control: v.control,
      fragments: v.fragments,
      since: v.since,
      until: v.until,
      start: v.start,
    };
  }

  /** The one filter that search and all the choices come to. */
  filter() {
    const v = this.values;
    const parts = [];
    if (v.filter.trim()) parts.push(`(${v.filter.trim()})`);
    if (v.q) parts.push(`~b ${quote(v.re ? v.q : escapeRegex(v.q))}`);
    if (v.dir) parts.push(`~${v.dir}`);
    if (v.op) parts.push(`~${v.op}`);
    if (v.mark) parts.push(`~${v.mark}`);
    if (v.size.trim()) parts.push(`~size ${v.size.replaceAll(/\s/g, '')}`);
    return parts.length === 1 && parts[0].startsWith('(') ? v.filter.trim() : parts.join(' & ');
  }

  #read() {
    for (const [key, value] of new URLSearchParams(location.search)) {
      if (key in DEFAULTS) this.values[key] = value;
    }
  }

  #tell(changed) {
    if (changed.length) this.dispatchEvent(new CustomEvent('change', { detail: changed }));
  }
}

const quote = (text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
const escapeRegex = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

export const view = new View();

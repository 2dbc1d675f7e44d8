// The rows that are selected in the list of frames, by id; the one whose details are shown is
// `view.get('frame')`.

class Selection extends EventTarget {
  ids = new Set();

  only(id) {
    this.ids = new Set([id]);
    this.dispatchEvent(new Event('change'));
  }

  toggle(id) {
    if (!this.ids.delete(id)) this.ids.add(id);
    this.dispatchEvent(new Event('change'));
  }

  add(id) {
    this.ids.add(id);
    this.dispatchEvent(new Event('change'));
  }

  clear() {
    this.ids.clear();
    this.dispatchEvent(new Event('change'));
  }
}

export const selection = new Selection();

// Splitters between the panes, and the bar that switches between them on narrow screens.

import { button, el } from '../dom.js';
import { offer } from '../palette.js';
import { splitter } from '../splitter.js';
import { view } from '../view.js';

/** @type {[string, string][]} */
const PANES = [
  ['connections', 'Connections'],
  ['frames', 'Frames'],
  ['details', 'Details'],
  ['tools', 'Tools'],
];

class Panes extends HTMLElement {
  connectedCallback() {
    this.setAttribute('role', 'navigation');
    this.setAttribute('aria-label', 'Panes');
    const buttons = PANES.map(([pane, text]) =>
      button(text, () => view.set({ pane }), { 'data-pane': pane }),
    );
    this.append(el('div', { class: 'segments' }, buttons));
    const draw = () => {
      document.documentElement.dataset.pane = view.get('pane');
      for (const each of buttons)
        each.setAttribute('aria-pressed', String(each.dataset.pane === view.get('pane')));
    };
    view.on(['pane'], draw);
    view.on(['frame'], () => view.get('frame') || draw());
    draw();
    const left = splitter({
      name: 'connections',
      size: 240,
      least: 160,
      most: 520,
      axis: 'x',
      grows: 1,
      label: 'Width of the connections',
    });
    const right = splitter({
      name: 'details',
      size: 460,
      least: 240,
      most: 1000,
      axis: 'x',
      grows: -1,
      label: 'Width of the details',
    });
    const middle = splitter({
      name: 'details-high',
      size: 300,
      least: 120,
      most: 700,
      axis: 'y',
      grows: -1,
      label: 'Height of the details',
    });
    const bottom = splitter({
      name: 'tools',
      size: 220,
      least: 120,
      most: 600,
      axis: 'y',
      grows: -1,
      label: 'Height of the tools',
    });
    document.querySelector('wsp-connections')?.after(left);
    document.querySelector('#traffic')?.after(right, middle);
    document.querySelector('wsp-tools')?.before(bottom);
    offer(() => [
      { text: 'Fold the connections', run: left.fold },
      { text: 'Fold the details', run: right.fold },
      { text: 'Fold the tools', run: bottom.fold },
    ]);
  }
}

customElements.define('wsp-panes', Panes);

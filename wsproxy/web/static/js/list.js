// The list of rows that the page shows, following the view.

import { Rows } from './rows.js';
import { view } from './view.js';

export const rows = new Rows();

view.onQuery(() => rows.open(view.query()));

// Put together: every part is a custom element that finds what it needs in the shared modules.

import { feed } from './feed.js';
import './parts/header.js';
import './parts/connections.js';
import './parts/filter-bar.js';
import './parts/frames.js';
import './parts/details.js';
import './parts/tools.js';
import './parts/panes.js';
import './keys.js';
import './dropped.js';

feed.connect();

/** The tab that shows a run as workers at conveyor belts. */

import type { Mount } from '../app/app';
import { BeltTab } from './tab';

export const mount: Mount = (root, app) => new BeltTab(root, app);

/** The tab that shows the journey of one message. */

import type { Mount } from '../app/app';
import { MessageTab } from './tab';

export const mount: Mount = (root, app) => new MessageTab(root, app);

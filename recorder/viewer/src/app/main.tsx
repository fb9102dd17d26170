/** The page of a run. */

import { onceLoaded, showRun } from './page';

onceLoaded(() => showRun());

// The worker that a page starts by itself: a host and nothing else.

import { startHost } from './start-host.ts';

startHost();

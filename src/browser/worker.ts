// The worker that a page starts by itself: a host and nothing else.

import { serve } from './serve.ts';

serve({});

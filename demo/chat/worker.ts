// The chat's SharedWorker: the host of its bus, and the agent beside the log. There is one, however many tabs are open.

import { startHost } from 'busline/worker';
import { docsAgent } from './agent/docs-agent.ts';

startHost({ adapters: [docsAgent()] });

// How the workers are made: from the file that stands beside this one, or as the user says. It is one file for all kinds, so
// where only one of them is the user's own, the others cannot be had: what works in it would be missing there.

import { serviceWorkerScope } from './worker-name.ts';

export interface WorkerOptions {
  /** Makes the SharedWorker from your own file. Pass `name` on: a host that hangs is left behind by its name. */
  readonly worker?: (name: string) => SharedWorker;
  /** The same for the worker of a tab that leads where there is no SharedWorker. */
  readonly leaderWorker?: (name: string) => Worker;
  /** Registers your own service worker file to be the host of this bus. */
  readonly serviceWorker?: (bus: string) => Promise<ServiceWorkerRegistration>;
  /** Where `busline/worker.js`, or your own file for all of them, is served from. */
  readonly workerUrl?: string | URL;
}

export interface Workers {
  readonly shared?: (name: string) => SharedWorker;
  readonly leader?: (name: string) => Worker;
  readonly service?: (bus: string) => Promise<ServiceWorkerRegistration>;
}

// Bundlers look for exactly these expressions; a blob: or data: worker would be one for each tab.
const standard: Required<Workers> = {
  shared: (name) => new SharedWorker(new URL('./worker.js', import.meta.url), { type: 'module', name }),
  leader: (name) => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name }),
  service: (bus) => register(new URL('./worker.js', import.meta.url), bus),
};

/** Its scope is its own, below the folder of the script: it controls no page, and carries the name of the bus. */
function register(url: string | URL, bus: string): Promise<ServiceWorkerRegistration> {
  const script = new URL(url, location.href);
  const scope = new URL(serviceWorkerScope(bus), script).href;
  return navigator.serviceWorker.register(script, { type: 'module', scope });
}

function from(url: string | URL): Required<Workers> {
  return {
    shared: (name) => new SharedWorker(url, { type: 'module', name }),
    leader: (name) => new Worker(url, { type: 'module', name }),
    service: (bus) => register(url, bus),
  };
}

export function workersOf({ worker, leaderWorker, serviceWorker, workerUrl }: WorkerOptions): Workers {
  const isOwn = worker !== undefined || leaderWorker !== undefined || serviceWorker !== undefined;
  return {
    ...(workerUrl !== undefined ? from(workerUrl) : isOwn ? {} : standard),
    ...(worker && { shared: worker }),
    ...(leaderWorker && { leader: leaderWorker }),
    ...(serviceWorker && { service: serviceWorker }),
  };
}

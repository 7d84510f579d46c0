// How the workers are made: from the file that stands beside this one, or as the user says. It is one file for all kinds.

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
  readonly shared: (name: string) => SharedWorker;
  readonly leader: ((name: string) => Worker) | undefined;
  readonly service: (bus: string) => Promise<ServiceWorkerRegistration>;
}

// Bundlers look for exactly these expressions; a blob: or data: worker would be one for each tab.

function sharedWorker(name: string): SharedWorker {
  return new SharedWorker(new URL('./worker.js', import.meta.url), { type: 'module', name });
}

function leaderWorker(name: string): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name });
}

/** Its scope is its own, below the folder of the script: it controls no page, and carries the name of the bus. */
function register(url: string | URL, bus: string): Promise<ServiceWorkerRegistration> {
  const script = new URL(url, location.href);
  const scope = new URL(serviceWorkerScope(bus), script).href;
  return navigator.serviceWorker.register(script, { type: 'module', scope });
}

export function workersOf({ worker, leaderWorker: leader, serviceWorker, workerUrl: url }: WorkerOptions): Workers {
  const type = 'module';
  return {
    shared: worker ?? (url === undefined ? sharedWorker : (name) => new SharedWorker(url, { type, name })),
    leader:
      leader ??
      (url === undefined
        ? worker === undefined
          ? leaderWorker
          : undefined
        : (name) => new Worker(url, { type, name })),
    service: serviceWorker ?? ((bus) => register(url ?? new URL('./worker.js', import.meta.url), bus)),
  };
}

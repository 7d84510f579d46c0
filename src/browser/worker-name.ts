// A worker's name says which bus it hosts, and which of its hosts it is: another name is another worker, so a SharedWorker
// that hangs is left behind by raising its number, the generation. A service worker has a scope instead of a name.

const prefix = 'busline';

export interface WorkerName {
  readonly bus: string;
  readonly id: string;
}

export function workerName(bus: string, id: string | number): string {
  return `${prefix}/${id}/${bus}`;
}

/** A name of another form is a user's own: the default bus, first generation. */
export function parseWorkerName(name: string): WorkerName {
  const [, id, bus] = /^busline\/([^/]+)\/(.+)$/s.exec(name) ?? [];
  return { bus: bus ?? prefix, id: id ?? '0' };
}

/** Relative to the script's own folder, which is as far as it may reach. No scope may hold %2F or %5C, and dots lead elsewhere. */
export function serviceWorkerScope(bus: string): string {
  const encoded = encodeURIComponent(bus).replaceAll('~', '%7E').replaceAll('.', '%2E').replaceAll('%', '~');
  return `./${prefix}/${encoded}/`;
}

/** A scope of another form is a user's own service worker: the default bus. */
export function parseServiceWorkerScope(scope: string): WorkerName & { readonly isOurs: boolean } {
  const [, bus] = /\/busline\/([^/]+)\/$/.exec(scope) ?? [];
  return {
    bus: bus === undefined ? prefix : decodeURIComponent(bus.replaceAll('~', '%')),
    id: '0',
    isOurs: bus !== undefined,
  };
}

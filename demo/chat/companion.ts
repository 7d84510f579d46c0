// The companion: a service worker beside the page, which opens the chat where there is no network. It has nothing to do with
// the bus. It never stands before a new version: what is asked for comes from the network, and from the cache only where the
// network fails. The build writes this function into a file of its own, so it may use nothing from around it.

interface Waiting {
  waitUntil(done: Promise<unknown>): void;
}

interface Asking {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** What it needs of its global scope. */
export interface CompanionScope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: Waiting) => void): void;
  addEventListener(type: 'fetch', listener: (event: Asking) => void): void;
}

/** `files` are all of one version, relative to the page; `version` is another where any of them is. */
export function companion(scope: CompanionScope, files: readonly string[], version: string): void {
  const home = scope.registration.scope;
  const addresses = new Set(files.map((file) => new URL(file, home).href));
  // Other pages of the origin may have caches, too.
  const ours = `offline ${home} `;
  const name = ours + version;

  /** All files or none: those of one version belong together. */
  async function keep(): Promise<void> {
    const cache = await caches.open(name);
    // What the browser has kept for itself may be older: it has to ask.
    await cache.addAll([...addresses].map((address) => new Request(address, { cache: 'no-cache' })));
    await scope.skipWaiting();
  }

  async function begin(): Promise<void> {
    const old = (await caches.keys()).filter((each) => each.startsWith(ours) && each !== name);
    await Promise.all(old.map((each) => caches.delete(each)));
    await scope.clients.claim();
  }

  async function answer(request: Request, address: string): Promise<Response> {
    const kept = async (): Promise<Response | undefined> => (await caches.open(name)).match(address);
    try {
      const response = await fetch(request);
      return response.ok ? response : ((await kept()) ?? response);
    } catch (error) {
      const found = await kept();
      if (found === undefined) throw error;
      return found;
    }
  }

  scope.addEventListener('install', (event) => event.waitUntil(keep()));
  scope.addEventListener('activate', (event) => event.waitUntil(begin()));
  scope.addEventListener('fetch', (event) => {
    // Who somebody is stands behind the question mark; it is the same page.
    const address = event.request.url.replace(/[?#].*$/s, '');
    if (event.request.method === 'GET' && addresses.has(address)) event.respondWith(answer(event.request, address));
  });
}

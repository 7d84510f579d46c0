// The page's way in: a bus at once, a host at the first use.

import { TypedBus } from '../core/bus.ts';
import type { BusIdentity } from '../core/bus.ts';
import { checkChannel } from '../core/channel.ts';
import { busError } from '../core/errors.ts';
import type { HostKind, MessageBus } from '../core/message-bus.ts';
import { onAbort, systemPlatform } from '../core/platform.ts';
import type { RetentionOptions } from '../core/retention.ts';
import type { NoSchemas, Schemas } from '../core/schema.ts';
import { RemoteHost } from '../protocol/remote-host.ts';
import type { Opened } from '../protocol/remote-host.ts';
import { knownHosts, Ladder } from './connect.ts';

export interface BusOptions<S extends Schemas = Schemas> extends Pick<BusIdentity<S>, 'author' | 'schemas'> {
  /** One bus for each name and origin; default 'busline'. */
  readonly name?: string;
  /** Which kinds of host may be used, best first; default: all. */
  readonly hosts?: readonly HostKind[];
  /** Makes the SharedWorker from your own file. Pass `name` on: a host that hangs is left behind by its name. */
  readonly worker?: (name: string) => SharedWorker;
  /** Where `busline/worker.js` is served from, where a bundler does not find it by itself. */
  readonly workerUrl?: string | URL;
  /** Limits for each channel. The first tab's hold while the host lives; those given to `startHost` come before them. */
  readonly retention?: RetentionOptions;
  /** Closes the bus. */
  readonly signal?: AbortSignal;
}

export interface Bus<S extends Schemas = NoSchemas> extends MessageBus<S> {
  /** Settles when the host is there and its log is open. Looking at it connects. */
  readonly ready: Promise<Opened>;
}

class PageBus<S extends Schemas> extends TypedBus<S> implements Bus<S> {
  readonly #remote: RemoteHost;

  constructor(remote: RemoteHost, identity: BusIdentity<S>) {
    super(remote, identity);
    this.#remote = remote;
  }

  get ready(): Promise<Opened> {
    this.#remote.start();
    return this.#remote.opened;
  }
}

function sharedWorker(name: string): SharedWorker {
  // Bundlers look for exactly this expression; a blob: or data: worker would be one for each tab.
  return new SharedWorker(new URL('./worker.js', import.meta.url), { type: 'module', name });
}

function workerFactory({ worker, workerUrl }: BusOptions): (name: string) => SharedWorker {
  if (worker !== undefined) return worker;
  if (workerUrl !== undefined) return (name) => new SharedWorker(workerUrl, { type: 'module', name });
  return sharedWorker;
}

function checkHosts(hosts: readonly HostKind[]): readonly HostKind[] {
  for (const kind of hosts) {
    if (!knownHosts.includes(kind)) throw busError('UNKNOWN_HOST', `createBus: "${kind}" is no host.`);
  }
  return hosts;
}

/** Makes a bus. It is synchronous and lazy: it connects at its first use, and is safe to call on a server. */
export function createBus<const S extends Schemas = NoSchemas>(options: BusOptions<S> = {}): Bus<S> {
  const { name = 'busline', hosts = knownHosts, retention, author, schemas, signal } = options;
  checkChannel(name);
  const ladder = new Ladder({
    bus: name,
    hosts: checkHosts(hosts),
    platform: systemPlatform,
    create: workerFactory(options),
  });
  const remote = new RemoteHost(ladder, systemPlatform, retention === undefined ? {} : { retention });
  const identity = { ...(author !== undefined && { author }), ...(schemas !== undefined && { schemas }) };
  const bus = new PageBus<S>(remote, identity);
  onAbort(signal, () => void bus.close());
  return bus;
}

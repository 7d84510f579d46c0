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
import type { Kind } from './connect.ts';
import { workersOf } from './create-worker.ts';
import type { WorkerOptions } from './create-worker.ts';

export interface BusOptions<S extends Schemas = Schemas>
  extends Pick<BusIdentity<S>, 'author' | 'schemas'>, WorkerOptions {
  /** One bus for each name and origin; default 'busline'. */
  readonly name?: string;
  /** Which kinds of host may be used, best first; default: all. */
  readonly hosts?: readonly HostKind[];
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

function checkHosts(hosts: readonly HostKind[]): readonly Kind[] {
  for (const kind of hosts) {
    if (!(knownHosts as readonly HostKind[]).includes(kind))
      throw busError('UNKNOWN_HOST', `createBus: "${kind}" is no host.`);
  }
  return hosts as readonly Kind[];
}

/** Makes a bus. It is synchronous and lazy: it connects at its first use, and is safe to call on a server. */
export function createBus<const S extends Schemas = NoSchemas>(options: BusOptions<S> = {}): Bus<S> {
  const { name = 'busline', hosts = knownHosts, retention, author, schemas, signal } = options;
  checkChannel(name);
  // Half a character cannot be told from others like it where names are encoded: in scopes, names of locks and channels.
  if (/\p{Cs}/u.test(name)) throw busError('INVALID_INPUT', 'createBus: `name` holds half a surrogate pair.');
  const ladder = new Ladder({
    bus: name,
    hosts: checkHosts(hosts),
    platform: systemPlatform,
    workers: workersOf(options),
  });
  const remote = new RemoteHost(ladder, systemPlatform, retention === undefined ? {} : { retention });
  const identity = { ...(author !== undefined && { author }), ...(schemas !== undefined && { schemas }) };
  const bus = new PageBus<S>(remote, identity);
  onAbort(signal, () => void bus.close());
  return bus;
}

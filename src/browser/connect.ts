// Which host: the first kind of the ladder that works here.

import { busError } from '../core/errors.ts';
import type { HostKind } from '../core/message-bus.ts';
import type { Platform } from '../core/platform.ts';
import type { Connector, RemoteHost } from '../protocol/remote-host.ts';
import { SharedWorkerConnector } from './hosts/shared-worker.ts';

export const knownHosts: readonly HostKind[] = ['shared-worker', 'page'];

export interface ConnectOptions {
  readonly bus: string;
  readonly hosts: readonly HostKind[];
  readonly platform: Platform;
  readonly create: (name: string) => SharedWorker;
}

/** Climbs down the ladder until a host answers. */
export class Ladder implements Connector {
  readonly #options: ConnectOptions;
  #rungs: readonly HostKind[];
  #client!: RemoteHost;
  #connector: Connector | undefined;
  #closed = false;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#rungs = options.hosts;
  }

  start(client: RemoteHost): void {
    this.#client = client;
    if (typeof document === 'undefined') client.fail(busError('NOT_A_BROWSER', 'There is no document here.'));
    else if (!hasLocks())
      client.fail(busError('NO_HOST', 'Web Locks need a secure context: serve the page over https or from localhost.'));
    else this.#next('This is the first choice.');
  }

  close(): void {
    this.#closed = true;
    this.#connector?.close();
  }

  #next(why: string): void {
    const [kind, ...rest] = this.#rungs;
    this.#rungs = rest;
    if (kind === undefined)
      return this.#client.fail(busError('NO_HOST', `None of ${this.#options.hosts.join(', ')} works: ${why}`));
    const { bus, platform, create } = this.#options;
    if (kind === 'shared-worker' && typeof SharedWorker === 'undefined')
      return this.#next('This browser has no SharedWorker.');
    if (kind === 'shared-worker') {
      this.#begin(new SharedWorkerConnector({ bus, platform, create, onUnavailable: (reason) => this.#next(reason) }));
      return;
    }
    // Loaded only where it is needed: a page with a worker never downloads a host.
    import('./hosts/page.ts').then(
      ({ PageConnector }) =>
        this.#begin(
          new PageConnector({
            bus,
            why: `This page hosts the bus alone: ${why}`,
            onLost: () => this.#again(),
          }),
        ),
      (cause: unknown) =>
        this.#client.fail(busError('NO_HOST', 'The host for the page could not be loaded.', { cause })),
    );
  }

  /** From the top: what did not work a while ago may work now. */
  #again(): void {
    if (this.#closed) return;
    this.#rungs = this.#options.hosts;
    this.#next('The host before was lost.');
  }

  #begin(connector: Connector): void {
    if (this.#closed) return;
    this.#connector = connector;
    connector.start(this.#client);
  }
}

/** Outside a secure context there are none, and simulated pages may say null. */
function hasLocks(): boolean {
  const locks: unknown = navigator.locks;
  return typeof locks === 'object' && locks !== null;
}

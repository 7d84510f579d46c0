// The page as its own host: the log in the page, reached over a link that never leaves it. It lives as long as the page, so
// there is no lock to watch and nothing to beat for.

import { busError } from '../../core/errors.ts';
import { loopLink } from '../../protocol/loop-link.ts';
import type { Connector, LinkWatcher, RemoteHost } from '../../protocol/remote-host.ts';
import { BrowserHost } from '../browser-host.ts';
import { holdLock, lockNames } from '../locks.ts';
import type { HeldLock } from '../locks.ts';

export interface PageHostOptions {
  readonly bus: string;
  readonly why: string;
  /** It hosts no more: the ladder begins anew. */
  readonly onLost: () => void;
}

export class PageConnector implements Connector, LinkWatcher {
  readonly #options: PageHostOptions;
  #client!: RemoteHost;
  #tab: HeldLock | undefined;
  #host: BrowserHost | undefined;
  #closed = false;

  constructor(options: PageHostOptions) {
    this.#options = options;
  }

  start(client: RemoteHost): void {
    this.#client = client;
    client.watcher = this;
    this.#tab = holdLock(lockNames.tab(this.#options.bus, client.clientId));
    void this.#begin().catch((error: unknown) => {
      client.fail(busError('NO_HOST', 'The page could not become its own host.', { cause: error }));
    });
  }

  left(): void {
    this.#client.detach('The log in this page was lost, or another host took over.');
    this.close();
    this.#options.onLost();
  }

  close(): void {
    this.#closed = true;
    this.#host?.end('The bus was closed.');
    this.#tab?.release();
  }

  async #begin(): Promise<void> {
    await this.#tab?.held;
    if (this.#closed) return;
    const { bus, why } = this.#options;
    const host = new BrowserHost({
      bus,
      why,
      kind: 'page',
      generation: 0,
      onEnd: () => undefined,
      onBusy: () =>
        this.#client.report(busError('HOST_BUSY', 'This page waits for its turn; what it sends is kept here.')),
    });
    this.#host = host;
    const { client, host: other } = loopLink();
    host.accept(other);
    this.#client.attach(client, lockNames.tab(bus, this.#client.clientId));
  }
}

// The core in the page itself, reached over links that never leave it.

import type { HostKind } from '../../core/message-bus.ts';
import type { ClientFrame } from '../../protocol/frames.ts';
import type { Link } from '../../protocol/link.ts';
import { loopLink } from '../../protocol/loop-link.ts';
import { BrowserHost } from '../browser-host.ts';
import type { HeldLock } from '../locks.ts';

export interface PageHostOptions {
  readonly bus: string;
  readonly kind: HostKind;
  /** The bus's lock, which the page has. */
  readonly core: HeldLock;
  /** Why it is not in a worker. */
  readonly because: string;
  readonly onEnd: () => void;
}

export class PageHost {
  readonly id = 'page';
  readonly #host: BrowserHost;

  constructor({ bus, kind, core, because, onEnd }: PageHostOptions) {
    this.#host = new BrowserHost({
      bus,
      kind,
      id: this.id,
      why: `${because} A page hosts the bus itself: while it is busy, everybody waits.`.trim(),
      core: () => core,
      fallback: async (...given) => (await import('../local-storage-log/open-fallback.ts')).openLocalStorage(...given),
      onEnd,
    });
  }

  link(): Link<ClientFrame> {
    const { client, host } = loopLink();
    this.#host.accept(host);
    return client;
  }

  stop(): void {
    this.#host.end('The page was closed or put away.');
  }
}

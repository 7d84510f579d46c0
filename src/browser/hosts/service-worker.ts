// The service worker as host. The browser stops it whenever it has nothing to do, and starts it anew when something is said
// to it: what tabs say goes to it directly, so that it is awake while they work, and its answers come on a channel of theirs.

import { busError } from '../../core/errors.ts';
import type { ClientFrame } from '../../protocol/frames.ts';
import type { Link } from '../../protocol/link.ts';
import { wakingLink } from '../links/service-worker-link.ts';
import { runningHost } from '../locks.ts';
import { linkName } from '../meeting.ts';
import type { Seat } from './seat.ts';

export class ServiceWorkerSeat implements Seat {
  readonly #bus: string;
  readonly #register: (bus: string) => Promise<ServiceWorkerRegistration>;
  #registration: Promise<ServiceWorkerRegistration> | undefined;

  constructor(bus: string, register: (bus: string) => Promise<ServiceWorkerRegistration>) {
    this.#bus = bus;
    this.#register = register;
  }

  enter(): void {}

  async reach(): Promise<Link<ClientFrame>> {
    try {
      this.#registration ??= this.#register(this.#bus);
      const { active, waiting, installing } = await this.#registration;
      const worker = active ?? waiting ?? installing;
      if (worker === null) throw busError('WORKER_FAILED', 'The service worker is gone.');
      if (worker.state !== 'activated') await activated(worker);
      return this.#link(worker);
    } catch (error) {
      // It may be had another time.
      this.#registration = undefined;
      throw error;
    }
  }

  #link(worker: ServiceWorker): Link<ClientFrame> {
    return wakingLink(linkName(this.#bus), (told) => worker.postMessage(told));
  }

  running(): Promise<string | undefined> {
    return runningHost(this.#bus, 'service-worker', 0);
  }

  /** There is only one, and the browser stops it when it hangs for long. */
  abandon(): void {}

  leave(): void {}
}

function activated(worker: ServiceWorker): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (worker.state === 'activated') resolve();
      if (worker.state === 'redundant') reject(busError('WORKER_FAILED', 'The service worker could not be installed.'));
    };
    worker.addEventListener('statechange', look);
    look();
  });
}

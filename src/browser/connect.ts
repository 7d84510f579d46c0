// Which host: the first kind of the ladder that works here.

import { busError, describe } from '../core/errors.ts';
import type { HostKind } from '../core/message-bus.ts';
import type { Platform } from '../core/platform.ts';
import type { Connector, RemoteHost } from '../protocol/remote-host.ts';
import type { Workers } from './create-worker.ts';
import type { Seat } from './hosts/seat.ts';
import { SharedWorkerSeat } from './hosts/shared-worker.ts';
import { holdLock, lockNames } from './locks.ts';
import type { HeldLock } from './locks.ts';
import { Seeker } from './seeker.ts';

export interface ConnectOptions {
  readonly bus: string;
  readonly hosts: readonly Kind[];
  readonly platform: Platform;
  readonly workers: Workers;
}

interface Rung {
  /** What is missing for it. */
  readonly lacks?: string | undefined;
  readonly idleBeat?: number;
  readonly seat: () => Seat | Promise<Seat>;
}

export type Kind = Exclude<HostKind, 'process'>;

/** What a page with a SharedWorker does not need it never downloads. */
async function elected(bus: string, kind: HostKind, worker?: Workers['leader']): Promise<Seat> {
  const { ElectedSeat } = await import('./hosts/elected.ts');
  return new ElectedSeat({ bus, kind, ...(worker !== undefined && { worker }) });
}

function lacking(what: string, inThisBrowser: boolean, worker: unknown, option: string): string | undefined {
  if (!inThisBrowser) return `This browser has no ${what}.`;
  return worker === undefined
    ? `A ${what} of your own would need \`${option}\`, or \`workerUrl\` for all kinds.`
    : undefined;
}

const ladder: Readonly<Record<Kind, (options: ConnectOptions) => Rung>> = {
  'shared-worker': ({ bus, workers: { shared } }) => ({
    lacks: lacking('SharedWorker', typeof SharedWorker !== 'undefined', shared, 'worker'),
    seat: () => new SharedWorkerSeat(bus, shared as Required<Workers>['shared']),
  }),
  'leader-tab': ({ bus, workers: { leader } }) => ({
    lacks: lacking('leader', true, leader, 'leaderWorker'),
    seat: () => elected(bus, 'leader-tab', leader),
  }),
  'service-worker': ({ bus, workers: { service } }) => ({
    lacks: lacking('service worker', 'serviceWorker' in navigator, service, 'serviceWorker'),
    // Whatever is said to it keeps it from being stopped.
    idleBeat: Infinity,
    seat: async () => {
      const { ServiceWorkerSeat } = await import('./hosts/service-worker.ts');
      return new ServiceWorkerSeat(bus, service as Required<Workers>['service']);
    },
  }),
  page: ({ bus }) => ({ seat: () => elected(bus, 'page') }),
};

/** Best first. */
export const knownHosts: readonly Kind[] = Object.keys(ladder) as readonly Kind[];

const pause = 1000;

/** Climbs down the ladder until a host answers. */
export class Ladder implements Connector {
  readonly #options: ConnectOptions;
  #rungs: readonly Kind[];
  #client!: RemoteHost;
  #connector: Seeker | undefined;
  /** Held as long as this tab is a client, whatever host it has. */
  #tab: HeldLock | undefined;
  #everWelcome = false;
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
    else {
      this.#tab = holdLock(lockNames.tab(this.#options.bus, client.clientId));
      void this.#tab.held.then(() => this.#next(''));
      void this.#tab.lost.then((cause) => client.fail(busError('NO_HOST', 'Web Locks are refused here.', { cause })));
    }
  }

  close(): void {
    this.#closed = true;
    this.#connector?.close();
    this.#tab?.release();
  }

  async #next(because: string): Promise<void> {
    this.#everWelcome ||= this.#connector?.everWelcome === true;
    // Who had a host before has work under way: it looks again from the top.
    if (this.#rungs.length === 0 && this.#everWelcome) return this.#again(because);
    const [kind, ...rest] = this.#rungs;
    this.#rungs = rest;
    if (kind === undefined)
      return this.#client.fail(busError('NO_HOST', `None of ${this.#options.hosts.join(', ')} works: ${because}`));
    const { lacks, idleBeat, seat } = ladder[kind](this.#options);
    if (lacks !== undefined) return this.#next(lacks);
    try {
      const { bus, platform } = this.#options;
      const found = await seat();
      if (this.#closed) return;
      // What is wrong with those above it; of the first choice nothing is.
      const first = this.#options.hosts[0] === kind;
      const onUnavailable = (why: string): void => void this.#next(why);
      const isPatient = this.#everWelcome;
      const options = { bus, platform, because: first ? '' : because, onUnavailable, isPatient, seat: found };
      this.#connector = new Seeker(idleBeat === undefined ? options : { ...options, idleBeat });
      this.#connector.start(this.#client);
    } catch (error) {
      return this.#next(`The part for the host "${kind}" could not be loaded (${describe(error)}).`);
    }
  }

  #again(because: string): void {
    this.#options.platform.timer(pause, () => {
      if (this.#closed) return;
      this.#rungs = this.#options.hosts;
      void this.#next(because);
    });
  }
}

/** Outside a secure context there are none, and simulated pages may say null. */
function hasLocks(): boolean {
  const locks: unknown = navigator.locks;
  return typeof locks === 'object' && locks !== null;
}

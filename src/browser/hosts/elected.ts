// One tab hosts the bus for all others: the one that gets the bus's lock. Its core runs in a worker of its own, from the same
// file as the shared one, or in the page itself. When it goes, the next tab that waits for the lock has it.

import type { HostKind } from '../../core/message-bus.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import type { ClientFrame } from '../../protocol/frames.ts';
import type { Link } from '../../protocol/link.ts';
import { portLink } from '../links/port-link.ts';
import { coreHolder, holdLock, runningHost, lockNames, whenFree } from '../locks.ts';
import type { HeldLock } from '../locks.ts';
import type { Meeting } from '../meeting.ts';
import { workerName } from '../worker-name.ts';
import type { Seat } from './seat.ts';

/** The host that this tab has. */
interface Own {
  /** How the name of its lock begins. */
  readonly id: string;
  link(): Link<ClientFrame>;
  stop(): void;
}

export interface ElectedOptions {
  readonly bus: string;
  readonly kind: HostKind;
  /** Makes the leader's worker; without, the core runs in the page. */
  readonly worker?: (name: string) => Worker;
}

export class ElectedSeat implements Seat {
  readonly #options: ElectedOptions;
  #worker: ((name: string) => Worker) | undefined;
  #changed: (why: string) => void = () => undefined;
  /** The lock, while this tab waits for it or has it; its worker takes it over. */
  #core: HeldLock | undefined;
  #own: Own | undefined;
  #stopWatching: (() => void) | undefined;

  constructor(options: ElectedOptions) {
    this.#options = options;
    this.#worker = options.worker;
  }

  get leads(): boolean {
    return this.#own !== undefined;
  }

  enter(_meeting: Meeting, changed: (why: string) => void): void {
    this.#changed = changed;
    this.#stand();
  }

  reach(): Link<ClientFrame> | undefined {
    return this.#own?.link();
  }

  running(): Promise<string | undefined> {
    return runningHost(this.#options.bus, this.#options.kind, this.#own?.id ?? '-');
  }

  /** Its own host hangs: the lock was taken from it, or will be. */
  abandon(): void {
    this.#stand();
  }

  leave(): void {
    this.#stopWatching?.();
    this.#own?.stop();
    this.#own = undefined;
    this.#core?.release();
    this.#core = undefined;
  }

  /** Waits to be the one. */
  #stand(): void {
    this.leave();
    const core = holdLock(lockNames.core(this.#options.bus));
    this.#core = core;
    void core.held.then(() => this.#lead(core));
    void core.lost.then(() => this.#robbed(core));
  }

  async #lead(core: HeldLock): Promise<void> {
    if (this.#core !== core) return;
    const own = this.#startWorker(core) ?? (await this.#startInPage(core));
    if (this.#core !== core) return own.stop();
    this.#own = own;
    this.#changed('This tab leads now.');
  }

  #startWorker(core: HeldLock): Own | undefined {
    const { bus } = this.#options;
    const id = randomName(systemPlatform);
    let worker: Worker;
    try {
      if (this.#worker === undefined) return undefined;
      worker = this.#worker(workerName(bus, id));
    } catch {
      return undefined;
    }
    worker.addEventListener('error', () => {
      // It failed before it had taken the lock: workers are refused here, or its file is not there.
      if (this.#core !== core || this.#own?.id !== id) return;
      this.#worker = undefined;
      this.#own.stop();
      void this.#lead(core);
    });
    return {
      id,
      link() {
        const { port1, port2 } = new MessageChannel();
        worker.postMessage(null, [port2]);
        return portLink(port1);
      },
      stop: () => worker.terminate(),
    };
  }

  /** Loaded only where it is needed: a tab whose host is a worker never downloads one. */
  async #startInPage(core: HeldLock): Promise<Own> {
    const { PageHost } = await import('./page-host.ts');
    return new PageHost({
      bus: this.#options.bus,
      kind: this.#options.kind,
      core,
      onEnd: () => {
        if (this.#core === core) this.#again();
      },
    });
  }

  /** Somebody has taken the lock: its own worker, as it should be, or one who found it hung. */
  async #robbed(core: HeldLock): Promise<void> {
    if (this.#core !== core) return;
    const { bus, kind } = this.#options;
    const holder = await coreHolder(bus);
    if (this.#core !== core) return;
    const id = this.#own?.id ?? '-';
    if (holder?.host?.startsWith(lockNames.host(bus, kind, id, '')) === true)
      this.#stopWatching = whenFree(holder.host, () => this.#again());
    else this.#again();
  }

  #again(): void {
    this.#stand();
    this.#changed('The host of this tab has ended.');
  }
}

// One tab hosts the bus for all others: the one that gets the bus's lock. Its core runs in a worker of its own, from the same
// file as the shared one, or in the page itself. When it goes, the next tab that waits for the lock has it.

import { describe } from '../../core/errors.ts';
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

/** A worker that has not begun by then will not: the page stands in. */
const beginWithin = 15_000;

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
  #cancelDeadline: (() => void) | undefined;
  #tellFailed: (why: string) => void = () => undefined;
  /** Why the core is not in a worker. */
  #refused = '';

  constructor(options: ElectedOptions) {
    this.#options = options;
    this.#worker = options.worker;
  }

  /** Or would, any moment. */
  get leads(): boolean {
    return this.#core !== undefined;
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

  failed(tell: (why: string) => void): void {
    this.#tellFailed = tell;
  }

  /** Its own host hangs: the lock was taken from it, or will be. */
  abandon(): void {
    if (this.#core !== undefined) this.#stand();
  }

  leave(): void {
    this.#cancelDeadline?.();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
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
    try {
      const own = this.#startWorker(core) ?? (await this.#startInPage(core));
      if (this.#core !== core) return own.stop();
      this.#own = own;
      this.#changed('This tab leads now.');
    } catch (error) {
      // Others may be luckier.
      if (this.#core !== core) return;
      this.leave();
      this.#tellFailed(`The page cannot host: ${describe(error)}`);
    }
  }

  #startWorker(core: HeldLock): Own | undefined {
    const { bus } = this.#options;
    const id = randomName(systemPlatform);
    let worker: Worker;
    try {
      if (this.#worker === undefined) return undefined;
      worker = this.#worker(workerName(bus, id));
    } catch (error) {
      this.#refused = `A worker is refused: ${describe(error)}.`;
      return undefined;
    }
    // Before it has taken the lock. Afterwards an error is its own affair.
    const failed = (why: string): void => {
      if (this.#core !== core || this.#own?.id !== id || this.#stopWatching !== undefined) return;
      this.#cancelDeadline?.();
      this.#own.stop();
      this.#worker = undefined;
      this.#refused = why;
      void this.#lead(core);
    };
    worker.addEventListener('error', () => failed('The worker of the leader failed to load or to start.'));
    this.#cancelDeadline = systemPlatform.timer(beginWithin, () => failed('The worker of the leader does not begin.'));
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
      because: this.#refused,
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
    if (holder?.host?.startsWith(lockNames.host(bus, kind, id, '')) !== true) return this.#again();
    this.#cancelDeadline?.();
    this.#stopWatching = whenFree(holder.host, () => this.#again());
  }

  #again(): void {
    this.#stand();
    this.#changed('The host of this tab has ended.');
  }
}

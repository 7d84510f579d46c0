// A tab as the bus sees it: a client behind a link, with its own queue of things to do, which stands still while it is frozen.

import { TypedBus } from '../core/bus.ts';
import type { BusIdentity } from '../core/bus.ts';
import type { MessageBus } from '../core/message-bus.ts';
import type { Schemas } from '../core/schema.ts';
import type { ClientFrame } from '../protocol/frames.ts';
import type { Link } from '../protocol/link.ts';
import { RemoteHost } from '../protocol/remote-host.ts';
import { microtask } from './test-clock.ts';
import type { TestClock } from './test-clock.ts';
import type { TestHost } from './test-host.ts';

export interface TabOptions<S extends Schemas> extends Omit<BusIdentity<S>, 'platform'> {
  readonly clock: TestClock;
  /** The host that there is now. */
  readonly host: () => TestHost;
  /** The bus was closed. */
  readonly onGone: (clientId: string) => void;
}

export class TestTab<S extends Schemas> {
  readonly bus: MessageBus<S>;
  readonly #client: RemoteHost;
  readonly #host: () => TestHost;
  readonly #held: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  #state: 'idle' | 'connecting' | 'open' | 'closed' = 'idle';
  #isFrozen = false;
  #isDraining = false;

  constructor({ clock, host, onGone, ...identity }: TabOptions<S>) {
    this.#host = host;
    const platform = clock.platform((task) => this.#do(task));
    const start = (): void => {
      this.#state = 'connecting';
      this.#do(() => this.#connect());
    };
    const close = (): void => {
      this.#state = 'closed';
      this.#settled();
      // What it said last is still to arrive.
      void clock.settle().then(() => onGone(this.clientId));
    };
    this.#client = new RemoteHost({ start, close }, platform);
    this.#client.watcher = {
      welcomed: () => {
        this.#state = 'open';
        this.#settled();
      },
      left: () => this.#do(() => this.#connect()),
    };
    this.bus = new TypedBus<S>(this.#client, { ...identity, platform });
  }

  get clientId(): string {
    return this.#client.clientId;
  }

  get isGone(): boolean {
    return this.#state === 'closed';
  }

  /** The host is dead: resolves when the next one has welcomed this tab, unless it is frozen or has no use for one. */
  reconnect(): Promise<void> {
    if (this.#state === 'open') this.#state = 'connecting';
    if (this.#state !== 'connecting') return Promise.resolve();
    this.#do(() => {
      this.#client.detach('The host died.');
      this.#connect();
    });
    if (this.#isFrozen) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  freeze(): void {
    this.#isFrozen = true;
    this.#settled();
  }

  thaw(): void {
    this.#isFrozen = false;
    if (this.#isDraining) return;
    this.#isDraining = true;
    microtask(() => this.#drain());
  }

  #connect(): void {
    if (this.#state !== 'closed') this.#client.attach(this.#gated(this.#host().connect()), `tab:${this.clientId}`);
  }

  /** What waits comes first. */
  #do(task: () => void): void {
    if (this.#isFrozen || this.#isDraining) this.#held.push(task);
    else task();
  }

  #drain(): void {
    const task = this.#isFrozen ? undefined : this.#held.shift();
    if (task === undefined) {
      this.#isDraining = false;
      return;
    }
    microtask(() => this.#drain());
    task();
  }

  #gated(link: Link<ClientFrame>): Link<ClientFrame> {
    return {
      send: (frames) => {
        const copy = [...frames];
        this.#do(() => link.send(copy));
      },
      receive: (listener) => link.receive((frames) => this.#do(() => listener(frames))),
      close: () => this.#do(() => link.close()),
    };
  }

  #settled(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

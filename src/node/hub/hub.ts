// A hub at work: a bus over its log, what it counts, and how it stops.

import type { Log } from '../../core/log.ts';
import type { MessageBus } from '../../core/message-bus.ts';
import type { NoSchemas, Schemas } from '../../core/schema.ts';
import { modeOf } from './log-choice.ts';
import type { HubMode } from './log-choice.ts';
import type { HubLogger } from './logger.ts';
import type { Watch } from './watch.ts';

/** An open hub keeps its process alive, until it is closed. */
export interface Hub<S extends Schemas = NoSchemas> {
  readonly bus: MessageBus<S>;
  /** 'distributed' on Redis, 'isolated' on files, also while Redis is away. */
  readonly mode: HubMode;
  /**
   * Since it was opened: `messages` and `bytes` that came into the log, by anybody; `errors`, `handlerErrors`, `deadLetters` and
   * `resets` as the events of these names; `losses`: messages that Redis had acknowledged and came back without; `uptime` in
   * milliseconds. And `outbox`: messages sent here that are not stored yet.
   */
  stats(): { readonly [name: string]: number };
  /** Takes no more work, waits for what handlers have in hand as long as `closeWithin` says, and closes the log. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export class RunningHub<S extends Schemas> implements Hub<S> {
  readonly bus: MessageBus<S>;
  readonly #log: Log;
  readonly #logger: HubLogger;
  readonly #opened = performance.now();
  readonly #watch: Watch;
  readonly #unfollow: () => void;
  /** A log in files keeps no process alive; whoever subscribes means to stay. */
  readonly #alive = setInterval(() => undefined, 60_000);
  #closing: Promise<void> | undefined;

  constructor(bus: MessageBus<S>, log: Log, logger: HubLogger, watch: Watch) {
    this.bus = bus;
    this.#log = log;
    this.#logger = logger;
    this.#watch = watch;
    this.#unfollow = watch.attach(bus, log);
  }

  get mode(): HubMode {
    return modeOf(this.#log);
  }

  stats(): { readonly [name: string]: number } {
    const uptime = Math.round(performance.now() - this.#opened);
    return { ...this.#watch.counts, outbox: this.bus.status.getSnapshot().outbox, uptime };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#logger.info({}, 'the hub is closing');
    await this.bus.close().finally(() => clearInterval(this.#alive));
    this.#unfollow();
    this.#logger.info(this.stats(), 'the hub is closed');
  }
}

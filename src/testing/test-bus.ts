// Several tabs and their host in one process, for users' own tests: the real protocol over real links, on a clock that the test
// moves.

import { busError } from '../core/errors.ts';
import { MemoryLog } from '../core/memory-log.ts';
import type { MessageBus } from '../core/message-bus.ts';
import type { Author } from '../core/outbox.ts';
import type { NoSchemas, Schemas } from '../core/schema.ts';
import { TestClock } from './test-clock.ts';
import { TestHost } from './test-host.ts';
import { TestTab } from './test-tab.ts';

export interface TestBusOptions<S extends Schemas = Schemas, N extends number = number> {
  /** How many; default 2. */
  readonly tabs?: N;
  /** Of all tabs; default: 'tab-1', 'tab-2' … */
  readonly author?: string | Author;
  readonly schemas?: S;
}

/** A list of so many, where the number is known. */
type Times<T, N extends number, Made extends readonly T[] = readonly []> = number extends N
  ? readonly T[]
  : Made['length'] extends N
    ? Made
    : Times<T, N, readonly [...Made, T]>;

export interface TestBus<S extends Schemas = NoSchemas, N extends number = number> {
  readonly tabs: Times<MessageBus<S>, N>;
  /** The host dies without a word; resolves when the next one, on the same log, has welcomed every tab that is not frozen. */
  killHost(): Promise<void>;
  /** This tab (0 is the first) receives nothing, sends nothing and runs no timers. */
  freeze(tab: number): void;
  /** Everything that waited comes, in its order. */
  thaw(tab: number): void;
  /**
   * Moves the clock, and runs what was due in its order. Before and after each timer a few turns of the event loop pass
   * (`setImmediate` where there is one, else `setTimeout`), so that what follows from it has happened.
   */
  advance(ms: number): Promise<void>;
  /** Closes all tabs. */
  close(): Promise<void>;
}

/** How long a bus waits at the most before it closes. */
const closeDeadline = 2000;

class Surroundings<S extends Schemas> {
  readonly clock: TestClock = new TestClock();
  readonly tabs: readonly TestTab<S>[];
  readonly #log: MemoryLog;
  #term = 1;
  #host: TestHost;

  constructor(count: number, { author, schemas }: TestBusOptions<S>) {
    if (!Number.isInteger(count) || count < 1)
      throw busError('INVALID_INPUT', `createTestBus: "tabs" must be a whole number above 0, not ${count}.`);
    this.#log = new MemoryLog(this.clock.platform((task) => task()));
    this.#host = this.#next();
    this.tabs = Array.from(
      { length: count },
      (_, at) =>
        new TestTab<S>({
          clock: this.clock,
          host: () => this.#host,
          onGone: (clientId) => this.#host.gone(clientId),
          author: author ?? `tab-${at + 1}`,
          ...(schemas !== undefined && { schemas }),
        }),
    );
  }

  async killHost(): Promise<void> {
    this.#host.die();
    this.#term += 1;
    this.#host = this.#next();
    await Promise.all(this.tabs.map((tab) => tab.reconnect()));
  }

  tab(at: number): TestTab<S> {
    const tab = this.tabs[at];
    if (tab === undefined)
      throw busError('INVALID_INPUT', `There is no tab ${at}; the last one is ${this.tabs.length - 1}.`);
    return tab;
  }

  /** Time goes on while they close: what they wait for may never come. */
  async close(): Promise<void> {
    for (const tab of this.tabs) tab.thaw();
    const closing = { isDone: false };
    const closed = Promise.all(this.tabs.map(({ bus }) => bus.close())).finally(() => (closing.isDone = true));
    await this.clock.settle();
    for (let waits = 10; !closing.isDone && waits > 0; waits--) await this.clock.advance(closeDeadline);
    await closed;
    await this.clock.settle();
    this.#host.die();
  }

  #next(): TestHost {
    const isGone = (clientId: string): boolean => !this.tabs.some((tab) => tab.clientId === clientId && !tab.isGone);
    return new TestHost(this.#log, this.#term, this.clock, isGone);
  }
}

/**
 * Makes tabs that share one bus, in this process: no browser, no worker, nothing on disk. Blocks cross real links, encoded as
 * in a browser. The clock stands at 2027-01-15T08:00:00Z until `advance` moves it, and chance is the same in every run.
 */
export function createTestBus<const S extends Schemas = NoSchemas, const N extends number = 2>(
  options: TestBusOptions<S, N> = {},
): TestBus<S, N> {
  const around = new Surroundings(options.tabs ?? 2, options);
  return {
    tabs: around.tabs.map(({ bus }) => bus) as readonly MessageBus<S>[] as Times<MessageBus<S>, N>,
    killHost: () => around.killHost(),
    freeze: (tab) => around.tab(tab).freeze(),
    thaw: (tab) => around.tab(tab).thaw(),
    advance: (ms) => around.clock.advance(ms),
    close: () => around.close(),
  };
}

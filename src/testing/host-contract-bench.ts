// One bus in a test of the host contract: its tabs, what they hear, and the end of its host.

import type { BusError } from '../core/errors.ts';
import { systemPlatform } from '../core/platform.ts';
import type { Message } from '../core/message.ts';
import type { HostKind, MessageBus, Subscription, SubscribeOptions } from '../core/message-bus.ts';
import type { Store } from '../core/store.ts';
import type { Runner } from './runner.ts';

export interface HostSetup<B = unknown> {
  /** What `status` is to call the host. */
  readonly kind: HostKind;
  /** A bus that nobody has used before, however you tell one from another. */
  readonly begin: () => B | Promise<B>;
  /** One more tab on it: called up to a dozen times for each bus. */
  readonly open: (bus: B) => MessageBus;
  /** What the tab says when it has its host: the `ready` of a bus in a page. */
  readonly opened?: (tab: MessageBus) => Promise<{ readonly storeId: string; readonly term: number }>;
  /** The context that the host runs in ends, as far as possible without a word. Resolves when it was told to. */
  readonly endHost?: (bus: B) => unknown;
  /** Called after each test, when all tabs are closed. */
  readonly cleanup?: (bus: B) => unknown;
}

/** How long anything may take that a test waits for. */
const patience = 10_000;

/** 1, 2, 3 … */
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

export const contentsOf = (messages: readonly Message[]): unknown[] => messages.map(({ content }) => content);

export const inOrder = (messages: readonly Message[]): readonly Message[] =>
  messages.toSorted((a, b) => a.offset - b.offset);

/** What is in so many bytes, in short: runners take long to compare them one by one. */
export const summaryOf = (bytes: Uint8Array): string =>
  `${bytes.length}: ${bytes.reduce((sum, byte) => (sum * 31 + byte) >>> 0, 0)}`;

/** The code that a promise is rejected with. */
export const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'none',
    (error: Partial<BusError>) => error.code ?? error,
  );

export interface Heard {
  readonly messages: readonly Message[];
  readonly subscription: Subscription;
  /** Resolves with the messages when there are so many. */
  count(count: number): Promise<readonly Message[]>;
}

/** A promise that whoever waits for it can be let go by. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
  /** Whoever waits is refused, and whoever comes later. */
  shut(): void;
}

export function createGate(): Gate {
  let open!: () => void;
  let refuse!: (error: Error) => void;
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    refuse = reject;
  });
  opened.catch(() => undefined);
  return { opened, open: () => open(), shut: () => refuse(new Error('as the test wants')) };
}

export class HostBench {
  /** What went wrong beside what a test looks at, in words. */
  readonly problems: string[] = [];
  readonly #open: () => MessageBus;
  readonly #endHost: () => unknown;
  readonly #tabs: MessageBus[] = [];
  /** The term of each tab's host, since it has one. */
  readonly #terms = new Map<MessageBus, number>();
  readonly #waiting = new Set<() => void>();

  constructor(open: () => MessageBus, endHost: () => unknown) {
    this.#open = open;
    this.#endHost = endHost;
  }

  open(): MessageBus {
    const tab = this.#open();
    this.#tabs.push(tab);
    tab.on('error', ({ message }) => void this.problems.push(message));
    tab.on('host', ({ term }) => {
      if (term < (this.#terms.get(tab) ?? 0)) this.problems.push(`term ${term} follows ${this.#terms.get(tab)}`);
      this.#terms.set(tab, term);
      this.changed();
    });
    return tab;
  }

  openThree(): readonly [MessageBus, MessageBus, MessageBus] {
    return [this.open(), this.open(), this.open()];
  }

  /** Keeps what a tab hears of a channel, and notes what comes twice or out of order. */
  hear(tab: MessageBus, channel: string, options: SubscribeOptions = { from: 'earliest' }): Heard {
    const messages: Message[] = [];
    const last = new Map<string, number>();
    const take = (message: Message): void => {
      const { channelId, offset } = message;
      if (offset > 0 && offset <= (last.get(channelId) ?? 0))
        this.problems.push(`offset ${offset} of "${channelId}" was heard after ${last.get(channelId)}`);
      if (offset > 0) last.set(channelId, offset);
      messages.push(message);
      this.changed();
    };
    const subscription = tab.subscribe(channel, take, options);
    const count = async (wanted: number): Promise<readonly Message[]> => {
      const found = (): string => `${messages.length} messages of "${channel}"`;
      await this.until(`${wanted} messages`, () => messages.length >= wanted, found);
      return messages;
    };
    return { messages, subscription, count };
  }

  /** Resolves when it is so. Whatever may make it so calls `changed`. */
  until(what: string, isSo: () => boolean, found: () => string = () => 'not so'): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(look);
        stop();
      };
      const look = (): void => {
        if (!isSo()) return;
        end();
        resolve();
      };
      const stop = systemPlatform.timer(patience, () => {
        end();
        const also = this.problems.length > 0 ? ` Problems: ${this.problems.join(' ')}` : '';
        reject(new Error(`Waited ${patience} ms for ${what}: ${found()}.${also}`));
      });
      this.#waiting.add(look);
      look();
    });
  }

  changed(): void {
    for (const look of this.#waiting) look();
  }

  /** Resolves with what the store holds when it is as wanted. */
  async holds<T>(store: Store<T>, what: string, isSo: (value: T) => boolean): Promise<T> {
    let value = store.getSnapshot();
    const stop = store.subscribe(() => this.changed());
    const look = (): boolean => isSo((value = store.getSnapshot()));
    await this.until(what, look, () => JSON.stringify(value).slice(0, 1000)).finally(stop);
    return value;
  }

  /** Asks again and again until the answer is as wanted. */
  async asks<T>(what: string, ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
    const start = systemPlatform.elapsed();
    for (;;) {
      const answer = await ask();
      if (isSo(answer)) return answer;
      if (systemPlatform.elapsed() - start > patience)
        throw new Error(`Asked for ${patience} ms for ${what}: ${JSON.stringify(answer)}`);
      // What answers in the same turn would let nothing else happen.
      await new Promise<void>((resolve) => void systemPlatform.timer(0, resolve));
    }
  }

  /** The host's context ends, whatever is under way. */
  async end(): Promise<void> {
    await this.#endHost();
  }

  /** The same; resolves when every tab that had a host has a later one. */
  async succeed(): Promise<void> {
    const before = Math.max(...this.#terms.values());
    await this.end();
    await this.succeeded(before);
  }

  /** The highest term that any tab has seen. */
  get term(): number {
    return Math.max(0, ...this.#terms.values());
  }

  /** Resolves when the hosts of all tabs are of a later term. */
  succeeded(before: number): Promise<void> {
    const isBehind = (tab: MessageBus): boolean =>
      tab.status.getSnapshot().host !== 'closed' && (this.#terms.get(tab) ?? Infinity) <= before;
    const found = (): string =>
      this.#tabs
        .map((tab) => `${this.#terms.get(tab)}: ${tab.status.getSnapshot().host} (${tab.status.getSnapshot().why})`)
        .join(', ');
    return this.until(`a host after term ${before} for all`, () => !this.#tabs.some(isBehind), found);
  }

  async close(): Promise<void> {
    await Promise.all(this.#tabs.map((tab) => tab.close()));
  }
}

/** A test with a bus of its own, closed and cleaned up whatever happens. */
export type HostTest = (name: string, body: (bench: HostBench) => Promise<void>) => void;

export function hostTest<B>({ test, expect }: Runner, setup: HostSetup<B>): HostTest {
  return (name, body) => {
    test(name, async () => {
      const bus = await setup.begin();
      const bench = new HostBench(
        () => setup.open(bus),
        () => setup.endHost?.(bus),
      );
      try {
        await body(bench);
        expect(bench.problems).toEqual([]);
      } finally {
        await bench.close();
        await setup.cleanup?.(bus);
      }
    });
  };
}

/** Fails unless a channel holds exactly these messages, each once, under the offsets 1, 2, 3 … */
export async function checkStored(
  { expect }: Pick<Runner, 'expect'>,
  tab: MessageBus,
  channelId: string,
  sent: readonly Message[],
): Promise<void> {
  const stored = await tab.history(channelId, { limit: 100_000 });
  expect(stored.map(({ offset }) => offset)).toEqual(numbers(stored.length));
  expect(stored).toEqual(inOrder(sent));
}

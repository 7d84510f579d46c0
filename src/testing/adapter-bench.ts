// One adapter at work in a test: on a tab of a test bus, with everything that is done to it counted.

import type { Adapter, MessageBus } from '../core/message-bus.ts';
import type { Message, MessageInput } from '../core/message.ts';
import { createTestBus } from './test-bus.ts';
import type { TestBus } from './test-bus.ts';

export interface AdapterUnderTest {
  readonly adapter: Adapter;
  /** The ids of the messages that it has handled, each as often and in the order as it did. */
  handled(): readonly string[] | Promise<readonly string[]>;
}

export interface AdapterSetup {
  /** A new one that has handled nothing, apart from all others. */
  readonly create: () => AdapterUnderTest | Promise<AdapterUnderTest>;
  /** What is sent to it, where it does not take just any text. `n` is 1, 2, 3 … */
  readonly message?: (n: number) => Omit<MessageInput, 'channelId' | 'id'>;
  /** Called after each test. */
  readonly cleanup?: () => unknown;
}

/** Whether a member is made to throw in place of what it would do. */
export type Fault = (member: string, message?: Message) => boolean;

type Member = (...given: unknown[]) => unknown;

const noFault: Fault = () => false;
/** Ends what a fault throws: it is no problem of the adapter. */
const made = 'was made to throw.';

/** Names that its patterns match: for each that is no name itself, two. */
function channelsOf({ channels = ['*'] }: Adapter): readonly string[] {
  return [...new Set(channels.flatMap((pattern) => ['a', 'b'].map((name) => pattern.replaceAll('*', name))))];
}

export class AdapterBench {
  readonly bus: TestBus;
  readonly under: AdapterUnderTest;
  readonly channels: readonly string[];
  readonly counts: { attach: number; detach: number } = { attach: 0, detach: 0 };
  /** By channel, in the order of their sending. */
  readonly sent: Map<string, string[]> = new Map();
  readonly #message: NonNullable<AdapterSetup['message']>;
  readonly #fault: Fault;
  readonly #done = new Set<string>();
  readonly #problems: string[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(under: AdapterUnderTest, setup: AdapterSetup, fault: Fault) {
    this.under = under;
    this.bus = createTestBus();
    this.channels = channelsOf(under.adapter);
    this.#message = setup.message ?? ((n) => ({ content: `message ${n}` }));
    this.#fault = fault;
  }

  /** Makes one, on the first tab, and waits until it is attached. */
  static async open(setup: AdapterSetup, fault: Fault = noFault): Promise<AdapterBench> {
    const bench = new AdapterBench(await setup.create(), setup, fault);
    bench.#listen();
    bench.home.use(bench.#watched(bench.under.adapter));
    await bench.#until(() => bench.counts.attach > 0);
    await bench.bus.advance(0);
    return bench;
  }

  /** Where the adapter is. */
  get home(): MessageBus {
    return this.bus.tabs[0] as MessageBus;
  }

  /** Somebody else's tab. */
  get away(): MessageBus {
    return this.bus.tabs[1] as MessageBus;
  }

  /** What went wrong, in words. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Sends so many messages to its channels in turn; resolves when they are stored. */
  async send(bus: MessageBus, count: number): Promise<void> {
    const sendings = Array.from({ length: count }, (_, at) => {
      const channelId = this.channels[at % this.channels.length] as string;
      return bus.send({ ...this.#message(at + 1), channelId });
    });
    for (const { channelId, id } of await Promise.all(sendings))
      this.sent.set(channelId, [...(this.sent.get(channelId) ?? []), id]);
  }

  /** Resolves when it is done with everything that was sent; rejects if it fails. */
  idle(): Promise<void> {
    return this.#until(() => [...this.sent.values()].flat().every((id) => this.#done.has(id)));
  }

  /** What it says that it has handled of what was sent, by channel. */
  async handled(): Promise<ReadonlyMap<string, readonly string[]>> {
    const handled = await this.under.handled();
    return new Map(
      [...this.sent].map(([channelId, ids]) => [channelId, handled.filter((id) => ids.includes(id))] as const),
    );
  }

  close(): Promise<void> {
    return this.bus.close();
  }

  #listen(): void {
    this.home.on('error', ({ message }) => this.#problem(message));
    this.home.on('handlerError', ({ message, error }) => this.#problem(`It threw on ${message.id}: ${String(error)}`));
  }

  #problem(problem: string): void {
    if (problem.includes(made)) return;
    this.#problems.push(problem);
    this.#changed();
  }

  #watched(adapter: Adapter): Adapter {
    return new Proxy(adapter, {
      get: (_, name) => {
        const member: unknown = Reflect.get(adapter, name);
        if (name === 'attach' || name === 'detach') return this.#counted(name, member as Member | undefined);
        return typeof member === 'function' ? this.#faulty(String(name), member as Member) : member;
      },
    });
  }

  #counted(name: 'attach' | 'detach', member: Member | undefined): Member {
    return async (...given) => {
      try {
        await member?.apply(this.under.adapter, given);
      } finally {
        this.counts[name] += 1;
        this.#changed();
      }
    };
  }

  #faulty(name: string, member: Member): Member {
    return async (...given) => {
      const message = name === 'onMessage' ? (given[0] as Message) : undefined;
      if (this.#fault(name, message)) throw new Error(`${name} ${made}`);
      try {
        await member.apply(this.under.adapter, given);
      } finally {
        if (message !== undefined) this.#done.add(message.id);
        this.#changed();
      }
    };
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#problems.length > 0) reject(new Error(this.#problems[0]));
        else if (isSo()) resolve();
        else return;
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  #changed(): void {
    for (const look of this.#waiting) look();
  }
}

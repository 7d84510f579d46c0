// Adapters plug into a bus with `use`. One with a group is that group's member, in order: it misses nothing, and one copy of
// it works however many tabs run it. One without hears what comes while it is there.

import type { ConsumerOptions } from './consumer.ts';
import { GroupConsumer } from './consumer.ts';
import type { ControlNotice } from './control.ts';
import { busError, describe } from './errors.ts';
import { follow } from './follow.ts';
import type { Inside } from './inside.ts';
import type { Message } from './message.ts';
import type { Adapter, Attempt, Consumer, Delivery } from './message-bus.ts';

/** Long enough for an agent that thinks; one that needs more extends it. */
const lease = 120_000;

/** What a message without a group brings: there is no second attempt, and nothing to extend. */
function onlyAttempt(delivery: Delivery): Attempt {
  return {
    position: delivery.position,
    signal: delivery.signal,
    reply: (content, more) => delivery.reply(content, more),
    attempt: 1,
    extend: () => Promise.resolve(),
  };
}

/** One adapter at work. */
export class AttachedAdapter {
  readonly adapter: Adapter;
  /** Settles when its position is on record: what is stored from then on reaches it, whatever dies. */
  readonly recorded: Promise<void>;
  readonly #inside: Inside;
  readonly #attached: Promise<unknown>;
  #consumers: readonly Consumer[] = [];
  #stops: readonly (() => void)[] = [];
  #detached = false;

  constructor(adapter: Adapter, inside: Inside) {
    this.adapter = adapter;
    this.#inside = inside;
    this.recorded = this.#listen().catch((error: unknown) => this.#stillFailed(error));
    this.#attached = this.recorded.then(() => (this.#detached ? undefined : adapter.attach?.(inside.bus)));
    this.#attached.catch((error: unknown) => {
      this.#stillFailed(error);
      this.#stop();
    });
  }

  /** Calls one of the adapter's members. */
  async call(action: () => unknown): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#failed(error);
    }
  }

  detach(): void {
    this.#detached = true;
    this.#stop();
    void this.call(() => this.adapter.detach?.());
  }

  async #listen(): Promise<void> {
    const { adapter } = this;
    const { channels = ['*'], group, name } = adapter;
    if (adapter.onMessage === undefined && adapter.onDelete === undefined && adapter.onClear === undefined) return;
    if (group === false) this.#stops = channels.map((pattern) => this.#hear(pattern));
    else await Promise.all(channels.map((pattern) => this.#join(pattern, group ?? name)));
  }

  #join(pattern: string, group: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const options: ConsumerOptions = {
        group,
        name: this.adapter.name,
        from: 'now',
        ordered: true,
        concurrency: Number.MAX_SAFE_INTEGER,
        lease,
        joined: resolve,
        failed: reject,
        control: (notice) => this.#control(notice),
      };
      const handle = async (message: Message, attempt: Attempt): Promise<void> => {
        await this.#attached;
        await this.adapter.onMessage?.(message, attempt);
      };
      this.#consumers = [...this.#consumers, new GroupConsumer(this.#inside, pattern, options, handle)];
    });
  }

  /** Live only, and every copy of it. */
  #hear(pattern: string): () => void {
    return follow(this.#inside, pattern, {
      name: this.adapter.name,
      handle: async (message, delivery) => {
        await this.#attached;
        if (!this.#detached) await this.adapter.onMessage?.(message, onlyAttempt(delivery));
      },
      control: (notice) => this.#control(notice),
    });
  }

  async #control({ action, channelId, id }: ControlNotice): Promise<void> {
    await this.#attached;
    await this.call(() =>
      action === 'clear' ? this.adapter.onClear?.(channelId) : this.adapter.onDelete?.(id ?? '', channelId),
    );
  }

  #stop(): void {
    for (const consumer of this.#consumers) void consumer.close();
    for (const stop of this.#stops) stop();
    this.#consumers = [];
    this.#stops = [];
  }

  /** What fails because it was detached is no failure. */
  #stillFailed(error: unknown): void {
    if (!this.#detached) this.#failed(error);
  }

  #failed(error: unknown): void {
    this.#inside.events.emit(
      'error',
      busError('ADAPTER_FAILED', `Adapter "${this.adapter.name}": ${describe(error)}`, { cause: error }),
    );
  }
}

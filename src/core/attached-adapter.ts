// Adapters plug into a bus with `use`. Beside the log an adapter has a durable position, so it misses nothing when its
// process dies; elsewhere it hears what comes while it is there.

import { busError, describe } from './errors.ts';
import type { Events } from './events.ts';
import type { Host } from './host.ts';
import type { Position, Positions } from './log.ts';
import type { Message } from './message.ts';
import type { Adapter, Delivery, MessageBus, Subscription } from './message-bus.ts';

export interface Surroundings {
  readonly bus: MessageBus;
  readonly host: Host;
  readonly events: Events;
  /** A subscription whose messages are handled one after the other. */
  follow(pattern: string, from: 'now' | Positions, follower: Follower): Subscription;
}

export interface Follower {
  /** Where it begins in the channels that there are. */
  begun(positions: Positions): void;
  /** Is awaited. */
  handle(message: Message, delivery: Delivery): Promise<void>;
}

/** One adapter at work. */
export class AttachedAdapter {
  readonly adapter: Adapter;
  readonly #around: Surroundings;
  readonly #subscriptions: Subscription[] = [];
  #detached = false;
  /** Where it stands, channel by channel. */
  readonly #reached = new Map<string, Position>();
  /** Whether that is enough to go on from: there is a position in every channel that it knows. */
  #hasBegun = false;
  #saving = false;
  #unsaved = false;

  constructor(adapter: Adapter, around: Surroundings) {
    this.adapter = adapter;
    this.#around = around;
    this.#attach().catch((error: unknown) => this.#stillFailed(error));
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
    for (const stop of this.#subscriptions) stop();
    void this.call(() => this.adapter.detach?.());
  }

  get #name(): string | undefined {
    return this.adapter.group === false ? undefined : `adapter:${this.adapter.group ?? this.adapter.name}`;
  }

  async #attach(): Promise<void> {
    await this.adapter.attach?.(this.#around.bus);
    if (this.adapter.onMessage === undefined) return;
    const saved = this.#name === undefined ? undefined : await this.#around.host.positions?.savedPositions(this.#name);
    if (this.#detached) return;
    this.#begun(saved ?? {});
    this.#hasBegun = saved !== undefined;
    const follower: Follower = {
      begun: (positions) => this.#begun(positions),
      handle: (message, delivery) => this.#handle(message, delivery),
    };
    for (const pattern of this.adapter.channels ?? ['*']) {
      this.#subscriptions.push(this.#around.follow(pattern, saved ?? 'now', follower));
    }
    await Promise.all(this.#subscriptions.map((subscription) => subscription.ready));
    this.#hasBegun = true;
    this.#save();
  }

  #begun(positions: Positions): void {
    for (const [channelId, position] of Object.entries(positions)) this.#reached.set(channelId, position);
  }

  async #handle(message: Message, delivery: Delivery): Promise<void> {
    try {
      await this.adapter.onMessage?.(message, delivery);
    } catch (error) {
      this.#around.events.emit('handlerError', { message, error });
    }
    this.#reached.set(message.channelId, delivery.position);
    this.#save();
  }

  /** One save at a time; what came meanwhile is in the next. */
  #save(): void {
    const { positions } = this.#around.host;
    if (positions === undefined || this.#name === undefined || !this.#hasBegun) return;
    if (this.#saving) {
      this.#unsaved = true;
      return;
    }
    this.#saving = true;
    positions
      .savePositions(this.#name, Object.fromEntries(this.#reached))
      .catch((error: unknown) => this.#stillFailed(error))
      .finally(() => {
        this.#saving = false;
        if (!this.#unsaved) return;
        this.#unsaved = false;
        this.#save();
      });
  }

  /** What fails because it was detached is no failure. */
  #stillFailed(error: unknown): void {
    if (!this.#detached) this.#failed(error);
  }

  #failed(error: unknown): void {
    this.#around.events.emit(
      'error',
      busError('ADAPTER_FAILED', `Adapter "${this.adapter.name}": ${describe(error)}`, { cause: error }),
    );
  }
}

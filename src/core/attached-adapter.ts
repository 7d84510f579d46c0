// Adapters plug into a bus with `use`. Beside the log an adapter has a durable position, so it misses nothing when its
// process dies; elsewhere it hears what comes while it is there.

import { busError, describe } from './errors.ts';
import type { Events } from './events.ts';
import type { Host } from './host.ts';
import type { Positions } from './log.ts';
import type { Message } from './message.ts';
import type { Adapter, Delivery, MessageBus, Subscription } from './message-bus.ts';

interface Surroundings {
  readonly bus: MessageBus;
  readonly host: Host;
  readonly events: Events;
  /** A subscription that awaits its handler, message by message. */
  follow(
    pattern: string,
    from: 'now' | Positions,
    handler: (message: Message, delivery: Delivery) => Promise<void>,
  ): Subscription;
}

/** One adapter at work. */
export class AttachedAdapter {
  readonly adapter: Adapter;
  readonly #around: Surroundings;
  readonly #subscriptions: Subscription[] = [];
  #detached = false;
  #saving: Promise<void> | undefined;
  #unsaved = false;

  constructor(adapter: Adapter, around: Surroundings) {
    this.adapter = adapter;
    this.#around = around;
    this.#attach().catch((error: unknown) => this.#failed(error));
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
    for (const pattern of this.adapter.channels ?? ['*']) {
      this.#subscriptions.push(
        this.#around.follow(pattern, saved ?? 'now', (message, delivery) => this.#handle(message, delivery)),
      );
    }
    await Promise.all(this.#subscriptions.map((subscription) => subscription.ready));
    this.#save();
  }

  async #handle(message: Message, delivery: Delivery): Promise<void> {
    try {
      await this.adapter.onMessage?.(message, delivery);
    } catch (error) {
      this.#around.events.emit('handlerError', { message, error });
    }
    this.#save();
  }

  /** One save at a time; what came meanwhile is in the next. */
  #save(): void {
    const positions = this.#around.host.positions;
    if (positions === undefined || this.#name === undefined) return;
    if (this.#saving !== undefined) {
      this.#unsaved = true;
      return;
    }
    const reached: Positions = Object.assign(
      {},
      ...this.#subscriptions.map((subscription) => subscription.positions()),
    );
    this.#saving = positions
      .savePositions(this.#name, reached)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#saving = undefined;
        if (this.#unsaved) {
          this.#unsaved = false;
          this.#save();
        }
      });
  }

  #failed(error: unknown): void {
    if (this.#detached) return;
    this.#around.events.emit(
      'error',
      busError('ADAPTER_FAILED', `Adapter "${this.adapter.name}": ${describe(error)}`, { cause: error }),
    );
  }
}

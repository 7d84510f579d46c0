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
  readonly name: string;
  /** Where it begins in the channels that there are. */
  begun(positions: Positions): void;
  /** Is awaited. */
  handle(message: Message, delivery: Delivery): Promise<void>;
}

/** One adapter at work. */
export class AttachedAdapter {
  readonly adapter: Adapter;
  /** Settles when its position is on record: what is stored from then on reaches it, whatever dies. */
  readonly recorded: Promise<void>;
  readonly #around: Surroundings;
  readonly #attached: Promise<unknown>;
  #subscriptions: readonly Subscription[] = [];
  #detached = false;
  /** Where it stands, channel by channel. */
  #reached = new Map<string, Position>();
  #saving: Promise<void> | undefined;
  #unsaved = false;

  constructor(adapter: Adapter, around: Surroundings) {
    this.adapter = adapter;
    this.#around = around;
    this.recorded = this.#record().catch((error: unknown) => this.#stillFailed(error));
    this.#attached = this.recorded.then(() => (this.#detached ? undefined : adapter.attach?.(around.bus)));
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

  get #name(): string | undefined {
    return this.adapter.group === false ? undefined : `adapter:${this.adapter.group ?? this.adapter.name}`;
  }

  /** Listens from now on, and looks meanwhile whether it is to go on from somewhere else. */
  async #record(): Promise<void> {
    if (this.adapter.onMessage === undefined) return;
    this.#listen('now');
    const { positions } = this.#around.host;
    if (positions === undefined || this.#name === undefined) return;
    const saved = await positions.savedPositions(this.#name);
    if (this.#detached) return;
    if (saved !== undefined) return this.#listen(saved);
    await Promise.all(this.#subscriptions.map((subscription) => subscription.ready));
    await this.#save();
  }

  #listen(from: 'now' | Positions): void {
    this.#stop();
    const reached = new Map<string, Position>(from === 'now' ? [] : Object.entries(from));
    this.#reached = reached;
    const follower: Follower = {
      name: this.adapter.name,
      begun: (positions) => {
        for (const [channelId, position] of Object.entries(positions)) reached.set(channelId, position);
      },
      handle: async (message, delivery) => {
        await this.#attached;
        // What was queued before it began elsewhere comes again from there.
        if (reached !== this.#reached || this.#detached) return;
        await this.#handle(message, delivery);
        reached.set(message.channelId, delivery.position);
        void this.#save();
      },
    };
    this.#subscriptions = (this.adapter.channels ?? ['*']).map((pattern) =>
      this.#around.follow(pattern, from, follower),
    );
  }

  #stop(): void {
    for (const stop of this.#subscriptions) stop();
    this.#subscriptions = [];
  }

  async #handle(message: Message, delivery: Delivery): Promise<void> {
    try {
      await this.adapter.onMessage?.(message, delivery);
    } catch (error) {
      this.#around.events.emit('handlerError', { message, error });
    }
  }

  /** One save at a time; what came meanwhile is in the next. */
  #save(): Promise<void> {
    this.#unsaved = true;
    this.#saving ??= this.#saveAll().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #saveAll(): Promise<void> {
    const { positions } = this.#around.host;
    const name = this.#name;
    if (positions === undefined || name === undefined) return;
    while (this.#unsaved) {
      this.#unsaved = false;
      await this.call(() => positions.savePositions(name, Object.fromEntries(this.#reached)));
    }
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

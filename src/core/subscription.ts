// The receiving end: decodes each block once, leaves out what was seen, applies the filter, calls the handler.

import { firstOffset, weightOf } from './block.ts';
import type { Block, StoredBlock } from './block.ts';
import { describe } from './errors.ts';
import type { BusError } from './errors.ts';
import type { Reader, Sink } from './host.ts';
import type { Position, Positions } from './log.ts';
import type { Message } from './message.ts';
import type { Filter, Reset, Subscription } from './message-bus.ts';

export function passes(filter: Filter, message: Message): boolean {
  const { types, priorities, topics, authorId, to, correlationId } = filter;
  return (
    (types === undefined || types.includes(message.type)) &&
    (priorities === undefined || priorities.includes(message.priority ?? 'normal')) &&
    (topics === undefined || topics.includes(message.topic as string)) &&
    (authorId === undefined || authorId === message.authorId) &&
    (to === undefined || to === message.to) &&
    (correlationId === undefined || correlationId === message.correlationId)
  );
}

export interface ReceiverOptions {
  readonly filter: Filter | undefined;
  /** The messages of a block, decoded once for all receivers of a bus; none if it cannot be read. */
  decode(block: Block, offset: number): readonly Message[];
  now(): number;
  /** Takes the messages of one block. Returns whether it is done with them; if not, it calls `done` when it is. */
  take(messages: readonly Message[], logId: string, done: () => void): boolean;
  reset(reset: Reset): void;
  started?(positions: Positions): void;
  closed(error: BusError): void;
}

export class Receiver implements Sink {
  readonly ready: Promise<void>;
  reader: Reader | undefined;
  readonly #options: ReceiverOptions;
  readonly #positions = new Map<string, Position>();
  #closed = false;
  #isReady!: () => void;
  #isLost!: (error: unknown) => void;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isLost = reject;
    });
    // Whoever does not look at `ready` is not told by an unhandled rejection.
    this.ready.catch(describe);
  }

  started(positions: Positions): void {
    for (const [channelId, position] of Object.entries(positions)) {
      if (!this.#positions.has(channelId)) this.#positions.set(channelId, position);
    }
    this.#options.started?.(positions);
  }

  block(block: StoredBlock): void {
    if (this.#closed) return;
    const { channelId, expiresAt } = block.header;
    const had = this.#positions.get(channelId);
    const seen = had?.logId === block.logId ? had.offset : 0;
    const weight = weightOf(block);
    if (block.offset <= seen) return this.reader?.credit(weight);
    const expired = expiresAt !== undefined && expiresAt <= this.#options.now();
    let messages = expired ? [] : this.#options.decode(block, block.offset);
    if (firstOffset(block) <= seen) messages = messages.filter((message) => message.offset > seen);
    this.#positions.set(channelId, { logId: block.logId, offset: block.offset });
    this.#give(messages, block.logId, weight);
  }

  ephemeral(block: Block): void {
    if (!this.#closed) this.#give(this.#options.decode(block, 0), '', 0);
  }

  reset(reset: Reset): void {
    if (this.#closed) return;
    this.#positions.set(reset.channelId, reset.now);
    this.#options.reset(reset);
  }

  live(): void {
    this.#isReady();
  }

  positions(): Positions {
    return Object.fromEntries(this.#positions);
  }

  lost(error: BusError): void {
    this.close(error);
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(error: BusError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.reader?.close();
    this.#isLost(error);
    this.#options.closed(error);
  }

  #give(messages: readonly Message[], logId: string, weight: number): void {
    const { filter } = this.#options;
    const wanted = filter === undefined ? messages : messages.filter((message) => passes(filter, message));
    const done = (): void => this.reader?.credit(weight);
    if (this.#options.take(wanted, logId, done)) done();
  }
}

/** The function that users hold: call it or dispose it to stop. */
export function subscriptionOf(receiver: Pick<Receiver, 'ready' | 'positions'>, stop: () => void): Subscription {
  const subscription = Object.assign(() => stop(), { ready: receiver.ready, positions: () => receiver.positions() });
  // WebKitGTK has no Symbol.dispose: a member named by it would be called "undefined".
  if (Symbol.dispose !== undefined) Object.defineProperty(subscription, Symbol.dispose, { value: stop });
  return subscription as Subscription;
}

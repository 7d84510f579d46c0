// From `send` to the host: joins what is sent in one turn into blocks, keeps at most 32 of them unacknowledged, and settles
// every promise. While all 32 are under way, later messages join the blocks that wait: batching adapts by itself.

import { Batch, encodeItem, sameShared } from './batch.ts';
import type { Prepared, Shared } from './batch.ts';
import { messagesOf } from './block.ts';
import type { Block } from './block.ts';
import { busError, fromRecord, isBusError, toRecord } from './errors.ts';
import type { BusError } from './errors.ts';
import type { Host, Receipt } from './host.ts';
import { IdSource } from './id.ts';
import { itemOf } from './message.ts';
import type { Item, Message, MessageInput } from './message.ts';
import type { SendOptions, Sending } from './message-bus.ts';
import { onAbort } from './platform.ts';
import type { Platform } from './platform.ts';

const maxInFlight = 32;

interface Waiter {
  resolve(message: Message): void;
  reject(error: unknown): void;
}

interface Parcel {
  readonly batch: Batch;
  readonly items: Item[];
  readonly waiters: Waiter[];
}

export interface Author {
  readonly id: string;
  readonly name?: string;
}

/** A `Sending` that failed before it began. */
export function failedSending<C>(id: string, error: unknown): Sending<C> {
  return Object.assign(Promise.reject<Message<C>>(error as Error), { id });
}

export class Outbox {
  readonly ids: IdSource;
  readonly #host: Host;
  readonly #platform: Platform;
  readonly #author: Author;
  readonly #onCount: (count: number) => void;
  /** In the order of their making; those that still take messages are in `#open` too. */
  readonly #queue: Parcel[] = [];
  /** Ephemeral ones: they wait for nothing but the end of the turn. */
  readonly #casts: Parcel[] = [];
  readonly #inFlight = new Set<Parcel>();
  readonly #open = new Map<string, Parcel>();
  readonly #drained: (() => void)[] = [];
  #count = 0;
  #scheduled = false;
  #closed: BusError | undefined;

  constructor(host: Host, author: Author, platform: Platform, onCount: (count: number) => void) {
    this.#host = host;
    this.#author = author;
    this.#platform = platform;
    this.#onCount = onCount;
    this.ids = new IdSource(platform);
  }

  /** Messages that are not acknowledged. */
  get count(): number {
    return this.#count;
  }

  send<C>(input: MessageInput<string, C>, options: SendOptions): Sending<C> {
    try {
      return this.#send(input, options) as Sending<C>;
    } catch (error) {
      return failedSending(typeof input?.id === 'string' ? input.id : this.ids.next(), error);
    }
  }

  /** Resolves when nothing is waiting or under way. */
  drained(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** From now on nothing is taken, what waits here is refused, and what is under way is waited for no longer. */
  close(error: BusError): void {
    this.#closed = error;
    const inDoubt = fromRecord({ ...toRecord(error), accepted: 'unknown' });
    for (const parcel of this.#inFlight) this.#reject(parcel, inDoubt);
    for (const parcel of [...this.#casts.splice(0), ...this.#queue.splice(0)]) this.#reject(parcel, error);
    this.#open.clear();
  }

  #send(input: MessageInput, options: SendOptions): Sending {
    if (this.#closed !== undefined) throw this.#closed;
    if (options.signal?.aborted === true) throw busError('ABORTED', 'send: the signal was aborted before.');
    if (options.ack === 'synced') throw busError('NO_UPSTREAM', 'send: "synced" was asked for.');
    const { item, hasBytes } = itemOf(input, !this.#host.encoded);
    const now = this.#platform.now();
    const shared = this.#shared(input, options);
    let parcel = this.#parcel(shared, input.id, now);
    let id = parcel.batch.name(item, now);
    const prepared: Prepared = this.#host.encoded ? encodeItem(item, hasBytes) : { item, buffers: [], size: 0 };
    if (!parcel.batch.hasRoomFor(prepared)) {
      this.#open.delete(shared.channelId);
      parcel = this.#parcel(shared, input.id, now);
      id = parcel.batch.name(item, now);
    }
    parcel.batch.add(prepared);
    return this.#waiting(parcel, item, id, options);
  }

  #shared(input: MessageInput, options: SendOptions): Shared {
    const authorId = input.authorId ?? this.#author.id;
    return {
      channelId: input.channelId,
      serverId: input.serverId ?? 'local',
      authorId,
      authorName: input.authorName ?? (authorId === this.#author.id ? this.#author.name : undefined),
      priority: input.priority,
      ttl: input.ttl,
      traceparent: input.traceparent,
      ack: options.ack ?? 'stored',
      ephemeral: options.ephemeral ?? false,
    };
  }

  #parcel(shared: Shared, key: string | undefined, now: number): Parcel {
    const open = this.#open.get(shared.channelId);
    if (open !== undefined && key === undefined && open.batch.isOpen(now) && sameShared(open.batch.shared, shared))
      return open;
    const parcel: Parcel = { batch: new Batch(shared, key, this.ids, now), items: [], waiters: [] };
    (shared.ephemeral ? this.#casts : this.#queue).push(parcel);
    this.#open.set(shared.channelId, parcel);
    this.#schedule();
    return parcel;
  }

  #waiting(parcel: Parcel, item: Item, id: string, { signal }: SendOptions): Sending {
    this.#changed(1);
    parcel.items.push(item);
    const promise = new Promise<Message>((resolve, reject) => {
      if (signal === undefined) parcel.waiters.push({ resolve, reject });
      else parcel.waiters.push(abortable({ resolve, reject }, signal));
    }) as Promise<Message> & { id: string };
    promise.id = id;
    return promise;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#platform.defer(() => {
      this.#scheduled = false;
      for (const parcel of this.#casts.splice(0)) this.#cast(parcel);
      while (this.#queue.length > 0 && this.#inFlight.size < maxInFlight) this.#push(this.#queue.shift() as Parcel);
    });
  }

  #cast(parcel: Parcel): void {
    const block = this.#seal(parcel);
    if (block === undefined) return;
    this.#host.cast(block);
    this.#resolve(parcel, block, 0);
  }

  #push(parcel: Parcel): void {
    const block = this.#seal(parcel);
    if (block === undefined) return;
    this.#inFlight.add(parcel);
    this.#host
      .push(block, parcel.batch.shared.ack)
      .then((receipt) =>
        receipt.known && block.header.keys !== undefined
          ? this.#first(parcel, receipt)
          : this.#resolve(parcel, block, receipt.offset),
      )
      .catch((error: unknown) => this.#reject(parcel, error))
      .finally(() => {
        this.#inFlight.delete(parcel);
        this.#schedule();
      });
  }

  /** Takes no more messages; nothing if the only one was refused for its size. */
  #seal(parcel: Parcel): Block | undefined {
    const { channelId } = parcel.batch.shared;
    if (this.#open.get(channelId) === parcel) this.#open.delete(channelId);
    return parcel.batch.count === 0 ? undefined : parcel.batch.seal();
  }

  /** The key was used before: the sender gets the message that has it. */
  async #first(parcel: Parcel, receipt: Receipt): Promise<void> {
    const { channelId } = parcel.batch.shared;
    const page = await this.#host.page(channelId, receipt.offset - 1, 1);
    const block = page.blocks[0];
    if (block === undefined || block.offset !== receipt.offset)
      throw busError(
        'INVALID_INPUT',
        'send: the message with this id was stored before, and dropped by retention since.',
        { accepted: true },
      );
    this.#settle(parcel, messagesOf(block, block.offset));
  }

  #resolve(parcel: Parcel, block: Block, offset: number): void {
    const { header } = block;
    this.#settle(parcel, messagesOf({ header, items: parcel.items }, offset));
  }

  #settle(parcel: Parcel, messages: readonly Message[]): void {
    const waiters = parcel.waiters.splice(0);
    this.#changed(-waiters.length);
    waiters.forEach((waiter, at) => waiter.resolve(messages[at] as Message));
  }

  #reject(parcel: Parcel, error: unknown): void {
    const waiters = parcel.waiters.splice(0);
    this.#changed(-waiters.length);
    const reason = isBusError(error)
      ? error
      : busError('HOST_LOST', 'send: the log failed.', { cause: error, accepted: 'unknown', retryable: true });
    for (const waiter of waiters) waiter.reject(reason);
  }

  #changed(by: number): void {
    this.#count += by;
    this.#onCount(this.#count);
    if (this.#count === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }
}

/** Stops waiting when the signal aborts: by then the message may be anywhere between here and the log. */
function abortable(waiter: Waiter, signal: NonNullable<SendOptions['signal']>): Waiter {
  const forget = onAbort(signal, () =>
    waiter.reject(busError('ABORTED', 'send: the signal was aborted.', { accepted: 'unknown', cause: signal.reason })),
  );
  return {
    resolve(message) {
      forget();
      waiter.resolve(message);
    },
    reject(error) {
      forget();
      waiter.reject(error);
    },
  };
}

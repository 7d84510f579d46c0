// From `send` to the host: joins what is sent in one turn into blocks, keeps at most 32 of them unacknowledged, and settles
// every promise. While all 32 are under way, or one that was not full, later messages join the blocks that wait: batching
// adapts by itself.

import { Batch, encodeItem } from './batch.ts';
import type { Shared } from './batch.ts';
import { messagesOf } from './block.ts';
import type { Block } from './block.ts';
import { busError, fromRecord, isBusError, toRecord } from './errors.ts';
import type { BusError } from './errors.ts';
import { Failures } from './failures.ts';
import type { Host, Receipt } from './host.ts';
import { IdSource } from './id.ts';
import type { Page } from './log.ts';
import type { InnerSendOptions } from './will.ts';
import { checkType, itemOf } from './message.ts';
import type { Message, MessageInput } from './message.ts';
import type { SendOptions, Sending } from './message-bus.ts';
import { onAbort } from './platform.ts';
import type { Platform } from './platform.ts';
import type { Testament } from './wills.ts';

const maxInFlight = 32;
/** The large binary of a message that has none: most have none. Never added to. */
const none: Uint8Array[] = [];

type Resolve = (message: Message) => void;
type Reject = (error: unknown) => void;

/** Throws if the schema of its channel does not let this in. */
type Admit = (input: MessageInput) => void;

/** The messages of a block, made once for all who want them. */
type Decode = (block: Block, offset: number) => readonly Message[];

interface Parcel {
  readonly batch: Batch;
  readonly resolves: Resolve[];
  readonly rejects: Reject[];
  readonly testament: Testament | undefined;
  /** From which channel more could have joined it when it was looked at last. */
  joins?: string | false;
}

type Watcher = (stored: readonly Message[]) => void;

const nothing: readonly Message[] = [];

function messagesIn({ batch }: Parcel): readonly Message[] {
  return messagesOf({ header: batch.header, items: batch.items }, 0);
}

export interface Author {
  readonly id: string;
  readonly name?: string;
}

export class Outbox {
  readonly ids: IdSource;
  readonly failures: Failures = new Failures();
  readonly #host: Host;
  readonly #platform: Platform;
  readonly #author: Author;
  readonly #decode: Decode;
  readonly #onCount: () => void;
  readonly #admit: Admit | undefined;
  /** In the order of their making; those that still take messages are in `#open` too. */
  readonly #queue: Parcel[] = [];
  /** Ephemeral ones: they wait for nothing but the end of the turn. */
  readonly #casts: Parcel[] = [];
  /** An array, for what a set was deletes from it keeps: its old tables hold on to each other, and to all that was in them. */
  readonly #inFlight: Parcel[] = [];
  readonly #open = new Map<string, Parcel>();
  readonly #drained: (() => void)[] = [];
  /** One executor for all promises: what it is to fill is set before. */
  readonly #executor = (resolve: Resolve, reject: Reject): void => {
    this.#filled.resolves.push(resolve);
    this.#filled.rejects.push(reject);
  };
  #filled!: Parcel;
  /** Most of the time nobody watches. */
  #watchers: Set<Watcher> | undefined;
  /** The time of this turn; 0 until it is looked at. */
  #now = 0;
  #count = 0;
  #scheduled = false;
  #closed: BusError | undefined;

  constructor(host: Host, author: Author, platform: Platform, decode: Decode, onCount: () => void, admit?: Admit) {
    this.#host = host;
    this.#decode = decode;
    this.#author = author;
    this.#platform = platform;
    this.#onCount = onCount;
    this.#admit = admit;
    this.ids = new IdSource(platform);
  }

  /** Messages that are not acknowledged. */
  get count(): number {
    return this.#count;
  }

  send<C>(input: MessageInput<string, C>, options: InnerSendOptions): Sending<C> {
    try {
      return this.#send(input, options) as Sending<C>;
    } catch (error) {
      const id = typeof input?.id === 'string' ? input.id : this.ids.next();
      return Object.assign(Promise.reject<Message<C>>(error as Error), { id });
    }
  }

  /** A block of this one message, which is not sent. */
  block(input: MessageInput): Block {
    const item = itemOf(input, !this.#host.encoded);
    const now = this.#platform.now();
    const batch = new Batch(this.#shared(input, {}), input.id, this.ids, now);
    batch.name(item, now);
    const buffers: Uint8Array[] = [];
    batch.add(item, this.#host.encoded ? encodeItem(item, buffers) : undefined, buffers);
    return batch.seal();
  }

  /** What is sent and not stored, of one channel or all, in the order of sending. */
  pending(channelId?: string): readonly Message[] {
    return [...this.#inFlight, ...this.#queue]
      .filter(
        ({ resolves, batch }) =>
          resolves.length > 0 && (channelId ?? batch.shared.channelId) === batch.shared.channelId,
      )
      .flatMap(messagesIn);
  }

  /** Calls back when something was sent, stored or failed, with what was stored. The returned function stops that. */
  watch(watcher: Watcher): () => void {
    this.#watchers = new Set([...(this.#watchers ?? []), watcher]);
    return () => {
      this.#watchers?.delete(watcher);
      if (this.#watchers?.size === 0) this.#watchers = undefined;
    };
  }

  /** Gives up a message that failed. Whether there was one. */
  discard(id: string): boolean {
    const wasThere = this.failures.delete(id);
    this.#changed(0);
    return wasThere;
  }

  /** Resolves when nothing is waiting or under way. */
  async drained(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** From now on nothing is taken, what waits here is refused, and what is under way is waited for no longer. */
  close(error: BusError): void {
    this.#closed = error;
    const inDoubt = fromRecord({ ...toRecord(error), accepted: 'unknown' });
    for (const parcel of this.#inFlight) this.#reject(parcel, inDoubt);
    for (const parcel of [...this.#casts.splice(0), ...this.#queue.splice(0)]) this.#reject(parcel, error);
    this.#open.clear();
  }

  #send(input: MessageInput, options: InnerSendOptions): Sending {
    if (this.#closed !== undefined) throw this.#closed;
    if (options.signal?.aborted === true) throw busError('ABORTED', 'send: the signal was aborted before.');
    if (options.ack === 'synced') throw busError('NO_UPSTREAM', 'send: "synced" was asked for.');
    const item = itemOf(input, !this.#host.encoded);
    if (options.inner !== true) checkType(item.type);
    this.#admit?.(input);
    if (this.#now === 0) this.#now = this.#platform.now();
    // Before anything can throw: the end of this turn clears its time, and what was begun in it.
    this.#schedule();
    let parcel = this.#parcel(input, options);
    let id = parcel.batch.name(item, this.#now);
    const buffers: Uint8Array[] = item.bytes === undefined ? none : [];
    const json = this.#host.encoded ? encodeItem(item, buffers) : undefined;
    if (json !== undefined && !parcel.batch.hasRoomFor(json, buffers)) {
      parcel = this.#begin(input, options);
      id = parcel.batch.name(item, this.#now);
    }
    parcel.batch.add(item, json, buffers);
    return this.#sending(parcel, id, options.signal);
  }

  /** The block that this message may join, or a new one. */
  #parcel(input: MessageInput, options: InnerSendOptions): Parcel {
    const open = this.#open.get(input.channelId);
    const isFit =
      input.id === undefined && open?.batch.isOpen(this.#now) === true && this.#fits(open.batch.shared, input, options);
    return isFit ? open : this.#begin(input, options);
  }

  /** The same as to compare with `#shared`, but for each message, and so without making an object. */
  #fits(shared: Shared, input: MessageInput, options: SendOptions): boolean {
    return (
      shared.authorId === (input.authorId ?? this.#author.id) &&
      shared.authorName === this.#authorName(input) &&
      shared.serverId === (input.serverId ?? 'local') &&
      shared.priority === input.priority &&
      shared.ttl === input.ttl &&
      shared.traceparent === input.traceparent &&
      shared.ack === (options.ack ?? 'stored') &&
      shared.ephemeral === (options.ephemeral ?? false)
    );
  }

  #shared(input: MessageInput, options: SendOptions): Shared {
    return {
      channelId: input.channelId,
      authorId: input.authorId ?? this.#author.id,
      authorName: this.#authorName(input),
      serverId: input.serverId ?? 'local',
      priority: input.priority,
      ttl: input.ttl,
      traceparent: input.traceparent,
      ack: options.ack ?? 'stored',
      ephemeral: options.ephemeral ?? false,
    };
  }

  #authorName({ authorId, authorName }: MessageInput): string | undefined {
    if (authorName !== undefined || (authorId !== undefined && authorId !== this.#author.id)) return authorName;
    return this.#author.name;
  }

  #begin(input: MessageInput, options: InnerSendOptions): Parcel {
    const shared = this.#shared(input, options);
    const testament = options.will === undefined && options.fulfils === undefined ? undefined : options;
    const batch = new Batch(shared, input.id, this.ids, this.#now);
    const parcel: Parcel = { batch, resolves: [], rejects: [], testament };
    (shared.ephemeral ? this.#casts : this.#queue).push(parcel);
    this.#open.set(shared.channelId, parcel);
    return parcel;
  }

  #sending(parcel: Parcel, id: string, signal: SendOptions['signal']): Sending {
    this.#changed(1);
    this.#filled = parcel;
    const promise = new Promise<Message>(this.#executor) as Promise<Message> & { id: string };
    promise.id = id;
    if (signal !== undefined) abortable(parcel, signal);
    return promise;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#platform.defer(() => {
      this.#scheduled = false;
      this.#now = 0;
      for (const parcel of this.#casts.splice(0)) this.#cast(parcel);
      for (let at = 0; at < this.#queue.length && this.#inFlight.length < maxInFlight;)
        if (this.#gathers(this.#queue[at] as Parcel)) at++;
        else this.#push(this.#queue.splice(at, 1)[0] as Parcel);
    });
  }

  /**
   * Whether it waits for more to join it: while one of its channel is under way that was not full either. Small blocks cost far
   * more than what is in them. What is forced to disk takes its time, and is not waited for.
   */
  #gathers(parcel: Parcel): boolean {
    const { channelId, ack } = parcel.batch.shared;
    parcel.joins = ack === 'stored' && this.#open.get(channelId) === parcel && parcel.batch.isOpen(0) && channelId;
    return parcel.joins !== false && this.#inFlight.some(({ joins }) => joins === channelId);
  }

  #cast(parcel: Parcel): void {
    const block = this.#seal(parcel);
    if (block === undefined) return;
    try {
      this.#host.cast(block);
      this.#resolve(parcel, block, 0);
    } catch (error) {
      this.#reject(parcel, error);
    }
  }

  #push(parcel: Parcel): void {
    const block = this.#seal(parcel);
    if (block === undefined) return;
    this.#inFlight.push(parcel);
    this.#store(parcel, block)
      .catch((error: unknown) => this.#reject(parcel, error))
      .finally(() => {
        this.#inFlight.splice(this.#inFlight.indexOf(parcel), 1);
        this.#schedule();
      });
  }

  async #store(parcel: Parcel, block: Block): Promise<void> {
    const { channelId, ack } = parcel.batch.shared;
    for (;;) {
      const receipt = await this.#host.push(block, ack, parcel.testament);
      if (!receipt.known || block.header.keys === undefined) return this.#resolve(parcel, block, receipt.offset);
      const page = await this.#host.page(channelId, receipt.offset - 1, 1);
      // Where all that was stored is gone meanwhile, this is the first with its id.
      if (page.logId === receipt.logId) return this.#first(parcel, receipt, page);
    }
  }

  /** Takes no more messages; nothing if the only one was refused for its size. */
  #seal(parcel: Parcel): Block | undefined {
    const { channelId } = parcel.batch.shared;
    if (this.#open.get(channelId) === parcel) this.#open.delete(channelId);
    return parcel.batch.count === 0 ? undefined : parcel.batch.seal();
  }

  /** The key was used before: the sender gets the message that has it. */
  #first(parcel: Parcel, receipt: Receipt, page: Page): void {
    const block = page.blocks[0];
    if (block === undefined || block.offset !== receipt.offset)
      throw busError(
        'INVALID_INPUT',
        'send: the message with this id was stored before, and dropped by retention since.',
        { accepted: true },
      );
    const messages = messagesOf(block, block.offset);
    if (messages.length === 0)
      throw busError('INVALID_INPUT', 'send: the message with this id was stored before, and deleted since.', {
        accepted: true,
      });
    this.#settle(parcel, messages);
  }

  #resolve(parcel: Parcel, block: Block, offset: number): void {
    this.#settle(parcel, this.#decode({ header: block.header, items: parcel.batch.items }, offset));
  }

  #settle(parcel: Parcel, messages: readonly Message[]): void {
    const resolves = parcel.resolves.splice(0);
    parcel.rejects.length = 0;
    this.failures.stored(messages);
    this.#changed(-resolves.length, messages);
    resolves.forEach((resolve, at) => resolve(messages[at] as Message));
  }

  #reject(parcel: Parcel, error: unknown): void {
    const reason = isBusError(error)
      ? error
      : busError('HOST_LOST', 'send: the log failed.', { cause: error, accepted: 'unknown', retryable: true });
    const { ack, ephemeral } = parcel.batch.shared;
    if (!ephemeral) this.failures.add(messagesIn(parcel), ack, reason);
    const rejects = parcel.rejects.splice(0);
    parcel.resolves.length = 0;
    this.#changed(-rejects.length);
    for (const reject of rejects) reject(reason);
  }

  #changed(by: number, stored: readonly Message[] = nothing): void {
    this.#count += by;
    this.#onCount();
    if (this.#watchers !== undefined) for (const watcher of this.#watchers) watcher(stored);
    if (this.#count === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }
}

/** Stops waiting for the last of the parcel when the signal aborts: it may be anywhere between here and the log. */
function abortable({ resolves, rejects }: Parcel, signal: NonNullable<SendOptions['signal']>): void {
  const at = resolves.length - 1;
  const resolve = resolves[at] as Resolve;
  const reject = rejects[at] as Reject;
  const forget = onAbort(signal, () =>
    reject(busError('ABORTED', 'send: the signal was aborted.', { accepted: 'unknown', cause: signal.reason })),
  );
  resolves[at] = (message) => {
    forget();
    resolve(message);
  };
  rejects[at] = (error) => {
    forget();
    reject(error);
  };
}

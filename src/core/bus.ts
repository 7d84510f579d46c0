// The verbs of the API over any host. It holds no state that its host could not give back: positions and what is
// unacknowledged are all that a bus must carry from one host to the next.

import { AttachedAdapter } from './attached-adapter.ts';
import type { Block } from './block.ts';
import { boundChannel } from './bound-channel.ts';
import { busAdmin } from './bus-admin.ts';
import { checkChannel, checkPattern } from './channel.ts';
import { scan } from './content.ts';
import { Decoder } from './decoder.ts';
import { busError, describe } from './errors.ts';
import type { BusError } from './errors.ts';
import { checkConsume, GroupConsumer } from './consumer.ts';
import type { Host } from './host.ts';
import type { Inside } from './inside.ts';
import type { InnerSendOptions } from './will.ts';
import { lateConsumer, lateStream, lateSubscription, lateView } from './late.ts';
import type { Json, Message, MessageInput } from './message.ts';
import type {
  Adapter,
  Admin,
  Attempt,
  BusEvents,
  BusStatus,
  Channel,
  ConsumeOptions,
  Consumer,
  Control,
  Delivery,
  HistoryOptions,
  LiveOptions,
  LiveView,
  Member,
  MessageBus,
  MessageStream,
  PlainVerbs,
  ReadableMessage,
  ReadOptions,
  RequestOptions,
  RespondOptions,
  SendOptions,
  Sending,
  SubscribeOptions,
  Subscription,
} from './message-bus.ts';
import { Outbox } from './outbox.ts';
import type { Author } from './outbox.ts';
import { createAbort, systemPlatform } from './platform.ts';
import type { Platform, Signal } from './platform.ts';
import { checkHandler, controlType, Receiving } from './receiving.ts';
import type { NoSchemas, Schemas } from './schema.ts';
import { SchemaCheck } from './schema-check.ts';
import { Cell } from './store.ts';
import type { Store } from './store.ts';

/** The options of a send that has none: made once, not for each message. */
const stored: SendOptions = {};
const defaultCloseWithin = 2000;

export interface BusIdentity<S extends Schemas = Schemas> {
  /** Who sends, where a message does not say; default 'anonymous'. */
  readonly author?: string | Author;
  /** By channel: what does not fit is refused at `send`, and left out at delivery with an `error` event. */
  readonly schemas?: S;
  /** How many milliseconds `close` waits for what is under way and unacknowledged; default 2000. */
  readonly closeWithin?: number;
  readonly platform?: Platform;
}

type Handler = (message: Message, delivery: Delivery) => unknown;

function authorOf(author: string | Author | undefined): Author {
  return typeof author === 'object' ? author : { id: author ?? 'anonymous' };
}

/** A copy that can be sent, or why there is none. */
function checkState(state: { readonly [key: string]: Json }): { readonly [key: string]: Json } {
  return scan(state, 'state', true).value as { readonly [key: string]: Json };
}

/** The one place where a bus gets the types of its channels: what is sent and received is checked by its schemas. */
function typed<S extends Schemas = NoSchemas>(bus: HostedBus): MessageBus<S> {
  return bus as unknown as MessageBus<S>;
}

/** Without the types of its channels: whoever makes one gives it those, see `typed` and `TypedBus`. */
export class HostedBus implements PlainVerbs {
  readonly #host: Host;
  readonly #status: Cell<BusStatus>;
  readonly #outbox: Outbox;
  readonly #author: Author;
  readonly #platform: Platform;
  readonly #closeWithin: number;
  readonly #decoder: Decoder;
  readonly #receiving: Receiving;
  readonly #adapters = new Map<string, AttachedAdapter>();
  readonly #joined = new Map<string, Set<string>>();
  readonly #states = new Map<string, { readonly [key: string]: Json }>();
  readonly #abort = createAbort();
  readonly #beforeClose = new Set<() => Promise<unknown>>();
  readonly #inside: Inside;
  readonly #admin: Admin;
  readonly #unmourn: () => void;
  #statusStale = false;
  #closing: Promise<void> | undefined;
  #closed: BusError | undefined;

  constructor(
    host: Host,
    { author, schemas, platform = systemPlatform, closeWithin = defaultCloseWithin }: BusIdentity = {},
  ) {
    this.#host = host;
    this.#author = authorOf(author);
    this.#platform = platform;
    this.#closeWithin = closeWithin;
    const check = schemas && new SchemaCheck(schemas);
    const admit = check && ((input: MessageInput): void => check.admit(input));
    const decode = (block: Block, offset: number): readonly Message[] => this.#decoder.read(block, offset).all;
    this.#outbox = new Outbox(host, this.#author, platform, decode, () => this.#statusChanged(), admit);
    this.#decoder = new Decoder(host.events, this.#outbox.ids, check);
    this.#receiving = new Receiving({
      host: () => this.#use(),
      events: host.events,
      decoder: this.#decoder,
      now: () => platform.now(),
      authorId: this.#author.id,
      send: (input, options) => this.send(input, options),
    });
    this.#inside = {
      bus: typed(this),
      host,
      events: host.events,
      platform,
      author: this.#author,
      outbox: this.#outbox,
      signal: this.#abort.signal,
      load: (part) => this.#load(part),
      beforeClose: (task) => {
        this.#beforeClose.add(task);
        return () => void this.#beforeClose.delete(task);
      },
      send: (input, options: InnerSendOptions = stored) => this.#outbox.send(input, options),
      receive: (...asked) => this.#receiving.receive(...asked),
      read: (block, offset) => this.#decoder.read(block, offset),
    };
    this.#admin = busAdmin(this.#inside, () => ({
      ...Object.fromEntries(host.events.counts),
      outbox: this.#outbox.count,
      subscriptions: this.#receiving.count(),
      readers: this.#receiving.readers,
    }));
    this.#status = new Cell({ ...host.status.getSnapshot() });
    host.status.subscribe(() => this.#statusChanged());
    this.#unmourn = host.onDeadLetter(({ group, reason, offset, block }) => {
      const message = this.#decoder.read(block, block.offset).all.find((one) => one.offset === offset);
      if (message !== undefined) host.events.emit('deadLetter', { message, group, reason });
    });
  }

  send<C>(input: MessageInput<string, C>, options: SendOptions = stored): Sending<C> {
    return this.#outbox.send(input, options);
  }

  subscribe(channel: string, handler: Handler, options: SubscribeOptions = {}): Subscription {
    return this.#receiving.subscribe(channel, handler, options);
  }

  messages(channel: string, options: ReadOptions = {}): AsyncIterable<Message> {
    return this.#receiving.messages(channel, options);
  }

  consume(
    channel: string,
    options: ConsumeOptions,
    handler: (message: Message, attempt: Attempt) => unknown,
  ): Consumer {
    this.#use();
    checkPattern(channel);
    checkConsume(options, handler);
    return new GroupConsumer(this.#inside, channel, options, handler);
  }

  stream(input: Omit<MessageInput, 'content'>, options: { readonly signal?: Signal } = {}): MessageStream {
    checkChannel(input?.channelId);
    this.#use();
    const id = input.id ?? this.#outbox.ids.next();
    const abort = createAbort();
    const begun = this.#part(
      import('./stream.ts'),
      ({ StreamWriter }) => new StreamWriter(this.#inside, { ...input, id }, { ...options, abort }),
    );
    return lateStream(id, abort, begun);
  }

  streams(
    channel: string,
    handler: (stream: ReadableMessage) => unknown,
    options: { readonly signal?: Signal } = {},
  ): Subscription {
    checkPattern(channel);
    checkHandler('streams', handler);
    this.#use();
    const reading = this.#part(import('./stream-reader.ts'), ({ readStreams }) =>
      readStreams(this.#inside, channel, handler, options),
    );
    return lateSubscription(reading);
  }

  live(channelId: string, options?: LiveOptions): LiveView {
    checkChannel(channelId);
    this.#use();
    const making = this.#part(
      import('./live-view.ts'),
      ({ LiveList }) => new LiveList(this.#inside, channelId, options),
    );
    return lateView(making);
  }

  async request<R = unknown>(input: MessageInput, options?: RequestOptions): Promise<Message<R>> {
    this.#use();
    const { request } = await this.#load(import('./request.ts'));
    return (await request(this.#inside, input, options)) as Message<R>;
  }

  respond(
    channel: string,
    handler: (message: Message, attempt: Attempt) => unknown,
    options?: RespondOptions,
  ): Consumer {
    checkPattern(channel);
    checkHandler('respond', handler);
    this.#use();
    const responding = this.#part(import('./respond.ts'), ({ respond }) =>
      respond(this.#inside, channel, handler, options),
    );
    return lateConsumer(responding);
  }

  async history(channelId: string, options: HistoryOptions = {}): Promise<readonly Message[]> {
    this.#use();
    const { readHistory } = await this.#load(import('./history.ts'));
    return readHistory(this.#inside, channelId, options);
  }

  async deleteMessage(id: string, channelId: string): Promise<void> {
    this.#use();
    const { deleteMessage } = await this.#load(import('./erase.ts'));
    return deleteMessage(this.#inside, channelId, id, this.#author.id);
  }

  async clearChannel(channelId: string): Promise<void> {
    this.#use();
    const { clearChannel } = await this.#load(import('./erase.ts'));
    return clearChannel(this.#inside, channelId, this.#author.id);
  }

  async joinChannel(channelId: string, userId: string = this.#author.id): Promise<void> {
    checkChannel(channelId);
    this.#use();
    const joined = this.#joined.get(userId) ?? new Set();
    if (joined.has(channelId)) return;
    this.#joined.set(userId, joined.add(channelId));
    this.#tellPresence(channelId, userId);
    await this.#tell((adapter) => adapter.onJoin?.(channelId, userId));
  }

  async leaveChannel(channelId: string, userId: string = this.#author.id): Promise<void> {
    if (this.#joined.get(userId)?.delete(channelId) !== true) return;
    this.#tellPresence(channelId, userId);
    await this.#tell((adapter) => adapter.onLeave?.(channelId, userId));
  }

  isChannelJoined(channelId: string, userId: string = this.#author.id): boolean {
    return this.#joined.get(userId)?.has(channelId) ?? false;
  }

  getJoinedChannels(userId: string = this.#author.id): readonly string[] {
    return [...(this.#joined.get(userId) ?? [])];
  }

  getSubscriberCount(channelId: string): number {
    return this.#receiving.count(channelId);
  }

  presence(channelId: string): Store<readonly Member[]> {
    checkChannel(channelId);
    return this.#use().presence(channelId);
  }

  setPresence(channelId: string, state: { readonly [key: string]: Json } | null): void {
    checkChannel(channelId);
    if (state === null) this.#states.delete(channelId);
    else this.#states.set(channelId, checkState(state));
    this.#tellPresence(channelId, this.#author.id);
  }

  async sendControl(channelId: string, action: string, target?: string): Promise<void> {
    await this.#inside.send(
      { channelId, type: controlType, content: { action, ...(target !== undefined && { target }) } },
      { ephemeral: true, inner: true },
    );
  }

  subscribeControl(channelId: string, handler: (control: Control) => unknown): Subscription {
    return this.#receiving.control(channelId, handler);
  }

  use(adapter: Adapter): this {
    this.#use();
    if (typeof adapter?.name !== 'string' || adapter.name === '')
      throw busError('INVALID_INPUT', 'use: an adapter needs a name.');
    if (this.#adapters.has(adapter.name))
      throw busError('ADAPTER_EXISTS', `There is an adapter "${adapter.name}" already.`);
    for (const pattern of adapter.channels ?? []) checkPattern(pattern);
    this.#adapters.set(adapter.name, new AttachedAdapter(adapter, this.#inside));
    return this;
  }

  /** Settles when the positions of all adapters are on record: until then a host must not take messages. */
  async adaptersRecorded(): Promise<void> {
    await Promise.all([...this.#adapters.values()].map(({ recorded }) => recorded));
  }

  removeAdapter(name: string): boolean {
    this.#adapters.get(name)?.detach();
    return this.#adapters.delete(name);
  }

  getAdapters(): readonly string[] {
    return [...this.#adapters.keys()];
  }

  clearAdapters(): void {
    for (const name of this.getAdapters()) this.removeAdapter(name);
  }

  on<K extends keyof BusEvents>(
    event: K,
    listener: (value: BusEvents[K]) => void,
    options: { readonly signal?: Signal } = {},
  ): () => void {
    const heard = listener as (value: unknown) => void;
    if (event === 'message') return this.subscribe('*', heard, options);
    if (event === 'control') return this.#receiving.control('*', heard, options);
    if (event === 'message_deleted' || event === 'channel_cleared')
      return this.#receiving.noticed(event, heard, options);
    return this.#host.events.on(event, listener, options.signal);
  }

  channel<K extends string>(channelId: K): Channel<NoSchemas, K> {
    checkChannel(channelId);
    return boundChannel(typed(this), channelId) as Channel<NoSchemas, K>;
  }

  get status(): Store<BusStatus> {
    return this.#status;
  }

  get admin(): Admin {
    return this.#admin;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#abort.abort();
    await new Promise<void>((resolve) => {
      const giveUp = this.#platform.timer(this.#closeWithin, resolve);
      const ended = Promise.allSettled([...this.#beforeClose].map((task) => task()));
      void ended
        .then(() => this.#outbox.drained())
        .then(giveUp)
        .then(resolve);
    });
    this.#closed = busError('CLOSED', 'The bus is closed.');
    this.clearAdapters();
    this.#receiving.close(this.#closed);
    this.#outbox.close(this.#closed);
    this.#unmourn();
    await this.#host.close();
  }

  /** Told once a turn at the most: the outbox changes with every message. */
  #statusChanged(): void {
    if (this.#statusStale) return;
    this.#statusStale = true;
    this.#platform.defer(() => {
      this.#statusStale = false;
      this.#status.set({ ...this.#host.status.getSnapshot(), outbox: this.#outbox.count });
    });
  }

  /** What is behind a verb, loaded when it is first used: most pages begin with a subscription. */
  async #load<T>(part: Promise<T>): Promise<T> {
    this.#use();
    try {
      return await part;
    } catch (cause) {
      throw busError('PART_MISSING', `A part could not be loaded: ${describe(cause)}.`, { cause });
    }
  }

  /** There is whoever joined, and this bus's author while it has a state. */
  #tellPresence(channelId: string, userId: string): void {
    const { id, name } = this.#author;
    const state = userId === id ? this.#states.get(channelId) : undefined;
    const named = userId === id && name !== undefined ? { name } : {};
    const isThere = state !== undefined || this.isChannelJoined(channelId, userId);
    this.#use().setPresence(channelId, userId, isThere ? { ...named, ...(state !== undefined && { state }) } : null);
  }

  /** What is made of it, for what nobody waits for: that it could not be is told by an event. */
  #part<M, T>(part: Promise<M>, make: (part: M) => T): Promise<T> {
    const making = this.#load(part).then(make);
    making.catch((error: unknown) => this.#host.events.emit('error', error as BusError));
    return making;
  }

  #use(): Host {
    if (this.#closed !== undefined) throw this.#closed;
    return this.#host;
  }

  async #tell(member: (adapter: Adapter) => unknown): Promise<void> {
    await Promise.all([...this.#adapters.values()].map((attached) => attached.call(() => member(attached.adapter))));
  }
}

/** A `HostedBus` with the types of its channels. */
export const TypedBus: new <S extends Schemas = NoSchemas>(host: Host, identity?: BusIdentity<S>) => MessageBus<S> =
  HostedBus as never;

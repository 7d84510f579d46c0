// The verbs of the API over any host. It holds no state that its host could not give back: positions and what is
// unacknowledged are all that a bus must carry from one host to the next.

import { AttachedAdapter } from './attached-adapter.ts';
import type { Follower, Surroundings } from './attached-adapter.ts';
import { messagesOf } from './block.ts';
import type { Block } from './block.ts';
import { checkChannel, checkPattern, matcher } from './channel.ts';
import { MessageDelivery } from './delivery.ts';
import type { DeliveryContext } from './delivery.ts';
import { busError, isBusError } from './errors.ts';
import type { BusError } from './errors.ts';
import { checkFrom } from './from.ts';
import type { Host } from './host.ts';
import type { Positions } from './log.ts';
import { Queue } from './queue.ts';
import type { Message, MessageInput } from './message.ts';
import type {
  Adapter,
  Admin,
  BusEvents,
  BusStatus,
  Channel,
  Control,
  Delivery,
  From,
  HistoryOptions,
  MessageBus,
  ReadOptions,
  Reset,
  SendOptions,
  Sending,
  SubscribeOptions,
  Subscription,
} from './message-bus.ts';
import { Outbox } from './outbox.ts';
import type { Author } from './outbox.ts';
import { createAbort, onAbort, systemPlatform } from './platform.ts';
import type { Platform, Signal } from './platform.ts';
import { Cell } from './store.ts';
import type { Store } from './store.ts';
import { Receiver, subscriptionOf } from './subscription.ts';
import type { ReceiverOptions } from './subscription.ts';

/** The options of a send that has none: made once, not for each message. */
const stored: SendOptions = {};
/** How long `close` waits for what is unacknowledged. */
const closeDeadline = 2000;
/** The type of the ephemeral message that carries a control. */
const controlType = 'busline.control';

export interface BusIdentity {
  /** Who sends, where a message does not say; default 'anonymous'. */
  readonly author?: string | Author;
  readonly platform?: Platform;
}

type Handler = (message: Message, delivery: Delivery) => unknown;

function authorOf(author: string | Author | undefined): Author {
  return typeof author === 'object' ? author : { id: author ?? 'anonymous' };
}

function stopped(): BusError {
  return busError('CLOSED', 'The subscription was stopped.');
}

export class HostedBus implements MessageBus {
  readonly #host: Host;
  readonly #status: Cell<BusStatus>;
  readonly #outbox: Outbox;
  readonly #author: Author;
  readonly #platform: Platform;
  readonly #receivers = new Map<Receiver, (channelId: string) => boolean>();
  readonly #adapters = new Map<string, AttachedAdapter>();
  readonly #joined = new Map<string, Set<string>>();
  #decoded: { readonly body: unknown; readonly messages: readonly Message[] } | undefined;
  #statusStale = false;
  #closing: Promise<void> | undefined;
  #closed: BusError | undefined;

  constructor(host: Host, { author, platform = systemPlatform }: BusIdentity = {}) {
    this.#host = host;
    this.#author = authorOf(author);
    this.#platform = platform;
    const decode = (block: Block, offset: number): readonly Message[] => this.#decode(block, offset);
    this.#outbox = new Outbox(host, this.#author, platform, decode, () => this.#statusChanged());
    this.#status = new Cell({ ...host.status.getSnapshot() });
    host.status.subscribe(() => this.#statusChanged());
  }

  send<C>(input: MessageInput<string, C>, options: SendOptions = stored): Sending<C> {
    return this.#outbox.send(input, options);
  }

  subscribe(channel: string, handler: Handler, options: SubscribeOptions = {}): Subscription {
    if (typeof handler !== 'function') throw busError('INVALID_INPUT', 'subscribe: give a handler function.');
    let abort: ReturnType<typeof createAbort> | undefined;
    const context: DeliveryContext = {
      send: (input, more) => this.send(input, more),
      authorId: this.#author.id,
      signal: (): Signal => (abort ??= createAbort()).signal,
    };
    // Where it stands inside a block: whoever stops there goes on right there.
    let inHand: Positions = {};
    const receiver = this.#receive(channel, options, {
      take: (messages, logId) => {
        for (const message of messages) {
          if (receiver.closed) return true;
          const { channelId, offset } = message;
          if (offset > 0) inHand = { [channelId]: { logId, offset } };
          this.#call(handler, message, new MessageDelivery(context, message, logId));
        }
        if (!receiver.closed) inHand = {};
        return true;
      },
      closed: () => abort?.abort(),
    });
    const positions = (): Positions => ({ ...receiver.positions(), ...inHand });
    return subscriptionOf({ ready: receiver.ready, positions }, () => receiver.close(stopped()));
  }

  messages(channel: string, options: ReadOptions = {}): AsyncIterable<Message> {
    return {
      [Symbol.asyncIterator]: () => {
        const queue = new Queue<Message>(() => receiver.close(stopped()));
        const receiver = this.#receive(channel, options, {
          take: (messages, _logId, done) => {
            queue.push(messages, done);
            return false;
          },
          closed: (error) => queue.close(error.code === 'CLOSED' ? undefined : error),
        });
        return queue;
      },
    };
  }

  async history(channelId: string, options: HistoryOptions = {}): Promise<readonly Message[]> {
    this.#use();
    const source = { host: this.#host, decode: (block: Block, offset: number) => this.#decode(block, offset) };
    // Loaded when it is first used: most pages begin with a subscription.
    const { readHistory } = await import('./history.ts');
    return readHistory(source, channelId, options);
  }

  async joinChannel(channelId: string, userId: string = this.#author.id): Promise<void> {
    checkChannel(channelId);
    const joined = this.#joined.get(userId) ?? new Set();
    if (joined.has(channelId)) return;
    this.#joined.set(userId, joined.add(channelId));
    await this.#tell((adapter) => adapter.onJoin?.(channelId, userId));
  }

  async leaveChannel(channelId: string, userId: string = this.#author.id): Promise<void> {
    if (this.#joined.get(userId)?.delete(channelId) !== true) return;
    await this.#tell((adapter) => adapter.onLeave?.(channelId, userId));
  }

  isChannelJoined(channelId: string, userId: string = this.#author.id): boolean {
    return this.#joined.get(userId)?.has(channelId) ?? false;
  }

  getJoinedChannels(userId: string = this.#author.id): readonly string[] {
    return [...(this.#joined.get(userId) ?? [])];
  }

  getSubscriberCount(channelId: string): number {
    return [...this.#receivers.values()].filter((matches) => matches(channelId)).length;
  }

  async sendControl(channelId: string, action: string, target?: string): Promise<void> {
    await this.send(
      { channelId, type: controlType, content: { action, ...(target !== undefined && { target }) } },
      { ephemeral: true },
    );
  }

  subscribeControl(channelId: string, handler: (control: Control) => unknown): Subscription {
    return this.#control(channelId, handler);
  }

  use(adapter: Adapter): this {
    this.#use();
    if (typeof adapter?.name !== 'string' || adapter.name === '')
      throw busError('INVALID_INPUT', 'use: an adapter needs a name.');
    if (this.#adapters.has(adapter.name))
      throw busError('ADAPTER_EXISTS', `There is an adapter "${adapter.name}" already.`);
    for (const pattern of adapter.channels ?? []) checkPattern(pattern);
    const follow: Surroundings['follow'] = (...asked) => this.#follow(...asked);
    const { events } = this.#host;
    this.#adapters.set(adapter.name, new AttachedAdapter(adapter, { bus: this, host: this.#host, events, follow }));
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
    if (event === 'control') return this.#control('*', heard, options);
    return this.#host.events.on(event, listener, options.signal);
  }

  channel(channelId: string): Channel {
    checkChannel(channelId);
    return {
      channelId,
      send: (content, { ack, ephemeral, signal, ...more } = {}) => {
        const options = {
          ...(ack !== undefined && { ack }),
          ...(ephemeral !== undefined && { ephemeral }),
          ...(signal !== undefined && { signal }),
        };
        return this.send({ ...more, channelId, content }, options);
      },
      subscribe: (handler, options) => this.subscribe(channelId, handler, options),
      history: (options) => this.history(channelId, options),
    };
  }

  get status(): Store<BusStatus> {
    return this.#status;
  }

  get admin(): Admin {
    return {
      channels: async (pattern = '*') => this.#use().channels(pattern),
      stats: async () => ({
        ...Object.fromEntries(this.#host.events.counts),
        outbox: this.#outbox.count,
        subscriptions: this.#receivers.size,
      }),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await new Promise<void>((resolve) => {
      const giveUp = this.#platform.timer(closeDeadline, resolve);
      void this.#outbox.drained().then(giveUp).then(resolve);
    });
    this.#closed = busError('CLOSED', 'The bus is closed.');
    this.clearAdapters();
    for (const receiver of this.#receivers.keys()) receiver.close(this.#closed);
    this.#outbox.close(this.#closed);
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

  #use(): Host {
    if (this.#closed !== undefined) throw this.#closed;
    return this.#host;
  }

  #control(channelId: string, handler: (control: Control) => unknown, { signal }: ReadOptions = {}): Subscription {
    const told = ({ channelId: on, content }: Message): unknown =>
      handler({ ...(content as Omit<Control, 'channelId'>), channelId: on });
    const filter = { types: [controlType] };
    return this.subscribe(channelId, told, { ephemeral: 'only', filter, ...(signal !== undefined && { signal }) });
  }

  async #tell(member: (adapter: Adapter) => unknown): Promise<void> {
    await Promise.all([...this.#adapters.values()].map((attached) => attached.call(() => member(attached.adapter))));
  }

  #call(handler: Handler, message: Message, delivery: Delivery): void {
    try {
      const result = handler(message, delivery);
      if (result instanceof Promise)
        result.catch((error: unknown) => this.#host.events.emit('handlerError', { message, error }));
    } catch (error) {
      this.#host.events.emit('handlerError', { message, error });
    }
  }

  #decode(block: Block, offset: number): readonly Message[] {
    // What never left the process has one body, for its sender and for all who receive it.
    const body = 'items' in block ? block.items : block;
    if (this.#decoded?.body === body) return this.#decoded.messages;
    let messages: readonly Message[] = [];
    try {
      messages = messagesOf(block, offset);
      const last = messages.at(-1);
      if (last !== undefined) this.#outbox.ids.observe(last.id);
    } catch (error) {
      if (!isBusError(error)) throw error;
      this.#host.events.emit('error', error);
    }
    this.#decoded = { body, messages };
    return messages;
  }

  /** Message by message, each awaited. */
  #follow(pattern: string, from: From, follower: Follower): Subscription {
    const abort = createAbort();
    const context: DeliveryContext = {
      send: (input, more) => this.send(input, more),
      authorId: this.#author.id,
      name: follower.name,
      signal: () => abort.signal,
    };
    const queue = new Queue<{ readonly message: Message; readonly logId: string }>(() => receiver.close(stopped()));
    const take: ReceiverOptions['take'] = (messages, logId, done) => {
      queue.push(
        messages.map((message) => ({ message, logId })),
        done,
      );
      return false;
    };
    const started = (positions: Positions): void => follower.begun(positions);
    const receiver = this.#receive(pattern, { from }, { take, started, closed: () => queue.close() });
    const handleAll = async (): Promise<void> => {
      for await (const { message, logId } of queue) {
        await follower.handle(message, new MessageDelivery(context, message, logId));
      }
    };
    void handleAll();
    return subscriptionOf(receiver, () => {
      void queue.return();
      abort.abort();
    });
  }

  #receive(
    channel: string,
    options: SubscribeOptions,
    how: Pick<ReceiverOptions, 'take' | 'started' | 'closed'>,
  ): Receiver {
    checkPattern(channel);
    const from = options.from ?? 'now';
    checkFrom(from, channel);
    const host = this.#use();
    let forget = (): void => undefined;
    const receiver = new Receiver({
      ...how,
      filter: options.filter,
      decode: (block, offset) => this.#decode(block, offset),
      now: () => this.#platform.now(),
      reset: (reset) => this.#reset(reset, options),
      closed: (error) => {
        forget();
        this.#receivers.delete(receiver);
        how.closed(error);
      },
    });
    this.#receivers.set(receiver, matcher(channel));
    receiver.reader = host.open({ pattern: channel, from, ephemeral: options.ephemeral ?? false }, receiver);
    forget = onAbort(options.signal, () =>
      receiver.close(busError('ABORTED', 'The signal of the subscription was aborted.')),
    );
    return receiver;
  }

  #reset(reset: Reset, options: SubscribeOptions): void {
    const { events } = this.#host;
    events.emit('reset', reset);
    events.tell('reset', (event) => options.onReset?.(event), reset);
  }
}

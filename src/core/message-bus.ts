// The public API, as types. Whatever runs it (a page over a link, a worker, a process) implements exactly this.

import type { Ack } from './batch.ts';
import type { BusError } from './errors.ts';
import type { ChannelHead, Position, Positions } from './log.ts';
import type { Json, Message, MessageInput, Priority } from './message.ts';
import type { Signal } from './platform.ts';
import type { InputOf, NoSchemas, OutputOf, Schemas } from './schema.ts';
import type { Store } from './store.ts';

export type HostKind = 'shared-worker' | 'leader-tab' | 'service-worker' | 'page' | 'process';

export interface Filter {
  readonly types?: readonly string[];
  readonly priorities?: readonly Priority[];
  readonly topics?: readonly string[];
  readonly authorId?: string;
  readonly to?: string;
  readonly correlationId?: string;
}

/** Where a reader begins. A `Position` or `Positions` goes on where another reader stopped. */
export type From = 'now' | 'earliest' | { readonly last: number } | Position | Positions;

export interface Reset {
  readonly channelId: string;
  /** cleared or replaced: another log is there now; trimmed: what would have been next was dropped by retention. */
  readonly reason: 'cleared' | 'replaced' | 'trimmed';
  readonly had: Position;
  readonly now: Position;
}

/** Call it, or dispose it, to stop; stopping twice is harmless. */
export interface Subscription {
  (): void;
  /** Resolves when history has been delivered: from then on it is live. Rejects with what stopped it before. */
  readonly ready: Promise<void>;
  /** How far it has come, channel by channel: give it to `from` to go on there. */
  positions(): Positions;
  [Symbol.dispose](): void;
}

/** A promise of the stored message, with its id known at once. */
export interface Sending<C = unknown> extends Promise<Message<C>> {
  readonly id: string;
}

export interface Delivery {
  readonly position: Position;
  /** Aborts when the subscription stops. */
  readonly signal: Signal;
  /**
   * Sends to the same channel, with `inReplyTo`, `correlationId` and `hops` + 1. Its id follows from what it answers:
   * a handler that runs twice on the same message answers once.
   */
  reply<R>(content: R, more?: Partial<MessageInput>): Sending<R>;
}

/** What a member of a group gets beside a message that it alone has to handle. */
export interface Attempt extends Delivery {
  /** 1, 2, 3 …: how often this message was handed out in this group. */
  readonly attempt: number;
  /** More time, in milliseconds from now. The signal aborts when the lease is lost. */
  extend(ms: number): Promise<void>;
}

/** A member of a group. */
export interface Consumer {
  /** Takes nothing more until `resume`; what is in hand goes on. */
  pause(): void;
  resume(): void;
  /** Stops taking, and waits for what is in hand. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How long to wait before the next attempt: `initial` ms (default 100), times `factor` (2) each time, up to `max` (30,000). */
export interface Backoff {
  readonly initial?: number;
  readonly max?: number;
  readonly factor?: number;
  /** Between half and all of it, by chance; default true. */
  readonly jitter?: boolean;
}

/** A message in the making: every tab sees its text grow. */
export interface MessageStream {
  readonly id: string;
  /** Aborts when a reader asked it to stop, or the stream ended. */
  readonly signal: Signal;
  write(delta: string): void;
  /** Ends it. What is stored is the whole text, or `content` in its place. */
  close(content?: Json): Promise<Message>;
  /** Ends it unfinished: readers keep what there is, marked as aborted. */
  abort(reason?: unknown): void;
}

/** A stream as its readers see it: the deltas from here on, or the whole text so far. */
export interface ReadableMessage extends AsyncIterable<string> {
  readonly id: string;
  readonly message: Omit<Message, 'content' | 'offset'>;
  /** What there is so far. */
  readonly text: string;
  /** The message that was stored at its end; rejects with `STREAM_ABORTED` if its writer died or gave up. */
  readonly done: Promise<Message>;
  /** Asks the writer to stop: its signal aborts. */
  stop(): void;
}

/** A message as a list shows it, with those under way and those that failed. */
export type Entry<C = unknown> = Message<C> & {
  readonly state: 'queued' | 'stored' | 'synced' | 'failed' | 'streaming' | 'aborted';
  readonly error?: BusError;
};

/**
 * A channel as a list: history, then what comes, one's own messages at once, streams as they grow, without what was deleted.
 * An entry that did not change is the same object in the next snapshot.
 */
export interface LiveView<C = unknown> extends Store<readonly Entry<C>[]> {
  /** Reads older messages into the list, 50 unless given. False when there is nothing older. */
  loadOlder(count?: number): Promise<boolean>;
  close(): void;
  [Symbol.dispose](): void;
}

/** Somebody who is there, in one tab or several. */
export interface Member {
  readonly userId: string;
  readonly name?: string;
  readonly tabs: number;
  /** What was set last in any of these tabs. */
  readonly state?: { readonly [key: string]: Json };
}

export interface BusStatus {
  readonly host: HostKind | 'connecting' | 'closed';
  /** Why this host, in words for a person. */
  readonly why: string;
  readonly tabs: number;
  readonly durability: 'disk' | 'memory' | 'redis' | 'files';
  /** Messages sent that are not stored yet. */
  readonly outbox: number;
  readonly sync: 'off' | 'online' | 'catching-up' | 'offline' | 'refused';
  /** Bytes, as the browser estimates them. */
  readonly storage?: { readonly used: number; readonly quota: number; readonly persisted: boolean };
  readonly problem?: BusError;
  /** How many problems the host has told since it started: frames that it dropped, adapters that threw. */
  readonly problems?: number;
}

export interface Control {
  readonly channelId: string;
  readonly action: string;
  readonly target?: string;
}

export interface BusEvents {
  error: BusError;
  handlerError: { readonly message: Message; readonly error: unknown };
  reset: Reset;
  host: { readonly from: string; readonly to: string; readonly term: number };
  reload: { readonly why: string };
  message: Message;
  control: Control;
  /** A member of a group gave a message up: it lies with the dead letters now. */
  deadLetter: { readonly message: Message; readonly group: string; readonly reason: string };
  message_deleted: { readonly messageId: string; readonly channelId: string };
  channel_cleared: { readonly channelId: string };
}

export interface ReadOptions {
  /** Default: 'now'. */
  readonly from?: From;
  readonly filter?: Filter;
  readonly signal?: Signal;
}

export interface SubscribeOptions extends ReadOptions {
  /** Whether ephemeral messages are delivered too, or only they. */
  readonly ephemeral?: boolean | 'only';
  onReset?(reset: Reset): void;
}

export interface HistoryOptions {
  /** A position or the id of a message; what is returned lies before it. Default: the end. */
  readonly before?: Position | string;
  /** What is returned lies after it. */
  readonly after?: Position | string;
  /** How many at the most; default 100. The newest ones, unless `after` is given. */
  readonly limit?: number;
  readonly filter?: Filter;
  readonly signal?: Signal;
}

export interface SendOptions {
  /** stored: in the host's log (default); flushed: forced to disk; synced: in the server's log. */
  readonly ack?: Ack;
  readonly ephemeral?: boolean;
  /** Stops waiting. What was given to `send` may still be stored: the error says `accepted: 'unknown'`. */
  readonly signal?: Signal;
}

export interface ConsumeOptions {
  /** Its members share the messages; each is handled by one of them. */
  readonly group: string;
  /** Where a group begins that has not been there before; default 'earliest'. */
  readonly from?: 'earliest' | 'now';
  /** What does not pass is acknowledged unseen. */
  readonly filter?: Filter;
  /** How many messages this member handles at once; default 1. */
  readonly concurrency?: number;
  /** Milliseconds that an attempt may take before another member gets the message; default 30,000. */
  readonly lease?: number;
  /** After so many attempts it is a dead letter; default 5. */
  readonly maxAttempts?: number;
  readonly backoff?: Backoff;
  readonly signal?: Signal;
}

export interface LiveOptions {
  /** How many messages of history to begin with; default 100. */
  readonly last?: number;
  readonly filter?: Filter;
  readonly signal?: Signal;
}

export interface RequestOptions {
  /** Milliseconds until it gives up, with `NO_RESPONDER` or `TIMEOUT`; default 30,000. */
  readonly timeout?: number;
  readonly signal?: Signal;
  /** Called as an answer is streamed. */
  onDelta?(delta: string, soFar: string): void;
}

export interface RespondOptions {
  /** Its members share the requests; default 'responders'. */
  readonly group?: string;
  /** How many requests are answered at once; default 16. */
  readonly concurrency?: number;
  readonly signal?: Signal;
}

/** Every member may be asynchronous. */
export interface Adapter {
  readonly name: string;
  /** Channels or patterns; default: all. */
  readonly channels?: readonly string[];
  /**
   * Its own durable position, by this name: it misses nothing, and one copy of it works however many tabs run it.
   * Default: its name. `false`: every instance gets everything, live only.
   */
  readonly group?: string | false;
  attach?(bus: MessageBus): unknown;
  /** In the order of each channel. With a group: return = done, throw = again, then dead letter. */
  onMessage?(message: Message, attempt: Attempt): unknown;
  onJoin?(channelId: string, userId: string): unknown;
  onLeave?(channelId: string, userId: string): unknown;
  onDelete?(messageId: string, channelId: string): unknown;
  onClear?(channelId: string): unknown;
  detach?(): unknown;
}

/** What is received on a channel: as its schema says, else unknown. */
type Received<S extends Schemas, K extends string> = Message<OutputOf<S, K>>;
/** What `send` takes and resolves with: as the schema says, else what is given, whose type is inferred. */
type Given<S extends Schemas, K extends string, C> = unknown extends InputOf<S, K> ? C : InputOf<S, K>;
type Sent<S extends Schemas, K extends string, C> = unknown extends OutputOf<S, K> ? C : OutputOf<S, K>;
/** So that a handler may use what it is given to: `const stop = bus.subscribe('a', () => stop())`. */
// oxlint-disable-next-line typescript/no-explicit-any -- with `unknown`, TypeScript would look at what it returns, and turn in a circle
type Handle<M, D> = NoInfer<(message: M, delivery: D) => any>;

/** The verbs that do not look at what a message contains. */
export interface PlainVerbs {
  /** Sends a question and resolves with its answer. Rejects with `RESPONDER_FAILED`, `NO_RESPONDER`, `TIMEOUT` or `ABORTED`. */
  request<R = unknown>(input: MessageInput, options?: RequestOptions): Promise<Message<R>>;
  /** Answers requests: with what is returned, or, by an async generator, with a stream of text. What it throws is told to who asked. */
  respond(channel: string, handler: Handle<Message, Attempt>, options?: RespondOptions): Consumer;
  /** Begins a message whose text comes bit by bit. */
  stream(input: Omit<MessageInput, 'content'>, options?: { readonly signal?: Signal }): MessageStream;
  /** Every stream of the channel or pattern: those under way, with what there is so far, and those that come. */
  streams(
    channel: string,
    handler: (stream: ReadableMessage) => unknown,
    options?: { readonly signal?: Signal },
  ): Subscription;
  joinChannel(channelId: string, userId?: string): Promise<void>;
  leaveChannel(channelId: string, userId?: string): Promise<void>;
  isChannelJoined(channelId: string, userId?: string): boolean;
  getJoinedChannels(userId?: string): readonly string[];
  /** Subscriptions of this bus object that match the channel. */
  getSubscriberCount(channelId: string): number;
  /** Who is there: whoever joined or set a state, in any tab that lives. */
  presence(channelId: string): Store<readonly Member[]>;
  /** What the others see of this tab's author (typing, a cursor); null takes it back. Not stored: it goes when the tab goes. */
  setPresence(channelId: string, state: { readonly [key: string]: Json } | null): void;
  /** Takes a message out of the log, on disk too, and tells everybody. */
  deleteMessage(id: string, channelId: string): Promise<void>;
  /** Takes all messages out of a channel, on disk too, and tells everybody. */
  clearChannel(channelId: string): Promise<void>;
  /** A live notice to whoever listens on the channel; not stored. */
  sendControl(channelId: string, action: string, target?: string): Promise<void>;
  subscribeControl(channelId: string, handler: (control: Control) => unknown): Subscription;
  use(adapter: Adapter): this;
  removeAdapter(name: string): boolean;
  getAdapters(): readonly string[];
  clearAdapters(): void;
  on<K extends keyof BusEvents>(
    event: K,
    listener: (value: BusEvents[K]) => void,
    options?: { readonly signal?: Signal },
  ): () => void;
  readonly status: Store<BusStatus>;
  readonly admin: Admin;
  /** Waits for what is unacknowledged while there is a host, then lets go of everything. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface MessageBus<S extends Schemas = NoSchemas> extends PlainVerbs {
  /** Rejects at once with what is wrong with the input; resolves when the message is stored and was delivered here. */
  send<const K extends string, C>(
    input: MessageInput<K, Given<S, K, C>>,
    options?: SendOptions,
  ): Sending<Sent<S, K, C>>;
  /** Stored messages only, unless `ephemeral`. In a pattern `*` matches any run of characters. */
  subscribe<const K extends string>(
    channel: K,
    handler: Handle<Received<S, K>, Delivery>,
    options?: SubscribeOptions,
  ): Subscription;
  /** The same as an async iterable, read no faster than it is consumed. */
  messages<const K extends string>(channel: K, options?: ReadOptions): AsyncIterable<Received<S, K>>;
  /** Oldest first. */
  history<const K extends string>(channelId: K, options?: HistoryOptions): Promise<readonly Received<S, K>[]>;
  /** A channel as a list that keeps itself up to date. */
  live<const K extends string>(channelId: K, options?: LiveOptions): LiveView<OutputOf<S, K>>;
  /** One member of the group handles each message: return = acknowledge, throw = again after a while, then dead letter. */
  consume<const K extends string>(
    channel: K,
    options: ConsumeOptions,
    handler: Handle<Received<S, K>, Attempt>,
  ): Consumer;
  /** The same verbs, bound to one channel. */
  channel<const K extends string>(channelId: K): Channel<S, K>;
}

export type Channel<S extends Schemas = NoSchemas, K extends string = string> = ChannelVerbs<
  K,
  InputOf<S, K>,
  OutputOf<S, K>
>;

interface ChannelVerbs<K extends string, I, O> {
  readonly channelId: K;
  send<C>(
    content: unknown extends I ? C : I,
    more?: Partial<MessageInput> & SendOptions,
  ): Sending<unknown extends O ? C : O>;
  subscribe(handler: Handle<Message<O>, Delivery>, options?: ReadOptions): Subscription;
  history(options?: Pick<HistoryOptions, 'before' | 'limit'>): Promise<readonly Message<O>[]>;
  live(options?: { readonly last?: number }): LiveView<O>;
  readonly presence: Store<readonly Member[]>;
}

/** What can be said about a channel. */
export interface ChannelDescription {
  readonly name?: string;
  readonly type?: string;
  readonly topic?: string;
  readonly metadata?: { readonly [key: string]: Json };
}

export interface ChannelInfo extends ChannelHead, ChannelDescription {
  readonly channelId: string;
}

export interface GroupInfo {
  readonly group: string;
  readonly channelId: string;
  /** Members that are there now. */
  readonly members: number;
  /** Handed out and not acknowledged, or waiting for another attempt. */
  readonly pending: number;
  /** Not handed out yet. */
  readonly lag: number;
}

export interface DeadLetter {
  readonly message: Message;
  readonly group: string;
  readonly reason: string;
  readonly attempts: number;
}

export interface Admin {
  channels(pattern?: string): Promise<readonly ChannelInfo[]>;
  /** Says what a channel is; what is not named stays as it was. */
  describe(channelId: string, info: ChannelDescription): Promise<void>;
  groups(channelId?: string): Promise<readonly GroupInfo[]>;
  deadLetters(options?: { readonly group?: string; readonly limit?: number }): Promise<readonly DeadLetter[]>;
  /** Gives dead letters back to their groups, with all attempts before them. Resolves with how many. */
  redrive(options?: { readonly group?: string; readonly ids?: readonly string[] }): Promise<number>;
  /** What this bus object has sent and not seen stored, and what failed. */
  outbox(): Store<readonly Entry[]>;
  /** Sends a failed message again, under the same id. */
  retry(id: string): Promise<void>;
  /** Gives up a failed message, or a dead letter. */
  discard(id: string): Promise<void>;
  /** Counters since this bus object was made, and of its host. */
  stats(): Promise<{ readonly [key: string]: number }>;
  /** Writes all channels as a file, piece by piece; waits for what `write` returns. */
  exportTo(write: (chunk: Uint8Array) => unknown): Promise<{ readonly messages: number }>;
  /** Reads such a file. What is there already is known and stays: importing twice changes nothing. */
  importFrom(chunks: AsyncIterable<Uint8Array>): Promise<{ readonly imported: number; readonly known: number }>;
}

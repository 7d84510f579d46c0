// The public API, as types. Whatever runs it (a page over a link, a worker, a process) implements exactly this.

import type { Ack } from './batch.ts';
import type { BusError } from './errors.ts';
import type { ChannelHead, Position, Positions } from './log.ts';
import type { Message, MessageInput, Priority } from './message.ts';
import type { Signal } from './platform.ts';
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

/** Every member may be asynchronous. What throws becomes an event and stops nothing. */
export interface Adapter {
  readonly name: string;
  /** Channels or patterns; default: all. */
  readonly channels?: readonly string[];
  /** The name of its durable position; default: its own. `false`: live messages only. */
  readonly group?: string | false;
  attach?(bus: MessageBus): unknown;
  onMessage?(message: Message, delivery: Delivery): unknown;
  onJoin?(channelId: string, userId: string): unknown;
  onLeave?(channelId: string, userId: string): unknown;
  detach?(): unknown;
}

export interface MessageBus {
  /** Rejects at once with what is wrong with the input; resolves when the message is stored and was delivered here. */
  send<C>(input: MessageInput<string, C>, options?: SendOptions): Sending<C>;
  /** Stored messages only, unless `ephemeral`. In a pattern `*` matches any run of characters. */
  subscribe(
    channel: string,
    handler: (message: Message, delivery: Delivery) => unknown,
    options?: SubscribeOptions,
  ): Subscription;
  /** The same as an async iterable, read no faster than it is consumed. */
  messages(channel: string, options?: ReadOptions): AsyncIterable<Message>;
  /** Oldest first. */
  history(channelId: string, options?: HistoryOptions): Promise<readonly Message[]>;
  joinChannel(channelId: string, userId?: string): Promise<void>;
  leaveChannel(channelId: string, userId?: string): Promise<void>;
  isChannelJoined(channelId: string, userId?: string): boolean;
  getJoinedChannels(userId?: string): readonly string[];
  /** Subscriptions of this bus object that match the channel. */
  getSubscriberCount(channelId: string): number;
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
  /** The same verbs, bound to one channel. */
  channel(channelId: string): Channel;
  readonly status: Store<BusStatus>;
  readonly admin: Admin;
  /** Waits for what is unacknowledged while there is a host, then lets go of everything. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Channel {
  readonly channelId: string;
  send<C>(content: C, more?: Partial<MessageInput> & SendOptions): Sending<C>;
  subscribe(handler: (message: Message, delivery: Delivery) => unknown, options?: ReadOptions): Subscription;
  history(options?: Pick<HistoryOptions, 'before' | 'limit'>): Promise<readonly Message[]>;
}

export interface ChannelInfo extends ChannelHead {
  readonly channelId: string;
}

export interface Admin {
  channels(pattern?: string): Promise<readonly ChannelInfo[]>;
  /** Counters since this bus object was made. */
  stats(): Promise<{ readonly [key: string]: number }>;
}

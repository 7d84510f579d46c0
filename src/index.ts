// busline: the page entry.

export { createBus } from './browser/create-bus.ts';
export type { Bus, BusOptions } from './browser/create-bus.ts';
export { deleteBus } from './browser/delete-bus.ts';
export { isBusError } from './core/errors.ts';
export type { BusError, BusErrorCode } from './core/errors.ts';
export type { MessageBus, Adapter, Channel, Admin, BusStatus, BusEvents, HostKind } from './core/message-bus.ts';
export type { Subscription, Sending, Delivery, Control, Filter, From, Reset, ChannelInfo } from './core/message-bus.ts';
export type { ReadOptions, SubscribeOptions, HistoryOptions, SendOptions, ConsumeOptions } from './core/message-bus.ts';
export type { Attempt, Consumer, Backoff, GroupInfo, DeadLetter, ChannelDescription } from './core/message-bus.ts';
export type { LiveView, LiveOptions, Entry, Member, MessageStream, ReadableMessage } from './core/message-bus.ts';
export type { RequestOptions, RespondOptions } from './core/message-bus.ts';
export type { StandardSchema, Schemas, NoSchemas, InputOf, OutputOf } from './core/schema.ts';
export type { Message, MessageInput, Attachment, Json, Priority } from './core/message.ts';
export type { ChannelHead, Position, Positions } from './core/log.ts';
export type { RetentionOptions } from './core/retention.ts';
export type { Store } from './core/store.ts';
export { agent } from './core/agent.ts';
export type { AgentAttempt, AgentOptions } from './core/agent.ts';

// busline/core: the bus itself, anywhere JavaScript runs. It imports nothing.

export { MessageBusCore } from './message-bus-core.ts';
export type { CoreOptions } from './message-bus-core.ts';
export type { MessageBus, Adapter, Channel, Admin, BusStatus, BusEvents, HostKind } from './message-bus.ts';
export type { Subscription, Sending, Delivery, Control, Filter, From, Reset, ChannelInfo } from './message-bus.ts';
export type { ReadOptions, SubscribeOptions, HistoryOptions, SendOptions, ConsumeOptions } from './message-bus.ts';
export type { Attempt, Consumer, Backoff, GroupInfo, DeadLetter, ChannelDescription } from './message-bus.ts';
export type { LiveView, LiveOptions, Entry, Member, MessageStream, ReadableMessage } from './message-bus.ts';
export type { RequestOptions, RespondOptions } from './message-bus.ts';
export type { StandardSchema, Schemas, NoSchemas, InputOf, OutputOf } from './schema.ts';
export type { Message, MessageInput, Attachment, Json, Priority } from './message.ts';
export { isBusError } from './errors.ts';
export type { BusError, BusErrorCode } from './errors.ts';
export { MemoryLog } from './memory-log.ts';
export type { Log, Append, Records, Push, Verdict, Page, ChannelHead, Position, Positions } from './log.ts';
export type { Block, StoredBlock, Header, Identity } from './block.ts';
export type { Store } from './store.ts';
export type { Platform, Signal } from './platform.ts';
export { agent } from './agent.ts';
export type { AgentAttempt, AgentOptions } from './agent.ts';

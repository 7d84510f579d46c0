// busline/core: the bus itself, anywhere JavaScript runs. It imports nothing.

export { MessageBusCore } from './message-bus-core.ts';
export type { CoreOptions } from './message-bus-core.ts';
export type { MessageBus, Adapter, Channel, Admin, BusStatus, BusEvents, HostKind } from './message-bus.ts';
export type { Subscription, Sending, Delivery, Control, Filter, From, Reset, ChannelInfo } from './message-bus.ts';
export type { ReadOptions, SubscribeOptions, HistoryOptions, SendOptions } from './message-bus.ts';
export type { Message, MessageInput, Attachment, Json, Priority } from './message.ts';
export { isBusError } from './errors.ts';
export type { BusError, BusErrorCode } from './errors.ts';
export { MemoryLog } from './memory-log.ts';
export type { Log, Append, Push, Verdict, Page, ChannelHead, Position, Positions } from './log.ts';
export type { Block, StoredBlock, Header, Identity } from './block.ts';
export type { Store } from './store.ts';
export type { Platform, Signal } from './platform.ts';

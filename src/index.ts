// busline: the page entry.

export { createBus } from './browser/create-bus.ts';
export type { Bus, BusOptions } from './browser/create-bus.ts';
export { deleteBus } from './browser/delete-bus.ts';
export { isBusError } from './core/errors.ts';
export type { BusError, BusErrorCode } from './core/errors.ts';
export type { MessageBus, Adapter, Channel, Admin, BusStatus, BusEvents, HostKind } from './core/message-bus.ts';
export type { Subscription, Sending, Delivery, Control, Filter, From, Reset, ChannelInfo } from './core/message-bus.ts';
export type { ReadOptions, SubscribeOptions, HistoryOptions, SendOptions } from './core/message-bus.ts';
export type { Message, MessageInput, Attachment, Json, Priority } from './core/message.ts';
export type { ChannelHead, Position, Positions } from './core/log.ts';
export type { RetentionOptions } from './core/retention.ts';
export type { Store } from './core/store.ts';

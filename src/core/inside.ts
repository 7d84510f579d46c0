// What the machinery behind the verbs gets of its bus. Each verb is a thin shell in bus.ts; what is behind it is loaded when
// it is first used, so that a page pays for what it uses.

import type { Block } from './block.ts';
import type { Reading } from './reading.ts';
import type { Events } from './events.ts';
import type { Host } from './host.ts';
import type { MessageBus, Sending, SubscribeOptions } from './message-bus.ts';
import type { MessageInput } from './message.ts';
import type { Author, Outbox } from './outbox.ts';
import type { Platform, Signal } from './platform.ts';
import type { ReceiveHow } from './receiving.ts';
import type { Receiver } from './subscription.ts';
import type { InnerSendOptions } from './will.ts';

/** What a stream may be given beside what users give. */
export interface InnerStreamOptions {
  readonly signal?: Signal;
  /** Which attempt to write it this is; readers follow the latest. Default 1. */
  readonly run?: number;
}

export interface Inside {
  readonly bus: MessageBus;
  readonly host: Host;
  readonly events: Events;
  readonly platform: Platform;
  readonly author: Author;
  readonly outbox: Outbox;
  /** Aborts when the bus is closed. */
  readonly signal: Signal;
  /** Waits for a part that is loaded when it is first used. Rejects with `PART_MISSING`, or with why the bus is closed. */
  load<T>(part: Promise<T>): Promise<T>;
  /** What is to be done before it is closed, within a deadline. The returned function takes it back. */
  beforeClose(task: () => Promise<unknown>): () => void;
  send<C>(input: MessageInput<string, C>, options?: InnerSendOptions): Sending<C>;
  /** Reads blocks of a channel or pattern. The bus's own messages (types that begin with "busline.") come only to those who ask. */
  receive(channel: string, options: SubscribeOptions, how: ReceiveHow): Receiver;
  /** The messages of a block, decoded once for all. */
  read(block: Block, offset: number): Reading;
}

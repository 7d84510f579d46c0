// What a handler gets beside the message: where it stands, whether to stop, and a way to answer that is safe to repeat.

import type { Position } from './log.ts';
import type { Message, MessageInput } from './message.ts';
import type { Delivery, Sending, SendOptions } from './message-bus.ts';
import type { Signal } from './platform.ts';

type Send = <C>(input: MessageInput<string, C>, options?: SendOptions) => Sending<C>;

/** What all deliveries of one subscription share. */
export interface DeliveryContext {
  readonly send: Send;
  readonly authorId: string;
  /** The adapter that answers: two of one author answer each for itself. */
  readonly name?: string;
  signal(): Signal;
}

export class MessageDelivery implements Delivery {
  readonly #context: DeliveryContext;
  readonly #message: Message;
  readonly #logId: string;
  #replies = 0;

  constructor(context: DeliveryContext, message: Message, logId: string) {
    this.#context = context;
    this.#message = message;
    this.#logId = logId;
  }

  get position(): Position {
    return { logId: this.#logId, offset: this.#message.offset };
  }

  get signal(): Signal {
    return this.#context.signal();
  }

  /** A property, so that a handler may take it out of the delivery. */
  readonly reply = <R>(content: R, more: Partial<MessageInput> = {}): Sending<R> => {
    const { id, channelId, correlationId, hops, offset } = this.#message;
    const author = more.authorId ?? this.#context.authorId;
    this.#replies += 1;
    // An ephemeral message has no place in a log that an answer's id could follow from.
    const own =
      offset === 0 ? {} : { id: `re:${author}:${this.#context.name ?? ''}:${this.#logId}:${offset}:${this.#replies}` };
    return this.#context.send({
      ...own,
      channelId,
      inReplyTo: id,
      hops: (hops ?? 0) + 1,
      ...(correlationId !== undefined && { correlationId }),
      ...more,
      content,
    });
  };
}

// All that a bus receives: subscriptions, iterations, controls, and what the machinery behind the verbs reads.

import { checkPattern, matcher } from './channel.ts';
import type { Decoder } from './decoder.ts';
import type { Reading } from './reading.ts';
import { MessageDelivery } from './delivery.ts';
import type { DeliveryContext } from './delivery.ts';
import { busError } from './errors.ts';
import type { BusError } from './errors.ts';
import type { Events } from './events.ts';
import { checkFrom, isLast } from './from.ts';
import type { Host } from './host.ts';
import type { Positions } from './log.ts';
import type { Message } from './message.ts';
import type {
  BusEvents,
  Control,
  Delivery,
  ReadOptions,
  Reset,
  SubscribeOptions,
  Subscription,
} from './message-bus.ts';
import { createAbort, onAbort } from './platform.ts';
import type { Signal } from './platform.ts';
import { Queue } from './queue.ts';
import { Receiver, subscriptionOf } from './subscription.ts';
import type { ReceiverOptions } from './subscription.ts';

/** The type of the ephemeral message that carries a control. */
export const controlType = 'busline.control';

type Handler = (message: Message, delivery: Delivery) => unknown;

export interface ReceivingParts {
  /** Throws why the bus is closed. */
  readonly host: () => Host;
  readonly events: Events;
  readonly decoder: Decoder;
  readonly now: () => number;
  readonly authorId: string;
  readonly send: DeliveryContext['send'];
}

export type ReceiveHow = Pick<ReceiverOptions, 'take' | 'started' | 'closed' | 'control'> & {
  /** Whether the bus's own messages come, too. */
  readonly inner?: boolean;
  /** Nothing is read but what control blocks say. */
  readonly only?: 'control';
};

function received({ all, messages, unfit }: Reading, inner: boolean): readonly Message[] {
  if (!inner) return messages;
  return unfit.size === 0 ? all : all.filter(({ offset }) => !unfit.has(offset));
}

export function checkHandler(verb: string, handler: unknown): void {
  if (typeof handler !== 'function') throw busError('INVALID_INPUT', `${verb}: give a handler function.`);
}

function stopped(): BusError {
  return busError('CLOSED', 'The subscription was stopped.');
}

export class Receiving {
  readonly #parts: ReceivingParts;
  /** Those that users made, with what matches their channels. */
  readonly #receivers = new Map<Receiver, ((channelId: string) => boolean) | undefined>();

  constructor(parts: ReceivingParts) {
    this.#parts = parts;
  }

  /** Subscriptions that users made, and that match this channel. */
  count(channelId?: string): number {
    const all = [...this.#receivers.values()].filter((matches) => matches !== undefined);
    return all.filter((matches) => channelId === undefined || matches(channelId)).length;
  }

  /** All, also those of the machinery behind the verbs. */
  get readers(): number {
    return this.#receivers.size;
  }

  close(error: BusError): void {
    for (const receiver of this.#receivers.keys()) receiver.close(error);
  }

  subscribe(channel: string, handler: Handler, options: SubscribeOptions, inner = false): Subscription {
    checkHandler('subscribe', handler);
    let abort: ReturnType<typeof createAbort> | undefined;
    const context: DeliveryContext = {
      send: this.#parts.send,
      authorId: this.#parts.authorId,
      signal: (): Signal => (abort ??= createAbort()).signal,
    };
    // Where it stands inside a block: whoever stops there goes on right there.
    let inHand: Positions = {};
    const receiver = this.receive(channel, options, {
      inner,
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

  messages(channel: string, options: ReadOptions): AsyncIterable<Message> {
    return {
      [Symbol.asyncIterator]: () => {
        const queue = new Queue<Message>(() => receiver.close(stopped()));
        const receiver = this.receive(channel, options, {
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

  control(channelId: string, handler: (control: Control) => unknown, { signal }: ReadOptions = {}): Subscription {
    const told = ({ channelId: on, content }: Message): unknown =>
      handler({ ...(content as Omit<Control, 'channelId'>), channelId: on });
    const filter = { types: [controlType] };
    const options = { ephemeral: 'only', filter, ...(signal !== undefined && { signal }) } as const;
    return this.subscribe(channelId, told, options, true);
  }

  /** Listens to what control blocks say, and to nothing else. */
  noticed(
    event: 'message_deleted' | 'channel_cleared',
    heard: (value: unknown) => void,
    options: ReadOptions,
  ): () => void {
    const action = event === 'channel_cleared' ? 'clear' : 'delete';
    const receiver = this.receive('*', options, {
      only: 'control',
      take: () => true,
      control: ({ channelId, id, ...notice }) => {
        const value = { channelId, ...(id !== undefined && { messageId: id }) } as BusEvents[typeof event];
        if (notice.action === action) this.#parts.events.tell(event, heard, value);
      },
      closed: () => undefined,
    });
    return () => receiver.close(stopped());
  }

  #call(handler: Handler, message: Message, delivery: Delivery): void {
    try {
      const result = handler(message, delivery);
      if (result instanceof Promise)
        result.catch((error: unknown) => this.#parts.events.emit('handlerError', { message, error }));
    } catch (error) {
      this.#parts.events.emit('handlerError', { message, error });
    }
  }

  /** The bus's own messages (types that begin with "busline.") come only to those who ask. */
  receive(channel: string, options: SubscribeOptions, { inner = false, only, ...how }: ReceiveHow): Receiver {
    checkPattern(channel);
    const from = options.from ?? 'now';
    checkFrom(from, channel);
    const host = this.#parts.host();
    let forget = (): void => undefined;
    const receiver = new Receiver({
      ...how,
      filter: options.filter,
      resumes: typeof from === 'object' && !isLast(from),
      decode: (block, offset) => (only === 'control' ? [] : received(this.#parts.decoder.read(block, offset), inner)),
      now: () => this.#parts.now(),
      reset: (reset) => (only === 'control' ? undefined : this.#reset(reset, options)),
      closed: (error) => {
        forget();
        this.#receivers.delete(receiver);
        how.closed(error);
      },
    });
    this.#receivers.set(receiver, inner || only === 'control' ? undefined : matcher(channel));
    receiver.reader = host.open({ pattern: channel, from, ephemeral: options.ephemeral ?? false }, receiver);
    forget = onAbort(options.signal, () =>
      receiver.close(busError('ABORTED', 'The signal of the subscription was aborted.')),
    );
    return receiver;
  }

  #reset(reset: Reset, options: SubscribeOptions): void {
    const { events } = this.#parts;
    events.emit('reset', reset);
    events.tell('reset', (event) => options.onReset?.(event), reset);
  }
}

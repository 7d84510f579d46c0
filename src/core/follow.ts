// A subscription whose messages, and what is said of them, are handled one after the other, each awaited: what is not handled is not read from the log.

import type { ControlNotice } from './control.ts';
import { MessageDelivery } from './delivery.ts';
import type { DeliveryContext } from './delivery.ts';
import { busError } from './errors.ts';
import type { Inside } from './inside.ts';
import type { Message } from './message.ts';
import type { Delivery } from './message-bus.ts';
import { createAbort } from './platform.ts';
import { Queue } from './queue.ts';

export interface Follower {
  /** Stands in the ids of its answers. */
  readonly name: string;
  readonly handle: (message: Message, delivery: Delivery) => Promise<void>;
  readonly control: (notice: ControlNotice) => Promise<void>;
}

/** From now on, until the returned function is called. */
export function follow(inside: Inside, pattern: string, { name, handle, control }: Follower): () => void {
  const abort = createAbort();
  const context: DeliveryContext = {
    send: (input, more) => inside.send(input, more),
    authorId: inside.author.id,
    name,
    signal: () => abort.signal,
  };
  const stop = (): void => receiver.close(busError('CLOSED', 'The adapter was detached.'));
  const queue = new Queue<() => Promise<unknown>>(stop);
  const handleOne = async (message: Message, logId: string): Promise<void> => {
    try {
      await handle(message, new MessageDelivery(context, message, logId));
    } catch (error) {
      inside.events.emit('handlerError', { message, error });
    }
  };
  const receiver = inside.receive(
    pattern,
    {},
    {
      take: (messages, logId, done) => {
        queue.push(
          messages.map((message) => () => handleOne(message, logId)),
          done,
        );
        return false;
      },
      control: (notice) => queue.push([async () => control(notice)], () => undefined),
      closed: () => queue.close(),
    },
  );
  const handleAll = async (): Promise<void> => {
    for await (const next of queue) await next();
  };
  void handleAll();
  return () => {
    void queue.return();
    abort.abort();
  };
}

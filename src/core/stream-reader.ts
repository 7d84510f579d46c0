// Behind `streams`: a reader of a channel or pattern that gives out every stream it sees.

import { busError, describe } from './errors.ts';
import type { Inside } from './inside.ts';
import type { ReadableMessage, Subscription } from './message-bus.ts';
import { OpenStreams } from './open-streams.ts';
import type { Signal } from './platform.ts';
import type { ReadStream } from './read-stream.ts';
import { subscriptionOf } from './subscription.ts';

type Handler = (stream: ReadableMessage) => unknown;

export function readStreams(
  inside: Inside,
  channel: string,
  handler: Handler,
  { signal }: { readonly signal?: Signal } = {},
): Subscription {
  const streams = new OpenStreams(inside, { opened: (stream) => call(inside, handler, stream) });
  const receiver = inside.receive(
    channel,
    {
      ephemeral: true,
      onReset: ({ channelId }) => streams.reset(channelId),
      ...(signal !== undefined && { signal }),
    },
    {
      inner: true,
      take: (messages) => {
        for (const message of messages) streams.take(message);
        return true;
      },
      closed: (error) => streams.close(error),
    },
  );
  const askAll = (): void => {
    for (const channelId of Object.keys(receiver.positions())) streams.askAll(channelId);
  };
  receiver.ready.then(askAll, describe);
  return subscriptionOf(receiver, () => receiver.close(busError('CLOSED', 'The subscription was stopped.')));
}

function call(inside: Inside, handler: Handler, stream: ReadStream): void {
  const failed = (error: unknown): void => {
    const message = { ...stream.begin, content: stream.text };
    inside.events.emit('handlerError', { message, error });
  };
  try {
    const result = handler(stream);
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}

// The verbs of a bus, bound to one channel.

import type { Channel, MessageBus } from './message-bus.ts';

export function boundChannel(bus: MessageBus, channelId: string): Channel {
  return {
    channelId,
    send: (content, { ack, ephemeral, signal, ...more } = {}) => {
      const options = {
        ...(ack !== undefined && { ack }),
        ...(ephemeral !== undefined && { ephemeral }),
        ...(signal !== undefined && { signal }),
      };
      return bus.send({ ...more, channelId, content }, options);
    },
    subscribe: (handler, options) => bus.subscribe(channelId, handler, options),
    history: (options) => bus.history(channelId, options),
    live: (options) => bus.live(channelId, options),
    presence: bus.presence(channelId),
  };
}

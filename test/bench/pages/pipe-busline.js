import { createBus } from 'busline';

const other = { a: 'b', b: 'a' };

export async function connect({ name, side, stored, workerUrl }) {
  const bus = createBus({ name, ...(workerUrl && { workerUrl }) });
  await bus.ready;
  return {
    send: (content) => bus.send({ channelId: `from-${side}`, content }, { ephemeral: !stored }),
    receive: (handler) =>
      bus.subscribe(`from-${other[side]}`, ({ content }) => handler(content), { ephemeral: !stored }).ready,
  };
}

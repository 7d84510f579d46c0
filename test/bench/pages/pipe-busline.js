import { createBus } from 'busline';

const other = { a: 'b', b: 'a' };

export async function connect({ name, side, stored, workerUrl, hosts = ['shared-worker'] }) {
  const bus = createBus({ name, hosts, ...(workerUrl && { workerUrl }) });
  const options = { ephemeral: !stored };
  await bus.ready;
  return {
    send: (content) => bus.send({ channelId: `from-${side}`, content }, options),
    receive: (handler) => bus.subscribe(`from-${other[side]}`, ({ content }) => handler(content), options).ready,
  };
}

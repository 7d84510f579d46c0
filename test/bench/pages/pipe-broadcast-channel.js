// The npm package. It stores nothing.
import { BroadcastChannel } from 'broadcast-channel';

const other = { a: 'b', b: 'a' };

export async function connect({ name, side }) {
  const out = new BroadcastChannel(`${name}-${side}`);
  const incoming = new BroadcastChannel(`${name}-${other[side]}`);
  return {
    send: (content) => out.postMessage(content),
    async receive(handler) {
      incoming.onmessage = handler;
    },
  };
}

// Redis with nothing above it: one entry a message, pipelined; and what publish and subscribe take.
import { createRequire } from 'node:module';
import { middle } from '../measure.mjs';
import { contentOf, numberOf } from '../pages/content.js';

const { createClient } = createRequire(new URL('../../../package.json', import.meta.url))('redis');
const pipelined = 256;
let client;
let arrived;

export async function open({ url }) {
  client = await createClient({ url }).connect();
}

export async function receive(key, count) {
  const reader = await client.duplicate().connect();
  arrived = (async () => {
    for (let last = '0', got = 0; got < count;) {
      const answer = await reader.sendCommand(['XREAD', 'COUNT', '1000', 'BLOCK', '1000', 'STREAMS', key, last]);
      for (const [id, fields] of answer === null ? [] : entriesOf(answer)) {
        if (numberOf(JSON.parse(fields[1])) !== got++) throw new Error(`${id} is not in order`);
        last = id;
      }
    }
  })();
  arrived.catch(() => undefined);
}

/** Both versions of the protocol. */
const entriesOf = (answer) => (Array.isArray(answer) ? answer[0][1] : Object.values(answer)[0]);

export const received = () => arrived;

export async function send(key, count) {
  for (let n = 0; n < count;) {
    const turn = [];
    for (const end = Math.min(n + pipelined, count); n < end; n++)
      turn.push(client.sendCommand(['XADD', key, '*', 'message', JSON.stringify(contentOf(n))]));
    await Promise.all(turn);
  }
}

export async function echo(from, to) {
  const listener = await client.duplicate().connect();
  await listener.subscribe(from, (text) => void client.publish(to, text));
}

export async function pingPong(to, from, count, warmUp) {
  let back;
  const listener = await client.duplicate().connect();
  await listener.subscribe(from, () => back());
  const times = [];
  for (let n = 0; n < count + warmUp; n++) {
    const answer = new Promise((resolve) => (back = resolve));
    const began = performance.now();
    void client.publish(to, JSON.stringify(contentOf(n)));
    await answer;
    if (n >= warmUp) times.push((performance.now() - began) / 2);
  }
  return middle(times);
}

// A bus with history, in one channel.
import { createBus } from 'busline';
import { numberOf } from './content.js';
import { connect, send } from './roles.js';

const channelId = 'from-a';
const hosts = ['shared-worker'];

export async function fill(name, count) {
  await connect('busline', { name, side: 'a', stored: true });
  await send(0, count);
}

/** Milliseconds until all were delivered, in order. */
export async function readAll(name, count) {
  const bus = createBus({ name, hosts });
  await bus.ready;
  const began = performance.now();
  let next = 0;
  await new Promise((resolve, reject) => {
    const take = ({ content }) => {
      if (numberOf(content) !== next) reject(new Error(`message ${numberOf(content)} came instead of ${next}`));
      next += 1;
      if (next === count) resolve();
    };
    bus.subscribe(channelId, take, { from: 'earliest' });
  });
  return performance.now() - began;
}

/** Milliseconds until the first message is stored; loading the script is not counted. */
export async function firstStored(name) {
  const began = performance.now();
  await createBus({ name, hosts }).send({ channelId, content: 'first' });
  return performance.now() - began;
}

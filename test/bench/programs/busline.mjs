// A bus in a process, on Redis or on files.
import { middle } from '../measure.mjs';
import { contentOf, numberOf } from '../pages/content.js';

const dist = process.env.BUSLINE_DIST;
/** Blocks under way at the most: what a sender that waits for its acknowledgements has. */
const window = 32;
let bus;
let arrived;

async function openLog(where) {
  const { FileLog, RedisLog } = await import(`${dist}/node.js`);
  return where.url === undefined ? FileLog.open(where) : RedisLog.open(where);
}

export async function open(where) {
  if (where.redis !== undefined) {
    const { openHub } = await import(`${dist}/node.js`);
    ({ bus } = await openHub({ ...where, config: false, logLevel: 'silent' }));
    return;
  }
  const { MessageBusCore } = await import(`${dist}/core.js`);
  bus = new MessageBusCore({ log: await openLog(where) });
}

/** Resolves when it listens; `received` resolves when so many have come, each once and in the order of its sender. */
export async function receive(channelId, count, senders) {
  const next = Array.from({ length: senders }, () => 0);
  let got = 0;
  arrived = new Promise((resolve, reject) => {
    const take = ({ content: { from, ...content } }) => {
      const n = numberOf(content);
      if (n !== next[from]) reject(new Error(`${n} came from ${from} instead of ${next[from]}`));
      next[from] = n + 1;
      if (++got === count) resolve();
    };
    bus.subscribe(channelId, take, { from: 'earliest' }).ready.then(undefined, reject);
  });
  arrived.catch(() => undefined);
}

export const received = () => arrived;

/** So many messages in turns of `burst`, a promise each. */
export async function send(channelId, count, burst, from) {
  const under = [];
  for (let n = 0; n < count;) {
    const turn = [];
    for (const end = Math.min(n + burst, count); n < end; n++)
      turn.push(bus.send({ channelId, content: { from, ...contentOf(n) } }));
    under.push(Promise.all(turn));
    if (under.length >= window) await under.shift();
    else await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(under);
}

/** Resolves when the channel has so many messages in their places. */
export async function isStored(channelId, count) {
  while ((await bus.channels(channelId))[0]?.head !== count) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Sends each message of one channel back on another. */
export async function echo(from, to) {
  await bus.subscribe(from, ({ content }) => void bus.send({ channelId: to, content })).ready;
}

/** There and back, one at a time: milliseconds of one way. */
export async function pingPong(to, from, count, warmUp) {
  let back;
  await bus.subscribe(from, () => back()).ready;
  const times = [];
  for (let n = 0; n < count + warmUp; n++) {
    const answer = new Promise((resolve) => (back = resolve));
    const began = performance.now();
    void bus.send({ channelId: to, content: contentOf(n) });
    await answer;
    if (n >= warmUp) times.push((performance.now() - began) / 2);
  }
  return middle(times);
}

/** Everything that is there, handled by a group of one; messages a second. */
export async function handle(channelId, count, concurrency) {
  let handled = 0;
  const began = performance.now();
  await new Promise((resolve) => {
    bus.consume(channelId, { group: 'bench', concurrency, from: 'earliest' }, () => {
      if (++handled === count) resolve();
    });
  });
  return count / ((performance.now() - began) / 1000);
}

/** From the opening of the log until a first message is stored in it. */
export async function firstStored(where, channelId) {
  const { MessageBusCore } = await import(`${dist}/core.js`);
  await import(`${dist}/node.js`);
  const began = performance.now();
  bus = new MessageBusCore({ log: await openLog(where) });
  await bus.send({ channelId, content: contentOf(0) });
  return performance.now() - began;
}

/** Bytes of the whole process. */
export const memory = () => process.memoryUsage().rss;

// What the two tabs of a sample do, the same for every pipe. A pipe is a file `pipe-*.js` with
// `connect({ name, side, stored })` → `{ send(content) → promise, receive(handler) → promise of being ready }`.
import { clock, contentOf, numberOf } from './content.js';

const pipes = {
  busline: () => import('./pipe-busline.js'),
  relay: () => import('./pipe-relay.js'),
  'broadcast-channel': () => import('./pipe-broadcast-channel.js'),
  native: () => import('./pipe-native.js'),
  takeover: () => import('./pipe-takeover.js'),
  dexie: () => import('./pipe-dexie.js'),
};
/** A turn sends as many as fit a block; twice the relay's window may wait for their acknowledgement. */
const burst = 256;
const maxWaiting = 2 * 32 * burst;
const turns = new MessageChannel();

let pipe;
let received;
let next;
let waiting;

export async function connect(kind, options) {
  const { connect: connectPipe } = await pipes[kind]();
  pipe = await connectPipe(options);
}

/** Resolves when it listens; `finished` says when all of them had come, and throws if one was lost, doubled or moved. */
export async function expect(count) {
  next = 0;
  const { promise, resolve, reject } = Promise.withResolvers();
  received = promise;
  await pipe.receive((content) => {
    if (numberOf(content) !== next) reject(new Error(`message ${numberOf(content)} came instead of ${next}`));
    next += 1;
    if (next === count) resolve(clock());
    if (next === waiting?.count) waiting.resolve();
  });
}

/** Waits until so many have come. */
export async function has(count) {
  if (next >= count) return;
  const { promise, resolve } = Promise.withResolvers();
  waiting = { count, resolve };
  await promise;
}

export const finished = () => received;

/** Sends messages `from` to `to`, a promise each; returns when it began. All are acknowledged when it returns. */
export async function send(from, to) {
  const began = clock();
  const acknowledged = countFrom(from);
  for (let n = from; n < to;) {
    for (const end = Math.min(n + burst, to); n < end; n++)
      pipe.send(contentOf(n)).then(acknowledged.add, acknowledged.fail);
    await turn();
    await acknowledged.reaches(n - maxWaiting);
  }
  await acknowledged.reaches(to);
  return began;
}

function countFrom(count) {
  let goal = Infinity;
  let settle = Promise.withResolvers();
  return {
    add: () => {
      count += 1;
      if (count >= goal) settle.resolve();
    },
    fail: (error) => settle.reject(error),
    reaches(wanted) {
      if (count >= wanted) return undefined;
      goal = wanted;
      settle = Promise.withResolvers();
      return settle.promise;
    },
  };
}

/** Lets other tasks run; a timer would wait for 4 ms. */
function turn() {
  return new Promise((resolve) => {
    turns.port1.onmessage = resolve;
    turns.port2.postMessage(0);
  });
}

/** Answers every message with itself. */
export async function echo() {
  await pipe.receive((content) => void pipe.send(content));
}

/** One message at a time there and back; milliseconds of each round trip after the first `warmUp`. */
export async function ping(rounds, warmUp) {
  let back;
  await pipe.receive((content) => back(content));
  const took = [];
  for (let n = 0; n < warmUp + rounds; n++) {
    const { promise, resolve } = Promise.withResolvers();
    back = resolve;
    const began = performance.now();
    const sent = pipe.send(contentOf(n));
    const content = await promise;
    if (n >= warmUp) took.push(performance.now() - began);
    if (numberOf(content) !== n) throw new Error(`answer ${numberOf(content)} came instead of ${n}`);
    await sent;
  }
  return took;
}

// A bus that is closed while Redis is away: all that it had under way ends, and what nobody waits for ends without a word. In
// Node a promise that is rejected unheard ends the process.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { agent, MessageBusCore } from 'busline/core';
import type { Log } from 'busline/core';
import { RedisLog } from 'busline/node';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

let redis: RedisServer;
let database = 0;
const unheard: unknown[] = [];
const note = (reason: unknown): void => void unheard.push(reason);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** After Redis went, or came, milliseconds until the bus is closed: in the middle of whatever is then under way. */
const moments = [0, 10, 40, 110, 320, 600];

beforeAll(async () => {
  redis = await startRedis('--databases', '1000', '--appendonly', 'yes');
  process.on('unhandledRejection', note);
});
afterEach(() => redis.signal('SIGCONT'));
afterAll(async () => {
  process.off('unhandledRejection', note);
  await redis.remove();
});

/** Whoever asked hears of it, and does not mind. */
const heard = (promise: Promise<unknown>): void => void promise.catch(() => undefined);

interface Busy {
  readonly sent: () => number;
  readonly close: () => Promise<void>;
}

/** A bus that does everything at once, again and again. */
function busy(log: Log): Busy {
  const bus = new MessageBusCore({ log, closeWithin: 50, retention: { count: 20 } });
  const backoff = { initial: 5, max: 10 };
  bus.consume('work', { group: 'w', concurrency: 4, lease: 300, maxAttempts: 2, backoff }, async ({ content }) => {
    await sleep(Number(content) % 7);
    if (Number(content) % 5 === 0) throw new Error('as the test wants');
  });
  bus.consume('w*', { group: 'all', lease: 300 }, () => sleep(1));
  // Each has something to say to a Redis that came back.
  for (let n = 0; n < 30; n += 1) bus.consume('idle', { group: `idle ${n}` }, () => undefined);
  bus.respond('ask', ({ content }) => content);
  bus.use(agent({ name: 'one', channels: ['work'], onMessage: () => undefined }));
  bus.subscribe('*', () => undefined, { from: 'earliest' });
  bus.live('work').subscribe(() => undefined);
  bus.streams('story', () => undefined);
  let sent = 0;
  const round = async (n: number): Promise<void> => {
    const last = bus.send({ channelId: 'work', content: n });
    heard(last.then(({ id }) => (n % 4 === 0 ? bus.deleteMessage(id, 'work') : undefined)));
    heard(last.then(() => (sent += 1)));
    heard(bus.send({ channelId: 'work', content: n, id: `key ${n}` }, { ack: n % 3 === 0 ? 'flushed' : 'stored' }));
    heard(bus.request({ channelId: 'ask', content: n }, { timeout: 60 }));
    heard(bus.history('work'));
    for (const asked of [bus.admin.groups(), bus.admin.redrive(), bus.admin.stats()]) heard(asked);
    if (n % 16 === 0) heard(bus.clearChannel('work'));
    const story = bus.stream({ channelId: 'story' });
    story.write('once');
    if (n % 2 === 0) heard(story.close());
    const member = bus.consume('work', { group: `late ${n % 5}` }, () => undefined);
    if (n > 5 || n % 3 === 0) heard(member.close());
  };
  const over = new AbortController();
  const working = (async () => {
    for (let n = 1; !over.signal.aborted; n += 1) {
      await round(n);
      await sleep(30);
    }
  })();
  return {
    sent: () => sent,
    close: async () => {
      over.abort();
      await working;
      await bus.close();
    },
  };
}

/** Each at its own moment after now. */
async function closeAll(buses: readonly Busy[]): Promise<void> {
  await Promise.all(buses.map(({ close }, at) => sleep(moments[at] as number).then(close)));
}

async function openAll(): Promise<readonly Busy[]> {
  const logs: Log[] = [];
  for (const _ of moments)
    logs.push(await RedisLog.open({ url: `${redis.url}/${++database}`, deadline: 1000, recheck: 100 }));
  const buses = logs.map((log) => busy(log));
  await expect.poll(() => buses.every(({ sent }) => sent() > 3), { timeout: 30_000 }).toBe(true);
  return buses;
}

/** Such a rejection is told when the turn is over in which it was. */
async function allUnheard(): Promise<readonly unknown[]> {
  await sleep(20);
  return unheard.splice(0);
}

test('a promise that nobody listens to is noticed by this test', async () => {
  void Promise.reject(new Error('unheard'));
  await expect.poll(() => unheard.length).toBe(1);
  unheard.length = 0;
});

test('a bus that is closed while Redis stands still leaves nothing unheard', async () => {
  const buses = await openAll();
  redis.signal('SIGSTOP');
  await closeAll(buses);
  redis.signal('SIGCONT');
  expect(await allUnheard()).toEqual([]);
});

test('a bus that is closed while there is no Redis leaves nothing unheard', async () => {
  const buses = await openAll();
  await redis.kill();
  await closeAll(buses);
  await redis.start();
  expect(await allUnheard()).toEqual([]);
});

test('a bus that is closed while it goes on with a Redis that came back leaves nothing unheard', async () => {
  const buses = await openAll();
  await redis.kill();
  await sleep(100);
  await redis.start();
  await closeAll(buses);
  expect(await allUnheard()).toEqual([]);
});

test('a bus that is closed while Redis comes and goes leaves nothing unheard', async () => {
  const buses = await openAll();
  const over = new AbortController();
  const comeAndGo = (async () => {
    for (let n = 0; !over.signal.aborted; n += 1) {
      await redis.kill();
      await sleep(30 * (n % 3));
      await redis.start();
      await sleep(50 + 40 * (n % 4));
    }
  })();
  await closeAll(buses);
  over.abort();
  await comeAndGo;
  expect(await allUnheard()).toEqual([]);
});

// Several processes' logs on one Redis, as far as one process can stand for them; test/node-faults has real ones.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { MessageBusCore } from 'busline/core';
import type { Message } from 'busline/core';
import { RedisLog } from 'busline/node';
import { blockOf } from '../../src/testing/sender.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

let redis: RedisServer;
let database = 0;
const buses: MessageBusCore[] = [];

beforeAll(async () => (redis = await startRedis('--appendonly', 'yes', '--databases', '1000')));
afterAll(() => redis.remove());
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
  database += 1;
});

async function openBus(deadline = 3000): Promise<MessageBusCore> {
  const bus = new MessageBusCore({
    log: await RedisLog.open({ url: `${redis.url}/${database}`, deadline, recheck: 200 }),
  });
  buses.push(bus);
  return bus;
}

function record(bus: MessageBusCore, channelId = 'room'): { got: Message[]; offsets: () => number[] } {
  const got: Message[] = [];
  bus.subscribe(channelId, (message) => void got.push(message), { from: 'earliest' });
  return { got, offsets: () => got.map(({ offset }) => offset) };
}

describe('buses on one Redis', () => {
  test('have each message once, in one order, whoever sent it', async () => {
    const [a, b, c] = await Promise.all([openBus(), openBus(), openBus()]);
    const all = [a, b, c].map((bus) => record(bus));
    const sends: Promise<unknown>[] = [];
    for (let n = 0; n < 500; n += 1)
      for (const [name, bus] of Object.entries({ a, b, c }))
        sends.push(bus.send({ channelId: 'room', content: `${name}${n}` }));
    await Promise.all(sends);
    const expected = Array.from({ length: 1500 }, (_, at) => at + 1);
    for (const { offsets } of all) await vi.waitFor(() => expect(offsets()).toEqual(expected), 5000);
    const [first, ...others] = all.map(({ got }) => got.map(({ content }) => content));
    for (const other of others) expect(other).toEqual(first);
    for (const name of 'abc') {
      const own = (first as string[]).filter((content) => content.startsWith(name));
      expect(own).toEqual(own.map((_, n) => `${name}${n}`));
    }
  });

  test('go on where they were when Redis was killed and started again', async () => {
    const [a, b] = await Promise.all([openBus(), openBus()]);
    const [atA, atB] = [record(a), record(b)];
    await a.send({ channelId: 'room', content: 'before' });
    await redis.kill();
    const sent = Promise.all([
      a.send({ channelId: 'room', content: 'a' }),
      b.send({ channelId: 'room', content: 'b' }),
    ]);
    await redis.start();
    await sent;
    for (const { got } of [atA, atB]) await vi.waitFor(() => expect(got.length).toBe(3), 5000);
    expect(atA.got).toEqual(atB.got);
    expect(atA.offsets()).toEqual([1, 2, 3]);
  });

  test('store once what was in doubt because Redis stood still', async () => {
    const [a, b] = await Promise.all([openBus(300), openBus(300)]);
    const { got, offsets } = record(b);
    await a.send({ channelId: 'room', content: 0 });
    redis.signal('SIGSTOP');
    const sent = Promise.all([1, 2, 3].map((n) => a.send({ channelId: 'room', content: n })));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    redis.signal('SIGCONT');
    await sent;
    await vi.waitFor(() => expect(got.length).toBe(4), 5000);
    expect(offsets()).toEqual([1, 2, 3, 4]);
  });

  // Were Redis set back in the next moment, another message could get the place of one that a reader has.
  test('have told what somebody reads', async () => {
    const url = `${redis.url}/${database}`;
    const [writer, reader] = await Promise.all([RedisLog.open({ url }), RedisLog.open({ url })]);
    let told = 0;
    reader.follow((blocks) => (told = blocks.at(-1)?.offset ?? told));
    const behind: number[] = [];
    for (let n = 1; n <= 200; n += 1) {
      // Too large for a bell: it is fetched.
      const appended = writer.append([{ block: blockOf('room', ['x'.repeat(8000)]) }]);
      while ((await reader.read('room', n - 1, 1)).blocks.length === 0);
      if (told < n) behind.push(n);
      await appended;
    }
    expect(behind).toEqual([]);
    await Promise.all([writer.close(), reader.close()]);
  });
});

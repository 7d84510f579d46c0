// Who is taken for dead on Redis: not those who could not say that they live, because nobody could.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient } from 'redis';
import { agent, MessageBusCore } from 'busline/core';
import { RedisLog } from 'busline/node';
import { Connection } from '../../src/node/redis-log/connection.ts';
import { lifetime, Processes } from '../../src/node/redis-log/processes.ts';
import { Server } from '../../src/node/redis-log/server.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';
import { sendAll, within } from './shared-groups.ts';

let redis: RedisServer;
beforeAll(async () => (redis = await startRedis()));
afterAll(() => redis.remove());
beforeEach(() => ask('FLUSHALL'));
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const one of opened.splice(0)) await one.close();
});

async function ask(...words: string[]): Promise<unknown> {
  const client = await createClient({ url: redis.url }).connect();
  try {
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

async function processesOf(storeId: string): Promise<Processes> {
  const nothing = (): void => undefined;
  const connection = new Connection({
    url: redis.url,
    onBell: nothing,
    onGap: nothing,
    prepare: () => Promise.resolve(),
  });
  opened.push(connection);
  await connection.open(5000);
  const processes = new Processes(storeId, connection, new Server(connection));
  await processes.beat();
  return processes;
}

describe('a process', () => {
  test('that lives itself takes for dead who does not say that it lives', async () => {
    const [a] = [await processesOf('a'), await processesOf('b')];
    expect(await a.dead(['b', 'c'])).toEqual(['c']);
    await ask('DEL', 'bl:process:b');
    expect(await a.dead(['b', 'c'])).toEqual(['b', 'c']);
  });

  test.each([
    ['before it says again that it lives', false],
    ['and for a while after it has said so', true],
  ])('that was not heard of itself takes nobody for dead, %s', async (_when, saysSo) => {
    const [a] = [await processesOf('a'), await processesOf('b')];
    // Redis was not there for anybody, for longer than a process is taken to live.
    await ask('DEL', 'bl:process:a', 'bl:process:b');
    if (saysSo) await a.beat();
    expect(await a.dead(['b'])).toEqual([]);
    await a.beat();
    expect(await a.dead(['b'])).toEqual([]);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now + lifetime);
    await a.beat();
    expect(await a.dead(['b'])).toEqual(['b']);
  });
});

test('a member that was struck off by mistake becomes one again, and a group in order goes on', async () => {
  const bus = new MessageBusCore({ log: await RedisLog.open({ url: redis.url }) });
  opened.push(bus);
  const got: unknown[] = [];
  bus.use(agent({ name: 'one', channels: ['work'], onMessage: ({ content }) => void got.push(content) }));
  await vi.waitFor(async () => expect(await ask('HLEN', 'bl:members')).toBe(1), within);
  await sendAll(bus, [1]);
  await vi.waitFor(() => expect(got).toEqual([1]), within);
  await ask('DEL', 'bl:members');
  await sendAll(bus, [2]);
  await vi.waitFor(() => expect(got).toEqual([1, 2]), within);
});

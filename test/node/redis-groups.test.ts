// Groups whose members are in several processes' logs on one Redis.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createClient } from 'redis';
import { MessageBusCore } from 'busline/core';
import { RedisLog } from 'busline/node';
import { worker } from '../core/group-support.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';
import { sendAll, testSharedGroups, within } from './shared-groups.ts';

let redis: RedisServer;
let database = 0;
const url = (): string => `${redis.url}/${database}`;

beforeAll(async () => (redis = await startRedis('--databases', '1000')));
afterAll(() => redis.remove());

testSharedGroups('Redis', {
  open: () => RedisLog.open({ url: url() }),
  members: async () => {
    const client = await createClient({ url: url() }).connect();
    const count = await client.hLen('bl:members');
    client.destroy();
    return count;
  },
  next: () => (database += 1),
});

describe('a group in Redis', () => {
  const openBus = async (): Promise<MessageBusCore> => new MessageBusCore({ log: await RedisLog.open({ url: url() }) });

  test('shows operators who has what', async () => {
    const [a, b] = [await openBus(), await openBus()];
    const work = worker(b);
    await sendAll(a, ['x', 'y', 'z']);
    await vi.waitFor(() => expect(work.calls.length).toBe(1), within);
    const client = createClient({ url: url() });
    await client.connect();
    const entries = await client.sendCommand<unknown[][]>(['XRANGE', 'bl:{work}:log', '-', '+']);
    expect(entries.map(([id]) => id)).toEqual(['3-0']);
    const pending = await client.sendCommand<unknown[][]>(['XPENDING', 'bl:{work}:log:g:w', 'g', '-', '+', '10']);
    expect(pending.map(([id, , , attempts]) => [id, attempts])).toEqual([['1-0', 1]]);
    client.destroy();
    await Promise.all([a.close(), b.close()]);
  });
});

// Several logs on one Redis do whatever may be done, one after the other and at the same time, and their connections break
// meanwhile: all of them say the same.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RedisLog } from 'busline/node';
import { ask } from '../node-faults/ask.ts';
import { checkModel } from './model.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

let redis: RedisServer;
beforeAll(async () => (redis = await startRedis('--databases', '1000')));
afterAll(() => redis.remove());

test('three logs on one Redis say the same, whatever is done with them', { timeout: 120_000 }, async () => {
  let database = 0;
  const next = () => {
    database += 1;
    const url = `${redis.url}/${database}`;
    return Promise.resolve({
      open: () => RedisLog.open({ url, recheck: 100 }),
      breakAll: () =>
        ask(redis.url, ...['normal', 'pubsub'].map((type) => ['CLIENT', 'KILL', 'TYPE', type]))
          // Two at the same time break each other, too.
          .catch(() => undefined),
      done: () => ask(redis.url, ['FLUSHALL']),
    });
  };
  expect(await checkModel(next, 25)).toBeGreaterThan(25);
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RedisLog } from 'busline/node';
import { testLog } from 'busline/testing';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

let redis: RedisServer;
let database = 0;
const own = (): string => `${redis.url}/${database}`;

beforeAll(
  async () => (redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always', '--databases', '1000')),
);
afterAll(() => redis.remove());

describe('a log in Redis', () => {
  testLog(
    { describe, test, expect: expect as never },
    {
      open: () => {
        database += 1;
        return RedisLog.open({ url: own() });
      },
      reopen: () => RedisLog.open({ url: own() }),
    },
  );
});

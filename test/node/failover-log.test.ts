import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileLog, RedisLog } from 'busline/node';
import { testLog } from 'busline/testing';
import { FailoverLog } from '../../src/node/failover-log/failover-log.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

let redis: RedisServer;
let database = 0;
let folder: string;

beforeAll(async () => {
  redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always', '--databases', '1000');
  folder = await mkdtemp(join(tmpdir(), 'busline-failover-'));
});
afterAll(async () => {
  await redis.remove();
  await rm(folder, { recursive: true, force: true });
});

async function open(): Promise<FailoverLog> {
  const home = await RedisLog.open({ url: `${redis.url}/${database}` });
  const directory = join(folder, String(database));
  return FailoverLog.open({ home, spill: () => FileLog.open({ directory }), isSpilt: true });
}

describe('a log in Redis that files stand in for', () => {
  testLog(
    { describe, test, expect: expect as never },
    {
      open: () => {
        database += 1;
        return open();
      },
      reopen: open,
      numbersFirst: true,
    },
  );
});

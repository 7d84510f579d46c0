// What "flushed" means on each kind of Redis, and what is found in its settings.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createClient } from 'redis';
import { MessageBusCore } from 'busline/core';
import { RedisLog } from 'busline/node';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

const removing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const remove of removing.splice(0).toReversed()) await remove();
});

async function start(...options: string[]): Promise<RedisServer> {
  const redis = await startRedis(...options);
  removing.push(() => redis.remove());
  return redis;
}

async function openLog(url: string): Promise<RedisLog> {
  const log = await RedisLog.open({ url, deadline: 1000 });
  removing.push(() => log.close());
  return log;
}

async function ask(redis: RedisServer, ...words: string[]): Promise<unknown> {
  const client = await createClient({ url: redis.url }).connect();
  try {
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

const send = (log: RedisLog, content: string, ack: 'stored' | 'flushed'): Promise<unknown> =>
  new MessageBusCore({ log }).send({ channelId: 'a', content }, { ack });

describe('"flushed"', () => {
  test('is what Redis answers where it forces each write to disk', async () => {
    const redis = await start('--appendonly', 'yes', '--appendfsync', 'always');
    const log = await openLog(redis.url);
    await send(log, 'x', 'flushed');
    await redis.kill();
    await redis.start();
    expect((await log.head('a')).head).toBe(1);
  });

  test('is refused, and nothing stored, where nothing says so; others are stored all the same', async () => {
    const redis = await start('--appendonly', 'yes', '--appendfsync', 'everysec');
    const log = await openLog(redis.url);
    const [stored, flushed] = await Promise.allSettled([send(log, 'x', 'stored'), send(log, 'y', 'flushed')]);
    expect(stored).toMatchObject({ status: 'fulfilled' });
    expect(flushed).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_SETTINGS' } });
    expect((await log.head('a')).head).toBe(1);
    // It is looked at again each time.
    await ask(redis, 'CONFIG', 'SET', 'appendfsync', 'always');
    expect(await send(log, 'y', 'flushed')).toMatchObject({ offset: 2 });
  });

  test('is what a replica has, where the disk says nothing', async () => {
    const master = await start('--repl-diskless-sync-delay', '0');
    const replica = await start('--replicaof', '127.0.0.1', String(master.port));
    const log = await openLog(master.url);
    // A replica that has just come is sent nothing before its first word, for up to a second.
    const linked = async (): Promise<void> => {
      await ask(master, 'SET', 'probe', '1');
      expect(await ask(master, 'INFO')).toMatch(/state=online,offset=[1-9]/);
    };
    await vi.waitFor(linked, 10_000);
    await send(log, 'x', 'flushed');
    expect(await ask(replica, 'XLEN', 'bl:{a}:log')).toBe(1);
    replica.signal('SIGSTOP');
    await expect(send(log, 'y', 'flushed')).rejects.toMatchObject({ code: 'REDIS_AWAY', accepted: true });
    expect((await log.head('a')).head).toBe(2);
    replica.signal('SIGCONT');
  });
});

describe('the findings', () => {
  const what = async (log: RedisLog): Promise<readonly string[]> =>
    (await log.findings()).map(({ level, what: text }) => `${level}: ${text}`);

  test('are none where all is well', async () => {
    const redis = await start('--appendonly', 'yes');
    expect(await (await openLog(redis.url)).findings()).toEqual([]);
  });

  test('name what loses messages, and what keeps Redis from taking any', async () => {
    const redis = await start('--maxmemory-policy', 'allkeys-lru');
    const log = await openLog(redis.url);
    expect(await what(log)).toEqual([
      expect.stringContaining('warning: AOF is off'),
      expect.stringContaining('warning: The eviction policy is "allkeys-lru"'),
    ]);
    await ask(redis, 'CONFIG', 'SET', 'min-replicas-to-write', '1');
    expect(await what(log)).toContainEqual(
      expect.stringContaining('problem: Redis takes nothing: it wants 1 replicas'),
    );
    for (const finding of await log.findings()) expect(finding.advice.length).toBeGreaterThan(10);
  });

  test('say what may not be asked, and what is known all the same', async () => {
    const redis = await start();
    await ask(redis, 'ACL', 'SETUSER', 'hub', 'on', '>secret', '~bl:*', '&bl:{*}:bell', '+@all', '-config');
    const log = await openLog(`redis://hub:secret@127.0.0.1:${redis.port}`);
    expect(await what(log)).toEqual([
      expect.stringContaining('warning: CONFIG could not be read'),
      expect.stringContaining('warning: AOF is off'),
    ]);
  });
});

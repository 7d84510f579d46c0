// What Redis does when it is not as it should be: each trouble has its own code, and harms nobody else.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient } from 'redis';
import { MessageBusCore } from 'busline/core';
import type { Verdict } from 'busline/core';
import { RedisLog } from 'busline/node';
import { blockOf } from '../../src/testing/sender.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

let redis: RedisServer;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => (redis = await startRedis()));
afterAll(() => redis.remove());
beforeEach(() => ask('FLUSHALL'));
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

/** As an operator would do it. */
async function ask(...words: string[]): Promise<unknown> {
  const client = await createClient({ url: redis.url }).connect();
  try {
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

async function openLog(url = redis.url): Promise<RedisLog> {
  const log = await RedisLog.open({ url, deadline: 1000, recheck: 100 });
  opened.push(log);
  return log;
}

async function append(log: RedisLog, channelId: string, content: unknown): Promise<Verdict> {
  const [verdict] = await log.append([{ block: blockOf(channelId, [content]) }]);
  return verdict as Verdict;
}

const url = (rest: string): string => `redis://${rest}127.0.0.1:${redis.port}`;

describe('opening is refused', () => {
  test('where nothing answers', async () => {
    const gone = await startRedis();
    await gone.remove();
    await expect(RedisLog.open({ url: gone.url })).rejects.toMatchObject({ code: 'REDIS_AWAY', retryable: true });
  });

  test('with a password or a user that is not known, without delay', async () => {
    await ask('ACL', 'SETUSER', 'hub', 'on', '>secret', '~bl:*', '&bl:{*}:bell', '+@all');
    const started = performance.now();
    for (const who of ['hub:wrong@', 'nobody:secret@'])
      await expect(openLog(url(who))).rejects.toMatchObject({ code: 'REDIS_DENIED' });
    expect(performance.now() - started).toBeLessThan(2000);
    const log = await openLog(url('hub:secret@'));
    expect(await append(log, 'a', 1)).toMatchObject({ kind: 'stored', offset: 1 });
  });

  test('where the user lacks a right, which is named', async () => {
    await ask('ACL', 'SETUSER', 'reader', 'on', '>secret', '~bl:*', '&bl:{*}:bell', '+@all', '-set');
    await expect(openLog(url('reader:secret@'))).rejects.toMatchObject({
      code: 'REDIS_DENIED',
      message: expect.stringContaining("'set'") as string,
    });
    await ask('ACL', 'SETUSER', 'deaf', 'on', '>secret', '~bl:*', 'resetchannels', '+@all');
    await expect(openLog(url('deaf:secret@'))).rejects.toMatchObject({ code: 'REDIS_DENIED' });
  });

  test('for a database that is not there', async () => {
    await expect(openLog(`${redis.url}/99`)).rejects.toMatchObject({ code: 'REDIS_DENIED' });
  });

  test('by a replica, whose master is named', async () => {
    const replica = await startRedis('--replicaof', '127.0.0.1', String(redis.port));
    try {
      await expect(RedisLog.open({ url: replica.url })).rejects.toMatchObject({
        code: 'REDIS_READ_ONLY',
        message: expect.stringContaining(`127.0.0.1:${redis.port}`) as string,
      });
    } finally {
      await replica.remove();
    }
  });

  test('by a node of a cluster', async () => {
    const node = await startRedis('--cluster-enabled', 'yes');
    try {
      await expect(RedisLog.open({ url: node.url })).rejects.toMatchObject({ code: 'INVALID_SETTINGS' });
    } finally {
      await node.remove();
    }
  });

  test('where something else lies under a name of the bus', async () => {
    await ask('SET', 'bl:records', 'mine');
    await expect(openLog()).rejects.toMatchObject({
      code: 'FOREIGN_KEY',
      message: expect.stringContaining('"bl:records"') as string,
    });
    expect(await ask('GET', 'bl:records')).toBe('mine');
  });

  test('for an address that is none', async () => {
    for (const none of ['http://127.0.0.1', 'redis+sentinel://127.0.0.1:1'])
      await expect(openLog(none)).rejects.toMatchObject({ code: 'INVALID_SETTINGS' });
  });

  test('where no sentinel knows the master, which one says what is named', async () => {
    await expect(openLog(`redis+sentinel://127.0.0.1:1,127.0.0.1:${redis.port}/bus`)).rejects.toMatchObject({
      code: 'REDIS_AWAY',
      message: expect.stringContaining(`the sentinel at 127.0.0.1:${redis.port} says`) as string,
    });
  });
});

describe('a log that is open', () => {
  test('stores nothing where something else lies under a name of its channel, and goes on in others', async () => {
    await ask('SET', 'bl:{a}:log', 'mine');
    const log = await openLog();
    await expect(append(log, 'a', 1)).rejects.toMatchObject({
      code: 'FOREIGN_KEY',
      message: expect.stringContaining('"bl:{a}:log"') as string,
    });
    expect(await ask('GET', 'bl:{a}:log')).toBe('mine');
    expect(await append(log, 'b', 1)).toMatchObject({ kind: 'stored', offset: 1 });
    expect(await log.channels()).toEqual(['b']);
    await ask('DEL', 'bl:{a}:log');
    expect(await append(log, 'a', 2)).toMatchObject({ kind: 'stored', offset: 1 });
  });

  test('finds the others when something was put in the place of one channel', async () => {
    const [log, other] = [await openLog(), await openLog()];
    for (const channelId of ['a', 'b']) await append(log, channelId, 1);
    await ask('SET', 'bl:{a}:meta', 'mine');
    await expect(append(log, 'a', 2)).rejects.toMatchObject({ code: 'FOREIGN_KEY' });
    const told: string[] = [];
    other.follow((blocks) => told.push(...blocks.map(({ header }) => header.channelId)));
    // Without a bell, so that it must be looked for.
    await ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
    expect(await append(log, 'b', 2)).toMatchObject({ kind: 'stored', offset: 2 });
    await vi.waitFor(() => expect(told).toEqual(['b']), 5000);
  });

  test('refuses what Redis has no memory for, stores nothing of it, and goes on when there is some', async () => {
    const log = await openLog();
    await append(log, 'a', 'before');
    await ask('CONFIG', 'SET', 'maxmemory', '1');
    const bus = new MessageBusCore({ log });
    expect(await append(log, 'a', 'too much')).toMatchObject({ kind: 'refused', code: 'STORAGE_FULL' });
    await expect(bus.send({ channelId: 'a', content: 'too much' })).rejects.toMatchObject({
      code: 'STORAGE_FULL',
      retryable: true,
    });
    expect((await log.head('a')).head).toBe(1);
    await ask('CONFIG', 'SET', 'maxmemory', '0');
    expect(await append(log, 'a', 'after')).toMatchObject({ kind: 'stored', offset: 2 });
  });

  test('refuses a message that is larger than Redis takes, and nothing that was sent with it', async () => {
    await ask('CONFIG', 'SET', 'proto-max-bulk-len', '1mb');
    const log = await openLog();
    const sent = [
      append(log, 'a', 1),
      log.append([{ block: blockOf('a', Array(2).fill('☃'.repeat(190_000))) }]).then(([verdict]) => verdict),
      append(log, 'b', 1),
      append(log, 'a', 2),
    ];
    expect(await Promise.all(sent)).toMatchObject([
      { kind: 'stored', offset: 1 },
      { kind: 'refused', code: 'MESSAGE_TOO_LARGE' },
      { kind: 'stored', offset: 1 },
      { kind: 'stored', offset: 2 },
    ]);
    await ask('CONFIG', 'SET', 'proto-max-bulk-len', '512mb');
  });

  test('says that a right was taken away, and takes it up again when it is given back', async () => {
    await ask('ACL', 'SETUSER', 'hub', 'on', '>secret', '~bl:*', '&bl:{*}:bell', '+@all');
    const log = await openLog(url('hub:secret@'));
    await append(log, 'a', 1);
    await ask('ACL', 'SETUSER', 'hub', '-xadd');
    await expect(append(log, 'a', 2)).rejects.toMatchObject({ code: 'REDIS_DENIED' });
    await ask('ACL', 'SETUSER', 'hub', '+xadd');
    expect(await append(log, 'a', 3)).toMatchObject({ kind: 'stored', offset: 2 });
    // Nobody who waits for a connection waits for ever.
    await ask('ACL', 'SETUSER', 'hub', 'resetpass', '>other');
    await ask('CLIENT', 'KILL', 'USER', 'hub');
    await vi.waitFor(() => expect(append(log, 'a', 4)).rejects.toMatchObject({ code: 'REDIS_DENIED' }), 5000);
    await ask('ACL', 'SETUSER', 'hub', '>secret');
    await vi.waitFor(async () => expect(await append(log, 'a', 5)).toMatchObject({ kind: 'stored' }), 5000);
  });

  test('waits for the master when its own becomes a replica for a while', async () => {
    const log = await openLog();
    await append(log, 'a', 1);
    await ask('REPLICAOF', '127.0.0.1', '1');
    let isStored = false;
    const sent = append(log, 'a', 2).finally(() => (isStored = true));
    await vi.waitFor(async () => expect(await ask('INFO', 'replication')).toContain('role:slave'));
    expect(isStored).toBe(false);
    await ask('REPLICAOF', 'NO', 'ONE');
    expect(await sent).toMatchObject({ kind: 'stored', offset: 2 });
  });
});

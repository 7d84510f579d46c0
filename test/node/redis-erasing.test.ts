// What goes from Redis: messages that two processes delete at once, and producers that are long gone.
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient } from 'redis';
import { MessageBusCore } from 'busline/core';
import type { StoredBlock, Verdict } from 'busline/core';
import { RedisLog } from 'busline/node';
import { cut } from '../../src/core/cut.ts';
import { messagesOf } from '../../src/core/block.ts';
import { blockOf, identified } from '../../src/testing/sender.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

let redis: RedisServer;
beforeAll(async () => (redis = await startRedis()));
afterAll(() => redis.remove());
beforeEach(() => ask('FLUSHALL'));

async function ask(...words: string[]): Promise<unknown> {
  const client = await createClient({ url: redis.url }).connect();
  try {
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

const openLog = (): Promise<RedisLog> => RedisLog.open({ url: redis.url });

async function append(
  log: RedisLog,
  block: Parameters<typeof identified>[0] | ReturnType<typeof identified>,
): Promise<Verdict> {
  const [verdict] = await log.append([{ block }]);
  return verdict as Verdict;
}

describe('messages of one block', () => {
  test('that two processes delete at once are all gone', async () => {
    const logs = await Promise.all([openLog(), openLog()]);
    const buses = logs.map((log) => new MessageBusCore({ log }));
    const [a, b] = buses as [MessageBusCore, MessageBusCore];
    const ids = (await Promise.all([1, 2, 3, 4, 5, 6].map((content) => a.send({ channelId: 'a', content })))).map(
      ({ id }) => id,
    );
    await Promise.all(ids.slice(0, 5).map((id, at) => (at % 2 === 0 ? a : b).deleteMessage(id, 'a')));
    const contents = (await b.history('a')).map(({ content }) => content);
    expect(contents).toEqual([6]);
    await Promise.all(buses.map((bus) => bus.close()));
  });

  test('are not brought back by who has read them before', async () => {
    const log = await openLog();
    await append(log, blockOf('a', [1, 2, 3]));
    const [block] = (await log.read('a', 0, 1)).blocks as [StoredBlock];
    await log.replace(cut(block, 1));
    await log.replace(cut(block, 3));
    const [left] = (await log.read('a', 0, 1)).blocks as [StoredBlock];
    expect(messagesOf(left, left.offset).map(({ content }) => content)).toEqual([2]);
    await log.close();
  });
});

describe('a producer that was not heard of for a month', () => {
  test('is forgotten when nothing of it is kept; others are not', async () => {
    const log = await openLog();
    const said = async (producer: string, sequence: number): Promise<unknown> => {
      const verdict = await append(log, identified(blockOf('a', [producer]), producer, sequence));
      return verdict.kind === 'refused' ? verdict.code : verdict.kind;
    };
    for (const producer of ['long gone', 'new', 'kept']) await said(producer, 1);
    await log.append([{ block: blockOf('a', ['x']), push: { clientId: 'gone', n: 1 } }]);
    const old = String(Date.now() - 31 * 86_400_000);
    for (const [field, text] of [
      ['p:long gone:1', `1 block 1 ${old}`],
      ['p:kept:1', `1 block 5 ${old}`],
      ['c:gone:1', `1 . 4 ${old}`],
    ] as const)
      await ask('HSET', 'bl:{a}:meta', field, text);
    await log.append([{ block: blockOf('a', ['last']) }]);
    await log.trim('a', 4);
    await vi.waitFor(async () => expect(await ask('HGET', 'bl:{a}:meta', 'p:long gone')).toBeNull());
    const fields = (await ask('HKEYS', 'bl:{a}:meta')) as string[];
    expect(fields.filter((field) => field.includes('gone'))).toEqual([]);
    expect([await said('long gone', 2), await said('new', 2), await said('kept', 2)]).toEqual([
      'GAP',
      'stored',
      'stored',
    ]);
    await log.close();
  });
});

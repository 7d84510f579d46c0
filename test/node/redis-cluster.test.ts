// A bus on a cluster of Redis, in which it lies in one slot.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { MessageBusCore } from 'busline/core';
import { RedisLog } from 'busline/node';
import { testLog } from 'busline/testing';
import { worker } from '../core/group-support.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { askNode, startCluster } from './redis-cluster-nodes.ts';
import type { RedisCluster } from './redis-cluster-nodes.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';
import { testSharedGroups, within } from './shared-groups.ts';

let cluster: RedisCluster;
beforeAll(async () => (cluster = await startCluster()));
afterAll(() => cluster.remove());

const atBus = async (...words: string[]): Promise<unknown> => askNode((await cluster.serving()).master, ...words);

/** Takes connections, and never says a word. */
async function startSilent(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, close };
}

describe('a log in a cluster', () => {
  testLog(
    { describe, test, expect: expect as never },
    {
      open: async () => {
        await cluster.clear();
        return RedisLog.open({ url: cluster.url });
      },
      reopen: () => RedisLog.open({ url: cluster.url }),
    },
  );
});

testSharedGroups('a cluster', {
  open: () => RedisLog.open({ url: cluster.url }),
  members: async () => Number(await atBus('HLEN', '{bl}:members')),
  next: () => cluster.clear(),
});

describe('a cluster', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    await cluster.clear();
  });

  async function openLog(url = cluster.url, recheck = 200): Promise<RedisLog> {
    const log = await RedisLog.open({ url, deadline: 1000, recheck });
    opened.push(log);
    return log;
  }
  const hosts = (): string => cluster.url.replace('redis+cluster://', '');
  const stored = async (log: RedisLog, channelId = 'a'): Promise<unknown> =>
    (await log.append([{ block: blockOf(channelId, [1]) }]))[0];

  test('keeps all of the bus in one slot, under names that its operators can read', async () => {
    const log = await openLog();
    await stored(log);
    await stored(log, 'b{c}');
    const slot = String(await atBus('CLUSTER', 'KEYSLOT', '{bl}'));
    const keys = (await atBus('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
    const sizes = await Promise.all(cluster.nodes.map((node) => askNode(node, 'DBSIZE')));
    // Its own, and its replica's.
    expect(sizes.map(Number).toSorted((x, y) => y - x)).toEqual([keys.length, keys.length, 0, 0, 0, 0]);
    expect(keys).toEqual(expect.arrayContaining(['{bl}:channels', '{bl}:{a}:log', '{bl}:{b%7Bc%7D}:meta']));
  });

  test('is found through any of its nodes, as long as one is there', async () => {
    const { master, replica } = await cluster.serving();
    const log = await openLog(`redis+cluster://127.0.0.1:1,127.0.0.1:${replica.port}`);
    const away = cluster.nodes.slice(3).find((node) => node !== master && node !== replica) as RedisServer;
    await away.kill();
    const late = await openLog(`redis+cluster://127.0.0.1:${away.port},${hosts()}`);
    expect(await stored(late)).toMatchObject({ offset: 1 });
    expect(await stored(log)).toMatchObject({ offset: 2 });
    await away.start();
    await cluster.whole();
  });

  test('is found at once though some of its nodes say nothing', async () => {
    const silent = await Promise.all([1, 2, 3].map(() => startSilent()));
    const seeds = silent.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const started = performance.now();
    const log = await RedisLog.open({ url: `redis+cluster://${seeds},${hosts()}`, deadline: 4000 });
    opened.push(log, ...silent);
    expect(performance.now() - started).toBeLessThan(4000);
    expect(await stored(log)).toMatchObject({ offset: 1 });
  });

  test('takes a user that has the keys of the bus, and no wrong password', async () => {
    const rights = ['on', '>secret', '~{bl}:*', '&bl:{*}:bell', '+@all'];
    for (const node of cluster.nodes) await askNode(node, 'ACL', 'SETUSER', 'hub', ...rights);
    const started = performance.now();
    await expect(openLog(`redis+cluster://hub:wrong@${hosts()}`)).rejects.toMatchObject({ code: 'REDIS_DENIED' });
    expect(performance.now() - started).toBeLessThan(2000);
    const log = await openLog(`redis+cluster://hub:secret@${hosts()}`);
    expect(await stored(log)).toMatchObject({ kind: 'stored', offset: 1 });
    expect(await log.findings()).toEqual([]);
  });

  test('is refused where one of its nodes is named as a Redis that stands alone, or the other way round', async () => {
    const { master } = await cluster.serving();
    await expect(openLog(master.url)).rejects.toMatchObject({
      code: 'INVALID_SETTINGS',
      message: expect.stringContaining('redis+cluster://host:port,host:port') as string,
    });
    const single = await startRedis();
    try {
      await expect(openLog(single.url.replace('redis:', 'redis+cluster:'))).rejects.toMatchObject({
        code: 'INVALID_SETTINGS',
        message: expect.stringContaining('redis://host:port') as string,
      });
    } finally {
      await single.remove();
    }
  });

  test('has no databases, and nodes that can be reached', async () => {
    for (const wrong of [`redis+cluster://${hosts()}/3`, 'redis+cluster://', 'redis+cluster://there:port'])
      await expect(openLog(wrong)).rejects.toMatchObject({ code: 'INVALID_SETTINGS' });
    expect(await stored(await openLog(`${cluster.url}/0`))).toMatchObject({ offset: 1 });
    await expect(openLog('redis+cluster://127.0.0.1:1')).rejects.toMatchObject({
      code: 'REDIS_AWAY',
      message: expect.stringContaining('the node at 127.0.0.1:1 says') as string,
    });
  });

  test('names what lies there of others as it is called there', async () => {
    await atBus('SET', '{bl}:{a}:log', 'mine');
    const log = await openLog();
    const named = (key: string): object => ({
      code: 'FOREIGN_KEY',
      message: expect.stringContaining(key) as string,
    });
    await expect(stored(log)).rejects.toMatchObject(named('"{bl}:{a}:log"'));
    await atBus('DEL', '{bl}:{a}:log');
    await stored(log);
    await atBus('SET', '{bl}:{a}:meta', 'mine');
    await expect(log.head('a')).rejects.toMatchObject(named('{bl}:{a}:meta'));
  });

  test('that lacks a replica for the bus says so', async () => {
    const log = await openLog();
    const { replica } = await cluster.serving();
    await replica.kill();
    await vi.waitFor(async () => {
      const found = await log.findings();
      expect(found.map(({ what }) => what)).toEqual([expect.stringContaining('no replica')]);
    }, 10_000);
    await replica.start();
    await cluster.whole();
  });

  test('whose slot has moved is followed at once, by whoever sends, reads or only listens', async () => {
    const rarely = 60_000;
    const [a, b] = [await openLog(cluster.url, rarely), await openLog(cluster.url, rarely)];
    const told: number[] = [];
    b.follow((blocks) => told.push(...blocks.map(({ offset }) => offset)));
    await stored(a);
    await cluster.moveSlot();
    const started = performance.now();
    expect(await stored(a)).toMatchObject({ kind: 'stored', offset: 2 });
    await vi.waitFor(() => expect(told).toEqual([1, 2]), within);
    expect(await b.head('a')).toMatchObject({ head: 2 });
    expect(performance.now() - started).toBeLessThan(6000);
  });

  test('whose slot moves ends no script in its midst', async () => {
    const bus = new MessageBusCore({ log: await openLog() });
    opened.push(bus);
    const hour = 3_600_000;
    const backoff = { initial: hour, max: hour, factor: 1, jitter: false };
    // Each of the keys of the group is there, and the last one that is ready is taken by who wants more.
    const first = worker(bus, { maxAttempts: 1 });
    await bus.send({ channelId: 'work', content: 'dead' });
    await vi.waitFor(() => expect(first.calls.length).toBe(1), within);
    first.calls[0]?.fail();
    await first.consumer.close();
    const work = worker(bus, { concurrency: 3, maxAttempts: 2, lease: hour, backoff });
    const send = (content: string, priority: 'normal' | 'high'): Promise<unknown> =>
      bus.send({ channelId: 'work', content, priority });
    await send('again', 'normal');
    await vi.waitFor(() => expect(work.calls.length).toBe(1), within);
    work.calls[0]?.fail();
    await send('in hand', 'high');
    await vi.waitFor(() => expect(work.calls.length).toBe(2), within);
    work.consumer.pause();
    await send('ready', 'high');
    const key = (part: string): string => `{bl}:{work}:log:g:w:${part}`;
    await vi.waitFor(async () => {
      expect(await atBus('ZCARD', key('ready'))).toBe(1);
      expect(await atBus('ZCARD', key('again'))).toBe(1);
      expect(await atBus('HLEN', key('dead'))).toBe(1);
    }, within);
    const callOff = await cluster.beginMove();
    work.consumer.resume();
    await vi.waitFor(async () => expect(await atBus('INFO', 'errorstats')).toContain('errorstat_TRYAGAIN'), within);
    await callOff();
    await vi.waitFor(() => expect(work.told()).toEqual(['again 1', 'in hand 1', 'ready 1']), within);
  });
});

// Hubs whose Redis goes and comes: on one machine they go on over its files, and nothing is lost, doubled or turned around.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHub } from 'busline/node';
import { createClient } from 'redis';
import type { Hub } from 'busline/node';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

const said: string[] = [];
const say = (_about: object, what: string): void => void said.push(what);
const logger = { debug: say, info: say, warn: say, error: say };
const folders: string[] = [];
const hubs: Hub[] = [];
let redis: RedisServer;

beforeEach(async () => {
  said.length = 0;
  redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always');
  for (const _ of [0, 1]) folders.push(await mkdtemp(join(tmpdir(), 'busline-failover-')));
});

afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close();
  await redis.remove();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function hubOn(name: string, machine: number): Promise<Hub> {
  const directory = folders[machine] as string;
  const hub = await openHub({ name, directory, redis: { url: redis.url, deadline: 500 }, config: false, logger });
  hubs.push(hub);
  return hub;
}

const send = (hub: Hub, content: string): Promise<{ readonly offset: number }> =>
  hub.bus.send({ channelId: 'work', content });
const long = { timeout: 20_000 };

test('hubs of one machine go on while Redis is away, and all hubs have everything when it is back', async () => {
  const [north, south, away] = [await hubOn('north', 0), await hubOn('south', 0), await hubOn('away', 1)];
  const got = { north: [] as string[], south: [] as string[], away: [] as string[] };
  for (const [name, hub] of Object.entries({ north, south, away }))
    await hub.bus.subscribe('work', ({ content }) => void got[name as 'north'].push(String(content))).ready;
  await north.bus.send({ channelId: 'work', content: 'n1' });
  await away.bus.send({ channelId: 'work', content: 'a1' });
  await vi.waitFor(() => expect(got.south).toEqual(['n1', 'a1']));

  await redis.kill();
  const doubtful = north.bus.send({ channelId: 'work', content: 'n2' });
  const told = await Promise.all([doubtful, north.bus.send({ channelId: 'work', content: 'n3' })]);
  expect(told.map(({ offset }) => offset)).toEqual([0, 0]);
  await south.bus.send({ channelId: 'work', content: 's1' });
  await away.bus.send({ channelId: 'work', content: 'a2' });
  await vi.waitFor(() => expect(got.south).toEqual(['n1', 'a1', 'n2', 'n3', 's1']));
  expect(got.north).toEqual(got.south);
  expect(got.away).toEqual(['n1', 'a1', 'a2']);
  expect([north.mode, north.bus.status.getSnapshot().durability]).toEqual(['isolated', 'files']);

  await redis.start();
  const all = ['n1', 'a1', 'n2', 'n3', 's1', 'a2'];
  await vi.waitFor(
    () => {
      for (const list of Object.values(got)) expect(list.toSorted()).toEqual(all.toSorted());
    },
    { timeout: 20_000 },
  );
  await vi.waitFor(() =>
    expect([north.mode, north.bus.status.getSnapshot().durability]).toEqual(['distributed', 'redis']),
  );
  const last = await north.bus.send({ channelId: 'work', content: 'n4' });
  expect(last.offset).toBe(7);
  await vi.waitFor(() => expect(got.away.at(-1)).toBe('n4'));
  for (const list of Object.values(got)) expect(list).toHaveLength(7);
  const history = await away.bus.history('work');
  expect(history.map(({ content }) => content).filter((text) => String(text).startsWith('n'))).toEqual([
    'n1',
    'n2',
    'n3',
    'n4',
  ]);
});

test('whoever goes on from a position of that time gets nothing twice, and all that was sent since', async () => {
  const [north, south] = [await hubOn('north', 0), await hubOn('south', 0)];
  const before: string[] = [];
  const first = south.bus.subscribe('work', ({ content }) => void before.push(String(content)));
  await first.ready;
  await send(north, 'n1');
  await redis.kill();
  await send(north, 'n2');
  await vi.waitFor(() => expect(before).toEqual(['n1', 'n2']), long);
  const from = first.positions()['work'];
  expect(from).toMatchObject({ offset: 1, seen: expect.anything() });
  first();
  await send(north, 'n3');
  const after: string[] = [];
  south.bus.subscribe('work', ({ content }) => void after.push(String(content)), { from: from as never });
  await vi.waitFor(() => expect(after).toEqual(['n3']), long);
  await redis.start();
  await vi.waitFor(() => expect(north.mode).toBe('distributed'), long);
  expect((await send(north, 'n4')).offset).toBe(4);
  await vi.waitFor(() => expect(after).toEqual(['n3', 'n4']), long);
});

test('what a hub left in its files is brought to Redis by the next one there', async () => {
  const north = await hubOn('north', 0);
  await send(north, 'n1');
  await redis.kill();
  await send(north, 'n2');
  await north.close();
  await redis.start();
  const away = await hubOn('away', 1);
  expect((await away.bus.history('work')).map(({ content }) => content)).toEqual(['n1']);
  await hubOn('south', 0);
  await vi.waitFor(
    async () => expect((await away.bus.history('work')).map(({ content }) => content)).toEqual(['n1', 'n2']),
    long,
  );
});

test('what a full Redis does not take goes to files, until it takes it', async () => {
  const north = await hubOn('north', 0);
  await send(north, 'n1');
  const admin = createClient({ url: redis.url });
  admin.on('error', () => undefined);
  await admin.connect();
  await admin.configSet('maxmemory', '1');
  const told = await Promise.all(['n2', 'n3'].map((content) => send(north, content)));
  expect(told.map(({ offset }) => offset)).toEqual([0, 0]);
  await vi.waitFor(() => expect(said.filter((what) => what.includes('OOM'))).toHaveLength(1), long);
  await send(north, 'n4');
  await admin.configSet('maxmemory', '0');
  await vi.waitFor(
    async () =>
      expect((await north.bus.history('work')).map(({ content }) => content)).toEqual(['n1', 'n2', 'n3', 'n4']),
    long,
  );
  await vi.waitFor(async () => expect((await send(north, 'more')).offset).toBeGreaterThan(4), long);
  expect(said.filter((what) => what.includes('OOM'))).toHaveLength(1);
  admin.destroy();
});

test('where no files can be written, what is sent waits for Redis', async () => {
  const north = await hubOn('north', 0);
  await writeFile(join(folders[0] as string, 'spill'), 'not a folder');
  await redis.kill();
  const sending = send(north, 'n1');
  await vi.waitFor(() => expect(said.some((what) => what.includes('spill'))).toBe(true), long);
  await redis.start();
  expect((await sending).offset).toBe(1);
});

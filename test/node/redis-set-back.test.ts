// A Redis that comes back with less than it had acknowledged: what living processes hold is put in its place again.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MessageBusCore } from 'busline/core';
import type { Message } from 'busline/core';
import { RedisLog } from 'busline/node';
import { blockOf, identified } from '../../src/testing/sender.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

let redis: RedisServer;
const losses: unknown[] = [];
const buses: MessageBusCore[] = [];
const within = { timeout: 15_000 };

beforeEach(async () => (redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always')));
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
  await redis.remove();
  losses.length = 0;
});

interface Part {
  readonly bus: MessageBusCore;
  readonly got: Message[];
}

async function openPart(channelId = 'room'): Promise<Part> {
  const onLoss = (loss: unknown): void => void losses.push(loss);
  const bus = new MessageBusCore({
    log: await RedisLog.open({ url: redis.url, deadline: 1000, recheck: 200, onLoss }),
  });
  buses.push(bus);
  const got: Message[] = [];
  await bus.subscribe(channelId, (message) => void got.push(message), { from: 'earliest' }).ready;
  return { bus, got };
}

const send = ({ bus }: Part, contents: readonly unknown[], channelId = 'room'): Promise<readonly Message[]> =>
  Promise.all(contents.map((content) => bus.send({ channelId, content: content as string })));

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const named = (name: string, from: number, to: number): string[] => range(from, to).map((n) => `${name}${n}`);
const contents = ({ got }: Part): unknown[] => got.map(({ content }) => content);
const offsets = ({ got }: Part): number[] => got.map(({ offset }) => offset);

/** Everything that happens in `meanwhile` is forgotten by Redis. */
async function setBack(meanwhile: () => Promise<unknown>): Promise<void> {
  const putBack = await redis.copy();
  await meanwhile();
  await redis.kill();
  await putBack();
  await redis.start();
}

describe('a Redis that was set back', () => {
  test('has again what was acknowledged, in its place, and everybody goes on', async () => {
    const parts = [await openPart(), await openPart(), await openPart()];
    const [a, b, c] = parts as [Part, Part, Part];
    await Promise.all([send(a, named('a', 1, 40)), send(b, named('b', 1, 40))]);
    const acknowledged: Message[] = [];
    await setBack(async () => {
      for (const from of [41, 51, 61])
        for (const [name, part] of Object.entries({ a, b, c }))
          acknowledged.push(...(await send(part, named(name, from, from + 9))));
    });
    await Promise.all([send(a, named('a', 71, 80)), send(b, named('b', 71, 80)), send(c, named('c', 71, 80))]);
    const all = 80 + 90 + 30;
    const late = await openPart();
    for (const part of [...parts, late]) await vi.waitFor(() => expect(offsets(part)).toEqual(range(1, all)), within);
    for (const part of parts) expect(contents(part)).toEqual(contents(late));
    for (const { content, offset } of acknowledged) expect(late.got[offset - 1]?.content).toBe(content);
    for (const name of 'abc') {
      const own = contents(late).filter((content) => String(content).startsWith(name));
      expect(own).toEqual(named(name, name === 'c' ? 41 : 1, 80));
    }
    expect(losses).toEqual([]);
  });

  test('has it from whoever has heard it, where its sender is gone', async () => {
    const [a, b] = [await openPart(), await openPart()];
    await send(a, [1]);
    await setBack(async () => {
      await send(b, [2, 3]);
      await vi.waitFor(() => expect(contents(a)).toEqual([1, 2, 3]), within);
      await b.bus.close();
    });
    await send(a, [4]);
    const late = await openPart();
    for (const part of [a, late]) await vi.waitFor(() => expect(contents(part)).toEqual([1, 2, 3, 4]), within);
    expect(losses).toEqual([]);
  });

  test('has channels again that it had never heard of', async () => {
    const a = await openPart('new');
    await setBack(() => send(a, [1, 2], 'new'));
    await send(a, [3], 'new');
    const late = await openPart('new');
    for (const part of [a, late]) await vi.waitFor(() => expect(contents(part)).toEqual([1, 2, 3]), within);
    expect(late.got.map(({ id }) => id)).toEqual(a.got.map(({ id }) => id));
  });

  test('waits for processes that it has never heard of', async () => {
    const parts: Part[] = [];
    await setBack(async () => {
      parts.push(await openPart(), await openPart());
      const [a, b] = parts as [Part, Part];
      await Promise.all([send(a, named('a', 1, 20)), send(b, named('b', 1, 20))]);
    });
    const [a, b] = parts as [Part, Part];
    await Promise.all([send(a, named('a', 21, 30)), send(b, named('b', 21, 30))]);
    const late = await openPart();
    for (const part of [a, b, late]) {
      await vi.waitFor(() => expect(offsets(part)).toEqual(range(1, 60)), within);
      expect(contents(part)).toEqual(contents(late));
    }
    for (const name of 'ab')
      expect(contents(late).filter((content) => String(content).startsWith(name))).toEqual(named(name, 1, 30));
    expect(losses).toEqual([]);
  });

  test('knows producers and keys again', async () => {
    const { bus } = await openPart();
    const log = await RedisLog.open({ url: redis.url, deadline: 1000 });
    const blocks = [1, 2, 3].map((n) => identified(blockOf('room', [n]), 'p', n));
    const append = async (block: (typeof blocks)[number]): Promise<unknown> => {
      const [verdict] = await log.append([{ block }]);
      return verdict?.kind === 'refused' ? verdict.code : [verdict?.kind, verdict?.offset];
    };
    await bus.send({ channelId: 'room', content: 'before' });
    await setBack(async () => {
      for (const block of blocks.slice(0, 2)) await append(block);
      await bus.send({ channelId: 'room', id: 'key', content: 'first' });
    });
    expect([await append(blocks[0] as never), await append(blocks[1] as never)]).toEqual([
      ['known', 2],
      ['known', 3],
    ]);
    expect(await bus.send({ channelId: 'room', id: 'key', content: 'second' })).toMatchObject({ content: 'first' });
    expect(await append(blocks[2] as never)).toEqual(['stored', 5]);
    await log.close();
  });

  test('goes on handing out work: all of it is done, what it has forgotten perhaps again', async () => {
    const parts = [await openPart(), await openPart()];
    const done: unknown[] = [];
    for (const { bus } of parts)
      bus.consume('room', { group: 'w', from: 'earliest', concurrency: 4 }, ({ content }) => void done.push(content));
    const [a, b] = parts as [Part, Part];
    await send(a, named('a', 1, 20));
    await vi.waitFor(() => expect(done.length).toBe(20), within);
    await setBack(async () => {
      await send(b, named('b', 1, 20));
      await vi.waitFor(() => expect(new Set(done).size).toBe(40), within);
    });
    await send(a, named('a', 21, 40));
    await vi.waitFor(() => expect(new Set(done).size).toBe(60), within);
    await vi.waitFor(async () => {
      expect(await a.bus.admin.groups('room')).toMatchObject([{ group: 'w', pending: 0, lag: 0 }]);
    }, within);
    expect(done.filter((content) => String(content).startsWith('a')).length).toBe(40);
  });

  test('gives out again at once what it takes for in hand, and is not', async () => {
    const a = await openPart();
    let go: () => void = () => undefined;
    const began: unknown[] = [];
    const held = new Promise<void>((resolve) => (go = resolve));
    a.bus.consume('room', { group: 'w', from: 'earliest', lease: 3_600_000, concurrency: 4 }, async ({ content }) => {
      began.push(content);
      await held;
    });
    await send(a, [1, 2]);
    await vi.waitFor(() => expect(began).toEqual([1, 2]), within);
    await setBack(async () => {
      go();
      await vi.waitFor(async () => {
        expect(await a.bus.admin.groups('room')).toMatchObject([{ group: 'w', pending: 0, lag: 0 }]);
      }, within);
    });
    await vi.waitFor(() => expect(began).toEqual([1, 2, 1, 2]), within);
    await vi.waitFor(async () => {
      expect(await a.bus.admin.groups('room')).toMatchObject([{ group: 'w', pending: 0, lag: 0 }]);
    }, within);
  });

  test('says what nobody holds any more, and gives these places to nobody else', async () => {
    const [a, b] = [await openPart(), await openPart()];
    await send(a, [1]);
    await setBack(async () => {
      await send(b, [2, 3]);
      await vi.waitFor(() => expect(contents(a)).toEqual([1, 2, 3]), within);
      // It has seen them, and holds them no more.
      vi.spyOn(performance, 'now').mockImplementation(() => process.uptime() * 1000 + 100_000);
    });
    await send(a, [4]);
    vi.restoreAllMocks();
    const late = await openPart();
    await vi.waitFor(() => expect(contents(a)).toEqual([1, 2, 3, 4]), within);
    await vi.waitFor(() => expect(contents(late)).toEqual([1, 4]), within);
    expect(offsets(late)).toEqual([1, 4]);
    expect(losses).toEqual([{ channelId: 'room', from: 2, to: 3 }]);
  });

  test('leaves room for those who were there and do not come in time', async () => {
    const [a, b] = [await openPart(), await openPart()];
    await send(a, [1]);
    await setBack(async () => {
      await send(a, [2]);
      await b.bus.close();
    });
    const { offset } = (await send(a, [3]))[0] as Message;
    expect(offset).toBeGreaterThan(1000);
    const late = await openPart();
    for (const part of [a, late]) await vi.waitFor(() => expect(offsets(part)).toEqual([1, 2, offset]), within);
    expect(losses).toEqual([]);
  });
});

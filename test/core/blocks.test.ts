// How messages are joined into blocks, and how many blocks are under way at once.
import { MessageBusCore } from 'busline/core';
import type { MessageInput, SendOptions } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { sizeOf, weightOf } from '../../src/core/block.ts';
import { HostedBus } from '../../src/core/bus.ts';
import { epoch, failure, HeldHost, numbers, quiet, testPlatform } from './support.ts';

const platform = (): ReturnType<typeof testPlatform> => testPlatform();

function held(encoded = false): { host: HeldHost; bus: HostedBus } {
  const host = new HeldHost();
  host.encoded = encoded;
  return { host, bus: new HostedBus(host, { platform: platform() }) };
}

/** How many messages lie in each block, after all of these were sent in one turn. */
async function counts(inputs: readonly (Partial<MessageInput> & SendOptions)[], encoded = false): Promise<number[]> {
  const { host, bus } = held(encoded);
  for (const { ack = 'stored', ephemeral = false, ...input } of inputs) {
    void bus.send({ channelId: 'a', content: 1, ...input }, { ack, ephemeral });
  }
  await quiet();
  return [...host.casts, ...host.pushed.map(({ block }) => block)].map(({ header }) => header.count);
}

describe('messages sent in one turn', () => {
  test('make up one block for each channel', async () => {
    const channels = ['a', 'b', 'a', 'c', 'a', 'b'];
    expect(await counts(channels.map((channelId) => ({ channelId })))).toEqual([3, 2, 1]);
  });

  test('make up another block in the next turn', async () => {
    const { host, bus } = held();
    void bus.send({ channelId: 'a', content: 1 });
    await quiet();
    host.pushed[0]?.settle();
    void bus.send({ channelId: 'a', content: 2 });
    await quiet();
    expect(host.pushed.map(({ block }) => block.header.count)).toEqual([1, 1]);
  });

  test.each([false, true])('are cut at 256 (encoded: %s)', async (encoded) => {
    const inputs = numbers(1, 600).map((content) => ({ content }));
    expect(await counts(inputs, encoded)).toEqual([256, 256, 88]);
  });

  test('are cut before they exceed 128 kB', async () => {
    const { host, bus } = held(true);
    for (const _ of numbers(1, 10)) void bus.send({ channelId: 'a', content: 'x'.repeat(30_000) });
    void bus.send({ channelId: 'a', content: 'x'.repeat(200_000) });
    void bus.send({ channelId: 'a', content: 'small' });
    await quiet();
    expect(host.pushed.map(({ block }) => block.header.count)).toEqual([4, 4, 2, 1, 1]);
    expect(sizeOf(host.pushed[0]?.block as never)).toBeLessThan(128 * 1024 + 100);
  });

  test.each<[string, Partial<MessageInput> & SendOptions]>([
    ['author', { authorId: 'bob' }],
    ['author’s name', { authorName: 'Bob' }],
    ['server', { serverId: 'hub' }],
    ['priority', { priority: 'high' }],
    ['ttl', { ttl: 1000 }],
    ['trace', { traceparent: '00-1' }],
    ['acknowledgement', { ack: 'flushed' }],
  ])('are cut where the %s changes, there and back', async (_, other) => {
    expect(await counts([{}, {}, other, other, {}, other])).toEqual([2, 2, 1, 1]);
  });

  test('are cut between stored and ephemeral', async () => {
    expect(await counts([{}, { ephemeral: true }, { ephemeral: true }, {}])).toEqual([2, 1, 1]);
  });

  test('with an id given by the sender are alone in their block', async () => {
    const { host, bus } = held(true);
    for (const id of [undefined, 'k1', 'k2', undefined]) {
      void bus.send({ channelId: 'a', content: 1, ...(id !== undefined && { id }) });
    }
    await quiet();
    expect(host.pushed.map(({ block: { header } }) => [header.count, header.keys])).toEqual([
      [1, undefined],
      [1, ['k1']],
      [1, ['k2']],
      [1, undefined],
    ]);
  });

  test('with large binary are alone in their block, with small binary not', async () => {
    const contents = [new Uint8Array(10), 'text', new Uint8Array(70_000), 'text', new Uint8Array(70_000)];
    const { host, bus } = held(true);
    for (const content of contents) void bus.send({ channelId: 'a', content });
    await quiet();
    const blocks = host.pushed.map(({ block }) => [block.header.count, 'buffers' in block ? block.buffers?.length : 0]);
    expect(blocks).toEqual([
      [2, 0],
      [1, 1],
      [1, 0],
      [1, 1],
    ]);
  });

  test('leave no empty block behind where one was refused for its size', async () => {
    const { host, bus } = held(true);
    expect(await failure(bus.send({ channelId: 'a', content: 'x'.repeat(1_000_000) }))).toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    });
    bus.send({ channelId: 'b', content: 'x'.repeat(1_000_000) }, { ephemeral: true }).catch(() => undefined);
    await quiet();
    expect([host.pushed, host.casts]).toEqual([[], []]);
    void bus.send({ channelId: 'a', content: 1 });
    await quiet();
    expect(host.pushed).toHaveLength(1);
  });

  test('have the time of their own turn, though the one before them was refused', async () => {
    const host = new HeldHost();
    host.encoded = true;
    const clock = testPlatform();
    const bus = new HostedBus(host, { platform: clock });
    expect(await failure(bus.send({ channelId: 'a', content: 'x'.repeat(1_000_000) }))).toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    });
    clock.time += 60_000;
    void bus.send({ channelId: 'a', content: 1 });
    void bus.send({ channelId: 'b', content: 1 });
    await quiet();
    expect(host.pushed.map(({ block }) => block.header.createdAt)).toEqual([epoch + 60_000, epoch + 60_000]);
  });

  test('carry what they share in the header, once', async () => {
    const { host, bus } = held(true);
    const shared = {
      channelId: 'a',
      authorId: 'ann',
      authorName: 'Ann',
      serverId: 'hub',
      priority: 'low',
      ttl: 50,
    } as const;
    const sent = bus.send({ ...shared, traceparent: 't', content: 'x' });
    await quiet();
    const [pushed] = host.pushed;
    const { ttl, ...rest } = shared;
    expect(pushed?.block).toEqual({
      header: {
        ...rest,
        v: 1,
        kind: 'data',
        count: 1,
        firstId: sent.id,
        createdAt: epoch,
        expiresAt: epoch + ttl,
        traceparent: 't',
        codec: 'json',
      },
      json: '[{"content":"x"}]',
    });
  });

  test('weigh as much as they are many, or as they are large', async () => {
    const { host, bus } = held(true);
    for (const content of numbers(1, 100)) void bus.send({ channelId: 'a', content });
    void bus.send({ channelId: 'b', content: new Uint8Array(512_000) });
    await quiet();
    const weights = host.pushed.map(({ block }) => weightOf(block));
    expect(weights[0]).toBe(100);
    expect(weights[1]).toBeGreaterThanOrEqual(1000);
    expect(sizeOf({ header: {} as never, items: [{}, {}] })).toBe(400);
  });
});

describe('while a block that was not full is not acknowledged', () => {
  async function turns(count: number, more: (n: number) => Partial<MessageInput> = () => ({})): Promise<HeldHost> {
    const { host, bus } = held();
    for (const content of numbers(1, count)) {
      void bus.send({ channelId: 'a', content, ...more(content) });
      await quiet();
    }
    return host;
  }
  const countsOf = (host: HeldHost): readonly number[] => host.pushed.map(({ block }) => block.header.count);

  test('what is sent in later turns joins the next one of its channel', async () => {
    const host = await turns(10);
    expect(countsOf(host)).toEqual([1]);
    host.pushed[0]?.settle();
    await quiet();
    expect(countsOf(host)).toEqual([1, 9]);
  });

  test('the next one goes when nothing can join it any more', async () => {
    expect(countsOf(await turns(1 + 255))).toEqual([1]);
    expect(countsOf(await turns(1 + 256))).toEqual([1, 256]);
    expect(countsOf(await turns(6, (n) => (n === 6 ? { authorId: 'bob' } : {})))).toEqual([1, 4]);
    expect(countsOf(await turns(6, (n) => (n === 6 ? { id: 'own' } : {})))).toEqual([1, 4, 1]);
  });

  test('what is forced to disk neither waits nor is waited for', async () => {
    const { host, bus } = held();
    for (const ack of ['flushed', 'flushed', 'stored', 'flushed', 'stored', 'stored'] as const) {
      void bus.send({ channelId: 'a', content: 1 }, { ack });
      await quiet();
    }
    expect(host.pushed.map(({ ack, block }) => [ack, block.header.count])).toEqual([
      ['flushed', 1],
      ['flushed', 1],
      ['stored', 1],
      ['flushed', 1],
    ]);
  });

  test('those of other channels go', async () => {
    const host = await turns(8, (n) => ({ channelId: n <= 4 ? 'a' : 'b' }));
    expect(host.pushed.map(({ block }) => block.header.channelId)).toEqual(['a', 'b']);
  });
});

describe('while 32 blocks are not acknowledged', () => {
  async function full(): Promise<{ host: HeldHost; bus: HostedBus; clock: ReturnType<typeof testPlatform> }> {
    const host = new HeldHost();
    const clock = platform();
    const bus = new HostedBus(host, { platform: clock });
    for (const content of numbers(1, 40)) {
      // With an id of its own a message is a whole block.
      bus.send({ channelId: 'a', content, ...(content <= 32 && { id: `id-${content}` }) }).catch(() => undefined);
      await quiet();
    }
    return { host, bus, clock };
  }

  test('later messages join the next one', async () => {
    const { host } = await full();
    expect(host.pushed).toHaveLength(32);
    host.pushed[5]?.settle();
    await quiet();
    expect(host.pushed.map(({ block }) => block.header.count)).toEqual([...numbers(1, 32).map(() => 1), 8]);
  });

  test('blocks of other channels wait their turn, and go in the order in which they were begun', async () => {
    const { host, bus } = await full();
    for (const channelId of ['b', 'c', 'a', 'b']) void bus.send({ channelId, content: 1 });
    await quiet();
    host.pushed[0]?.settle();
    await quiet();
    expect(host.pushed).toHaveLength(33);
    for (const pushed of host.pushed) pushed.settle();
    await quiet();
    expect(host.pushed.slice(32).map(({ block: { header } }) => [header.channelId, header.count])).toEqual([
      ['a', 9],
      ['b', 2],
      ['c', 1],
    ]);
  });

  test('a refusal makes room, too', async () => {
    const { host } = await full();
    host.pushed[0]?.fail(new Error('no'));
    await quiet();
    expect(host.pushed).toHaveLength(33);
  });

  test('messages keep the time at which they were sent', async () => {
    const { host, bus, clock } = await full();
    clock.time += 5000;
    const sending = bus.send({ channelId: 'a', content: 'later' });
    host.pushed[0]?.settle();
    await quiet();
    host.pushed[32]?.settle();
    expect((await sending).timestamp).toBe(epoch + 5000);
    expect(host.pushed[32]?.block.header).toMatchObject({ createdAt: epoch, count: 9 });
  });

  test('a ttl counts from the sending of each message, not from that of its block', async () => {
    const { host, bus, clock } = await full();
    void bus.send({ channelId: 'b', content: 'early', ttl: 1000 });
    void bus.send({ channelId: 'b', content: 'early', ttl: 1000 });
    await quiet();
    clock.time += 5000;
    const late = bus.send({ channelId: 'b', content: 'late', ttl: 1000 });
    for (const pushed of host.pushed) pushed.settle();
    await quiet();
    for (const pushed of host.pushed) pushed.settle();
    const blocks = host.pushed.slice(33).map(({ block: { header } }) => [header.count, header.expiresAt]);
    expect(blocks).toEqual([
      [2, epoch + 1000],
      [1, epoch + 6000],
    ]);
    expect(await late).toMatchObject({ timestamp: epoch + 5000, ttl: 1000 });
  });

  test('ephemeral messages are delivered all the same', async () => {
    const { host, bus } = await full();
    const sent = await bus.send({ channelId: 'a', content: 'typing' }, { ephemeral: true });
    expect(sent.offset).toBe(0);
    expect(host.casts).toHaveLength(1);
    expect(host.pushed).toHaveLength(32);
  });
});

test('a thousand messages at once settle in the order of their offsets', async () => {
  const bus = new MessageBusCore();
  const sent = await Promise.all(numbers(1, 1000).map((content) => bus.send({ channelId: 'a', content })));
  expect(sent.map(({ offset, content }) => [offset, content])).toEqual(numbers(1, 1000).map((n) => [n, n]));
});

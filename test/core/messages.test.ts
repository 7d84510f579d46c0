// A channel as an async iterable: read no faster than it is consumed.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Message } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { busError } from '../../src/core/errors.ts';
import { HostedBus } from '../../src/core/bus.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { window } from '../../src/core/reader.ts';
import { failure, HeldHost, numbers, quiet, sendBlock, wrapped } from './support.ts';

async function take(iterable: AsyncIterable<Message>, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  for await (const { content } of iterable) {
    taken.push(content);
    if (taken.length === count) break;
  }
  return taken;
}

describe('messages()', () => {
  test('gives history and then what comes, one by one', async () => {
    const bus = new MessageBusCore();
    await sendBlock(bus, 'a', numbers(1, 5));
    const taken = take(bus.messages('a', { from: 'earliest' }), 8);
    await quiet();
    await sendBlock(bus, 'a', numbers(6, 9));
    expect(await taken).toEqual(numbers(1, 8));
  });

  test('begins each time it is iterated', async () => {
    const bus = new MessageBusCore();
    await sendBlock(bus, 'a', [1, 2]);
    const messages = bus.messages('a', { from: { last: 1 } });
    expect(await take(messages, 1)).toEqual([2]);
    await sendBlock(bus, 'a', [3]);
    expect(await take(messages, 1)).toEqual([3]);
  });

  test('passes by what its filter leaves out, without being held up by it', async () => {
    const bus = new MessageBusCore();
    for (let block = 0; block < 100; block++) await sendBlock(bus, 'a', numbers(1, 256));
    await bus.send({ channelId: 'a', content: 'found', topic: 't' });
    expect(await take(bus.messages('a', { from: 'earliest', filter: { topics: ['t'] } }), 1)).toEqual(['found']);
  });

  test('stops reading when it is left', async () => {
    const bus = new MessageBusCore();
    await sendBlock(bus, 'a', [1, 2]);
    await take(bus.messages('a', { from: 'earliest' }), 1);
    expect(bus.getSubscriberCount('a')).toBe(0);
    const iterator = bus.messages('a')[Symbol.asyncIterator]();
    expect(bus.getSubscriberCount('a')).toBe(1);
    const next = iterator.next();
    expect(await iterator.return?.()).toEqual({ value: undefined, done: true });
    expect(await next).toEqual({ value: undefined, done: true });
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });

  test('answers every call of next, though several wait at once', async () => {
    const bus = new MessageBusCore();
    const iterator = bus.messages('a')[Symbol.asyncIterator]();
    const waiting = [1, 2, 3].map(() => iterator.next());
    await quiet();
    await sendBlock(bus, 'a', ['x', 'y', 'z']);
    const got = await Promise.all(waiting);
    expect(got.map(({ value }) => (value as Message).content)).toEqual(['x', 'y', 'z']);
  });

  test('ends when the bus is closed, after what was read already', async () => {
    const bus = new MessageBusCore();
    await sendBlock(bus, 'a', [1, 2]);
    const iterator = bus.messages('a', { from: 'earliest' })[Symbol.asyncIterator]();
    await quiet();
    await bus.close();
    const got = [await iterator.next(), await iterator.next(), await iterator.next()];
    expect(got.map(({ done }) => done)).toEqual([false, false, true]);
  });

  test('throws when its signal aborts', async () => {
    const bus = new MessageBusCore();
    const abort = new AbortController();
    const taken = take(bus.messages('a', { signal: abort.signal }), 1);
    await quiet();
    abort.abort();
    expect(await failure(taken)).toMatchObject({ code: 'ABORTED' });
    const before = bus.messages('a', { signal: AbortSignal.abort() })[Symbol.asyncIterator]();
    expect(await failure(before.next())).toMatchObject({ code: 'ABORTED' });
  });

  test('throws what ended it, rather than ending as if all were well', async () => {
    const host = new HeldHost();
    const taken = take(new HostedBus(host).messages('a'), 1);
    host.opened[0]?.sink.lost(busError('VERSION_MISMATCH', 'Too old.'));
    expect(await failure(taken)).toMatchObject({ code: 'VERSION_MISMATCH' });
  });

  test('is refused like a subscription', async () => {
    const bus = new MessageBusCore();
    expect(await failure(take(bus.messages(''), 1))).toMatchObject({ code: 'INVALID_CHANNEL' });
    expect(await failure(take(bus.messages('a', { from: 'x' as never }), 1))).toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('whoever reads slowly', () => {
  async function filled(): Promise<{ bus: MessageBusCore; log: MemoryLog; total: number; delivered: () => number }> {
    const memory = new MemoryLog();
    const writer = new MessageBusCore({ log: memory });
    for (let block = 0; block < 200; block++) await sendBlock(writer, 'a', numbers(block * 256 + 1, block * 256 + 256));
    let delivered = 0;
    const log = wrapped(memory, {
      read: async (channelId, after, limit) => {
        const page = await memory.read(channelId, after, limit);
        for (const { header } of page.blocks) delivered += header.count;
        return page;
      },
    });
    return { bus: new MessageBusCore({ log }), log: memory, total: 200 * 256, delivered: () => delivered };
  }

  test('is not read ahead of without bound', async () => {
    const { bus, delivered } = await filled();
    const iterator = bus.messages('a', { from: 'earliest' })[Symbol.asyncIterator]();
    await quiet();
    expect(delivered()).toBeGreaterThanOrEqual(window);
    expect(delivered()).toBeLessThan(window + 2048 + 256);
    const before = delivered();
    for (let count = 0; count < 3000; count++) await iterator.next();
    await quiet();
    expect(delivered() - before).toBeGreaterThan(0);
    expect(delivered()).toBeLessThan(window + 3000 + 2048 + 256);
  });

  test('misses nothing all the same, history and live', async () => {
    const { bus, total } = await filled();
    const iterator = bus.messages('a', { from: 'earliest' })[Symbol.asyncIterator]();
    await quiet();
    await sendBlock(bus, 'a', numbers(total + 1, total + 100));
    const wrong: unknown[] = [];
    for (let n = 1; n <= total + 100; n++) {
      const { value } = (await iterator.next()) as { value: Message };
      if (value.content !== n || value.offset !== n) wrong.push([n, value.content, value.offset]);
    }
    expect(wrong).toEqual([]);
    const last = iterator.next();
    await sendBlock(bus, 'a', ['end']);
    expect(((await last).value as Message).content).toBe('end');
  });

  test('does not hold up the others', async () => {
    const { bus, total } = await filled();
    const slow = bus.messages('a', { from: 'earliest' })[Symbol.asyncIterator]();
    const { value } = (await slow.next()) as { value: Message };
    expect(value.offset).toBe(1);
    let heard = 0;
    await bus.subscribe('a', () => (heard += 1), { from: 'earliest' }).ready;
    await sendBlock(bus, 'a', [1, 2]);
    expect(heard).toBe(total + 2);
  });

  test('falls behind while live, and catches up from the log', async () => {
    const host = new LogHost(new MemoryLog(), { host: 'process', why: '', durability: 'memory' });
    const bus = new HostedBus(host);
    const iterator = bus.messages('*')[Symbol.asyncIterator]();
    await quiet();
    for (let block = 0; block < 80; block++) await sendBlock(bus, 'a', numbers(block * 256 + 1, block * 256 + 256));
    const wrong: unknown[] = [];
    for (let n = 1; n <= 80 * 256; n++) {
      const { value } = (await iterator.next()) as { value: Message };
      if (value.content !== n) wrong.push([n, value.content]);
    }
    expect(wrong).toEqual([]);
    expect(host.events.counts.size).toBe(0);
  });
});

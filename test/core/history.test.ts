// What a channel holds, read on demand.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { HistoryOptions, Log, Position } from 'busline/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contents, failure, numbers, quiet, sendBlock, testPlatform, wrapped } from './support.ts';

/** A channel of 1 … 20 in blocks of 1, 2, 3, 4, 5 and 5; every third has topic "third". */
async function filled(
  log: Log = new MemoryLog(),
): Promise<{ bus: MessageBusCore; log: Log; logId: string; ids: string[] }> {
  const bus = new MessageBusCore({ log });
  const ids: string[] = [];
  for (const [from, to] of [
    [1, 1],
    [2, 3],
    [4, 6],
    [7, 10],
    [11, 15],
    [16, 20],
  ] as const) {
    const sendings = numbers(from, to).map((content) =>
      bus.send({ channelId: 'a', content, ...(content % 3 === 0 && { topic: 'third' }) }),
    );
    ids.push(...(await Promise.all(sendings)).map(({ id }) => id));
  }
  return { bus, log, logId: (await log.head('a')).logId, ids };
}

describe('history', () => {
  test('gives the newest hundred, oldest first', async () => {
    const bus = new MessageBusCore();
    await sendBlock(bus, 'a', numbers(1, 150));
    expect(contents(await bus.history('a'))).toEqual(numbers(51, 150));
  });

  test('of a channel that holds nothing is empty', async () => {
    expect(await new MessageBusCore().history('a')).toEqual([]);
  });

  test('is any part that is asked for, as a list would be cut', { timeout: 60_000 }, async () => {
    const { bus, logId, ids } = await filled();
    const place = fc.option(fc.integer({ min: 0, max: 25 }), { nil: undefined });
    const parts = fc.record({
      before: place,
      after: place,
      byId: fc.boolean(),
      limit: fc.nat({ max: 25 }),
      third: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(parts, async ({ before, after, byId, limit, third }) => {
        const placed = (n: number): Position | string =>
          byId && n >= 1 && n <= 20 ? (ids[n - 1] as string) : { logId, offset: n };
        const options: HistoryOptions = {
          limit,
          ...(before !== undefined && { before: placed(before) }),
          ...(after !== undefined && { after: placed(after) }),
          ...(third && { filter: { topics: ['third'] } }),
        };
        const all = numbers(1, 20).filter((n) => (!third || n % 3 === 0) && n < (before ?? 99) && n > (after ?? 0));
        const expected = after !== undefined ? all.slice(0, limit) : all.slice(Math.max(0, all.length - limit));
        expect(contents(await bus.history('a', options))).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('begins with what is kept after trimming', async () => {
    const { bus, log, logId, ids } = await filled();
    await log.trim('a', 10);
    expect(contents(await bus.history('a'))).toEqual(numbers(11, 20));
    expect(contents(await bus.history('a', { before: { logId, offset: 13 } }))).toEqual([11, 12]);
    expect(contents(await bus.history('a', { before: { logId, offset: 5 } }))).toEqual([]);
    expect(contents(await bus.history('a', { after: { logId, offset: 3 }, limit: 2 }))).toEqual([11, 12]);
    expect(await failure(bus.history('a', { before: ids[3] as string }))).toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('may be trimmed while it is read', async () => {
    const { log, logId } = await filled();
    const trimming = wrapped(log, {
      read: async (channelId, after, limit) => {
        const page = await log.read(channelId, after, limit);
        await log.trim('a', 1000);
        return page;
      },
    });
    const bus = new MessageBusCore({ log: trimming });
    expect(await bus.history('a', { after: { logId, offset: 2 } })).toEqual([]);
  });

  test('finds a message by its id far back, and also by one that its sender gave', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform });
    const old = await bus.send({ channelId: 'a', content: 'old' });
    await bus.send({ channelId: 'a', content: 'key', id: 'telegram:1' });
    for (let block = 0; block < 20; block++) {
      platform.time += 10_000;
      await sendBlock(bus, 'a', numbers(1, 256));
    }
    expect(contents(await bus.history('a', { after: old.id, limit: 1 }))).toEqual(['key']);
    expect(contents(await bus.history('a', { before: 'telegram:1' }))).toEqual(['old']);
  });

  test('finds a message by its id behind others that claim any time', async () => {
    const bus = new MessageBusCore();
    const old = await bus.send({ channelId: 'a', content: 'old' });
    await bus.send({ channelId: 'a', content: 'imported', timestamp: 0 });
    await sendBlock(bus, 'a', numbers(1, 2047));
    expect(contents(await bus.history('a', { before: old.id }))).toEqual([]);
    expect(contents(await bus.history('a', { after: old.id, limit: 1 }))).toEqual(['imported']);
  });

  test('does not read everything in search of an id that must be younger', async () => {
    const platform = testPlatform();
    const memory = new MemoryLog(platform);
    let reads = 0;
    const log = wrapped(memory, {
      read: (...asked) => {
        reads += 1;
        return memory.read(...asked);
      },
    });
    const bus = new MessageBusCore({ platform, log });
    for (let block = 0; block < 40; block++) {
      platform.time += 60_000;
      await sendBlock(bus, 'a', numbers(1, 256));
    }
    const elsewhere = await bus.send({ channelId: 'b', content: 1 });
    reads = 0;
    const error = await failure(bus.history('a', { before: elsewhere.id }));
    expect(error['code']).toBe('INVALID_INPUT');
    expect(error['message']).toMatch(`history: there is no message "${elsewhere.id}" in channel "a".`);
    expect(reads).toBeLessThanOrEqual(2);
  });

  test('reads no more than it needs, wherever it is asked to begin', async () => {
    const { log, logId } = await filled();
    let reads = 0;
    const counting = wrapped(log, {
      read: (...asked) => {
        reads += 1;
        return log.read(...asked);
      },
    });
    const bus = new MessageBusCore({ log: counting });
    const far = { logId, offset: 1_000_000 };
    expect(contents(await bus.history('a', { before: far, limit: 3 }))).toEqual([18, 19, 20]);
    expect(contents(await bus.history('a', { after: far, limit: 3 }))).toEqual([]);
    expect(reads).toBeLessThanOrEqual(4);
  });

  test('of another log than the position’s is refused', async () => {
    const { bus } = await filled();
    const error = await failure(bus.history('a', { before: { logId: 'other', offset: 3 } }));
    expect(error['code']).toBe('INVALID_INPUT');
    expect(error['message']).toMatch(/^history: the position is of another log; channel "a" was cleared or replaced\./);
  });

  test('after a position in what was then empty is all of it', async () => {
    const { bus } = await filled();
    expect(contents(await bus.history('a', { after: { logId: '', offset: 0 }, limit: 2 }))).toEqual([1, 2]);
  });

  test.each<[string, string, HistoryOptions, string]>([
    ['a limit that is no number', 'a', { limit: 1.5 }, 'INVALID_INPUT'],
    ['a negative limit', 'a', { limit: -1 }, 'INVALID_INPUT'],
    ['a pattern', '*', {}, 'INVALID_CHANNEL'],
    ['an aborted signal', 'a', { signal: AbortSignal.abort() }, 'ABORTED'],
  ])('refuses %s', async (_, channel, options, code) => {
    expect(await failure(new MessageBusCore().history(channel, options))).toMatchObject({ code });
  });

  test('stops when its signal aborts, and does not wait for a log that hangs', async () => {
    const { log } = await filled();
    let reads = 0;
    const hanging = wrapped(log, {
      read: () => {
        reads += 1;
        return new Promise(() => undefined);
      },
    });
    const abort = new AbortController();
    const history = new MessageBusCore({ log: hanging }).history('a', { signal: abort.signal });
    await quiet();
    abort.abort('bored');
    const error = await failure(history);
    expect(error).toMatchObject({ code: 'ABORTED', cause: 'bored' });
    expect(error['message']).toMatch(/^history: the signal was aborted\./);
    expect(reads).toBe(1);
  });

  test('reads no further once it was stopped', async () => {
    const memory = new MemoryLog();
    const bus = new MessageBusCore({ log: memory });
    for (let block = 0; block < 40; block++) await sendBlock(bus, 'a', numbers(1, 256));
    const abort = new AbortController();
    let reads = 0;
    const log = wrapped(memory, {
      read: (...asked) => {
        reads += 1;
        if (reads === 2) abort.abort();
        return memory.read(...asked);
      },
    });
    const filter = { topics: ['none'] };
    await failure(new MessageBusCore({ log }).history('a', { filter, signal: abort.signal }));
    await quiet();
    expect(reads).toBe(2);
  });
});

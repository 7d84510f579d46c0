// Retention keeps each channel within its limits, block by block.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Log } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { Retention } from '../../src/core/retention.ts';
import type { RetentionOptions } from '../../src/core/retention.ts';
import { numbers, quiet, sendBlock, testPlatform, until, wrapped } from './support.ts';

interface Kept {
  readonly log: Log;
  readonly bus: MessageBusCore;
  readonly platform: ReturnType<typeof testPlatform>;
  readonly retention: Retention;
  readonly errors: unknown[];
  readonly first: (channelId?: string) => Promise<number>;
}

function kept(limits: RetentionOptions, changes: Partial<Log> = {}): Kept {
  const platform = testPlatform();
  const log = wrapped(new MemoryLog(platform), changes);
  const errors: unknown[] = [];
  return {
    log,
    platform,
    errors,
    bus: new MessageBusCore({ log, platform }),
    retention: new Retention(log, limits, platform, (error) => errors.push(error)),
    first: async (channelId = 'a') => (await log.head(channelId)).first,
  };
}

describe('retention', () => {
  test('keeps the newest messages, and the blocks in which they lie', async () => {
    const { bus, retention, first } = kept({ count: 5 });
    await sendBlock(bus, 'a', [1, 2, 3]);
    await retention.enforce('a');
    expect(await first()).toBe(1);
    await sendBlock(bus, 'a', [4, 5, 6]);
    await retention.enforce('a');
    expect(await first()).toBe(1);
    await sendBlock(bus, 'a', [7, 8]);
    await retention.enforce('a');
    expect(await first()).toBe(4);
  });

  test('drops what is too old', async () => {
    const { bus, platform, retention, first } = kept({ age: 1000 });
    for (const block of numbers(1, 4)) {
      await sendBlock(bus, 'a', [block, block]);
      platform.time += 400;
    }
    await retention.enforce('a');
    expect(await first()).toBe(5);
    platform.time += 10_000;
    await retention.enforce('a');
    expect(await first()).toBe(9);
  });

  test('drops the oldest until what is left is small enough', async () => {
    const { bus, log, retention, first } = kept({ bytes: 1000 });
    for (const block of numbers(1, 10)) await sendBlock(bus, 'a', [block, block]);
    const { bytes } = await log.head('a');
    expect(bytes).toBeGreaterThan(1000);
    await retention.enforce('a');
    const after = await log.head('a');
    expect(after.bytes).toBeLessThanOrEqual(1000);
    expect(after.bytes).toBeGreaterThan(500);
    expect(await first()).toBeGreaterThan(10);
  });

  test('goes through many pages, and does nothing where nothing is over its limit', async () => {
    const { bus, retention, first } = kept({ bytes: 1, count: 1_000_000 });
    for (const _ of numbers(1, 20)) await sendBlock(bus, 'a', numbers(1, 256));
    await retention.enforce('a');
    expect(await first()).toBe(20 * 256 + 1);
    await retention.enforce('a');
    await retention.enforce('never seen');
    const unlimited = kept({});
    await sendBlock(unlimited.bus, 'a', [1]);
    await unlimited.retention.enforce('a');
    expect(await unlimited.first()).toBe(1);
  });

  test('looks at what was appended, a while after, once for many appends', async () => {
    const { bus, platform, first } = kept({ count: 1 });
    for (const channelId of ['a', 'b']) for (const n of numbers(1, 3)) await bus.send({ channelId, content: n });
    expect(platform.timers.size).toBe(1);
    expect([await first('a'), await first('b')]).toEqual([1, 1]);
    platform.advance(1000);
    await quiet();
    expect([await first('a'), await first('b')]).toEqual([3, 3]);
    expect(platform.timers.size).toBe(0);
    await bus.send({ channelId: 'a', content: 4 });
    platform.advance(1000);
    await quiet();
    expect(await first('a')).toBe(4);
  });

  test('does nothing more once it is closed', async () => {
    const { bus, platform, retention, first } = kept({ count: 1 });
    for (const n of numbers(1, 3)) await bus.send({ channelId: 'a', content: n });
    retention.close();
    await bus.send({ channelId: 'a', content: 4 });
    platform.advance(5000);
    await quiet();
    expect([await first(), platform.timers.size]).toEqual([1, 0]);
    kept({}).retention.close();
  });

  test('tells what fails', async () => {
    const { bus, platform, errors } = kept({ count: 1 }, { trim: () => Promise.reject(new Error('full')) });
    for (const n of numbers(1, 3)) await bus.send({ channelId: 'a', content: n });
    platform.advance(1000);
    await quiet();
    expect(errors).toEqual([new Error('full')]);
  });
});

describe('a bus with limits', () => {
  test('keeps its channels within them, also what was sent just before it closed', async () => {
    const platform = testPlatform();
    const log = new MemoryLog(platform);
    const bus = new MessageBusCore({ log, platform, retention: { count: 2 } });
    for (const n of numbers(1, 5)) await bus.send({ channelId: 'a', content: n });
    await bus.close();
    expect(await log.head('a')).toMatchObject({ first: 4, head: 5 });
  });

  test('waits at its close for a look that is under way', async () => {
    const platform = testPlatform();
    let answer = (): void => undefined;
    const memory = new MemoryLog(platform);
    const log = wrapped(memory, {
      head: async (channelId) => {
        await new Promise<void>((resolve) => (answer = resolve));
        return memory.head(channelId);
      },
    });
    const bus = new MessageBusCore({ log, platform, retention: { count: 1 } });
    for (const n of numbers(1, 3)) await bus.send({ channelId: 'a', content: n });
    platform.advance(1000);
    await quiet();
    const closing = bus.close();
    await quiet();
    answer();
    await closing;
    expect(await memory.head('a')).toMatchObject({ first: 3, head: 3 });
  });

  test('keeps for a group what the group has not handled', async () => {
    const platform = testPlatform();
    const log = new MemoryLog(platform);
    const bus = new MessageBusCore({ log, platform, retention: { count: 1 } });
    bus.consume('a', { group: 'g' }, () => new Promise(() => undefined));
    for (const n of numbers(1, 3)) await bus.send({ channelId: 'a', content: n });
    const closing = bus.close();
    await quiet();
    // What is under way is waited for, then left to others.
    platform.advance(2000);
    await closing;
    expect(await log.head('a')).toMatchObject({ first: 1, head: 3 });
  });

  test('tells what went wrong, and by how much its log is trusted', async () => {
    const platform = testPlatform();
    const trim = (): Promise<void> => Promise.reject(new Error('no disk'));
    const log = { ...wrapped(new MemoryLog(platform), { trim }), kind: 'file' };
    const bus = new MessageBusCore({ log, platform, retention: { count: 1 } });
    expect(bus.status.getSnapshot().durability).toBe('files');
    const errors: string[] = [];
    bus.on('error', ({ code, message }) => errors.push(`${code} ${message}`));
    for (const n of numbers(1, 2)) await bus.send({ channelId: 'a', content: n });
    platform.advance(1000);
    await until(() => errors.length > 0);
    expect(errors[0]).toMatch(/^HOST_LOST Retention failed: no disk/);
    await bus.close();
  });

  test('closes though its log does not answer any more', async () => {
    const platform = testPlatform();
    const log = wrapped(new MemoryLog(platform), { head: () => new Promise(() => undefined) });
    const bus = new MessageBusCore({ log, platform, retention: { count: 1 } });
    await bus.send({ channelId: 'a', content: 1 });
    const closing = bus.close();
    await quiet();
    platform.advance(1000);
    await expect(closing).resolves.toBeUndefined();
  });
});

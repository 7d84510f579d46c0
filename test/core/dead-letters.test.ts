// What a group gave up: kept with its reason, given back or given up for good; and what retention must keep for groups.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Log, MessageBus } from 'busline/core';
import { describe, expect, test } from 'vitest';
import type { Header } from '../../src/core/block.ts';
import type { Ref } from '../../src/core/host.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { Retention } from '../../src/core/retention.ts';
import { doer, worker, workplace } from './group-support.ts';
import type { Workplace } from './group-support.ts';
import { failure, numbers, quiet, sendBlock, testPlatform, wrapped } from './support.ts';

/** A workplace whose group gave up everything that is sent, as soon as it is. */
async function refusing(contents: readonly unknown[], log: Log = new MemoryLog()): Promise<Workplace> {
  const place = workplace({ log });
  const consumer = place.bus.consume('work', { group: 'w', maxAttempts: 1, concurrency: 9 }, ({ content }) => {
    throw new Error(`no ${String(content)}`);
  });
  await sendBlock(place.bus, 'work', contents);
  await quiet();
  await consumer.close();
  return place;
}

const reasons = async (bus: MessageBus, group?: string): Promise<string[]> => {
  const letters = await bus.admin.deadLetters(group === undefined ? {} : { group });
  return letters.map((letter) => `${letter.group}: ${letter.reason}`);
};

describe('a dead letter', () => {
  test('is what failed at its last attempt, with its reason, and is told of once', async () => {
    const log = new MemoryLog();
    const { bus, after } = workplace({ log });
    const told: unknown[] = [];
    for (const each of [bus, new MessageBusCore({ log })])
      each.on('deadLetter', ({ message, group, reason }) => told.push([message.content, group, reason]));
    const { calls } = worker(bus, { maxAttempts: 2, backoff: { initial: 0 } });
    const [sent] = await sendBlock(bus, 'work', ['poison', 'next']);
    await quiet();
    calls[0]?.fail('first');
    await quiet();
    await after(0);
    expect(told).toEqual([]);
    calls.find(({ attempt }) => attempt.attempt === 2)?.fail('second');
    await quiet();
    expect(told, 'by every bus').toEqual([
      ['poison', 'w', 'second'],
      ['poison', 'w', 'second'],
    ]);
    expect(await bus.admin.deadLetters()).toEqual([{ message: sent, group: 'w', reason: 'second', attempts: 2 }]);
    expect(await bus.admin.groups()).toMatchObject([{ pending: 1, lag: 0 }]);
  });

  test('is on record before anybody is told, and is there for the next bus', async () => {
    const log = new MemoryLog();
    const { bus } = await refusing([1, 2], log);
    expect(await reasons(bus)).toEqual(['w: no 1', 'w: no 2']);
    await bus.close();
    expect(await reasons(new MessageBusCore({ log }))).toEqual(['w: no 1', 'w: no 2']);
  });

  test('is listed by group, and not more than asked for', async () => {
    const { bus } = await refusing(numbers(1, 3));
    bus.consume('work', { group: 'others', maxAttempts: 1 }, () => {
      throw new Error('neither');
    });
    await quiet();
    expect(await reasons(bus, 'w')).toEqual(['w: no 1', 'w: no 2', 'w: no 3']);
    expect(await reasons(bus, 'others')).toHaveLength(3);
    expect(await bus.admin.deadLetters({ limit: 4 })).toHaveLength(4);
    expect(await reasons(bus, 'unknown')).toEqual([]);
  });

  test('has a reason that is not longer than need be', async () => {
    const { bus } = workplace();
    bus.consume('work', { group: 'w', maxAttempts: 1 }, () => {
      throw new Error('x'.repeat(100_000));
    });
    await bus.send({ channelId: 'work', content: 1 });
    await quiet();
    expect((await bus.admin.deadLetters())[0]?.reason).toHaveLength(1000);
  });
});

describe('redrive', () => {
  test('gives all back, as if they were new, and twice does no harm', async () => {
    const { bus } = await refusing([1, 2, 3]);
    expect(await bus.admin.redrive()).toBe(3);
    expect(await bus.admin.redrive()).toBe(0);
    expect(await bus.admin.deadLetters()).toEqual([]);
    const { told, calls } = worker(bus, { concurrency: 9 });
    await quiet();
    expect(told().toSorted()).toEqual(['1 1', '2 1', '3 1']);
    for (const call of calls) call.end();
    await quiet();
    expect(await bus.admin.groups()).toMatchObject([{ pending: 0, lag: 0 }]);
  });

  test('gives back those of a group, or those that are named', async () => {
    const { bus } = await refusing([1, 2, 3]);
    const [first, second] = await bus.history('work');
    expect(await bus.admin.redrive({ group: 'others' })).toBe(0);
    expect(await bus.admin.redrive({ ids: [second?.id as string, 'unknown'] })).toBe(1);
    expect(await bus.admin.redrive({ group: 'w', ids: [first?.id as string] })).toBe(1);
    const done = doer(bus);
    await quiet();
    expect(new Set(done)).toEqual(new Set([1, 2]));
    expect(await reasons(bus)).toEqual(['w: no 3']);
  });

  test('at the same time from two places hands nothing out twice', async () => {
    const { bus } = await refusing([1, 2]);
    const { told } = worker(bus, { concurrency: 9 });
    await quiet();
    const counts = await Promise.all([bus.admin.redrive(), bus.admin.redrive(), bus.admin.redrive()]);
    await quiet();
    expect(told().toSorted()).toEqual(['1 1', '2 1']);
    expect(
      counts.reduce((sum, count) => sum + count),
      'counted once',
    ).toBe(2);
  });

  test('gives back what fails again, which is a dead letter again', async () => {
    const { bus } = await refusing([1]);
    bus.consume('work', { group: 'w', maxAttempts: 1 }, () => {
      throw new Error('still no');
    });
    await quiet();
    await bus.admin.redrive();
    await quiet();
    expect(await reasons(bus)).toEqual(['w: still no']);
  });

  test('gives back what was urgent as urgent', async () => {
    const { bus } = workplace();
    const { calls, consumer } = worker(bus, { maxAttempts: 1, concurrency: 2 });
    for (const priority of ['normal', 'critical'] as const)
      await bus.send({ channelId: 'work', content: priority, priority });
    await quiet();
    for (const call of calls) call.fail();
    await consumer.close();
    await bus.admin.redrive();
    const done = doer(bus);
    await quiet();
    expect(done).toEqual(['critical', 'normal']);
  });

  test('survives the bus that was asked', async () => {
    const log = new MemoryLog();
    const { bus } = await refusing([1, 2], log);
    await bus.admin.redrive();
    await bus.close();
    const next = new MessageBusCore({ log });
    const done = doer(next);
    await quiet();
    expect(done).toEqual([1, 2]);
  });
});

describe('discard', () => {
  test('gives a dead letter up for good, in every group, and says if there is none', async () => {
    const { bus } = await refusing([1, 2]);
    const [first] = await bus.history('work');
    await bus.admin.discard(first?.id as string);
    expect(await reasons(bus)).toEqual(['w: no 2']);
    const done = doer(bus);
    await bus.admin.redrive();
    await quiet();
    expect(done).toEqual([2]);
    const error = await failure(bus.admin.discard(first?.id as string));
    expect(error).toMatchObject({ code: 'INVALID_INPUT' });
    expect(error['message']).toMatch(/^discard: there is neither a failed message nor a dead letter "/);
  });
});

describe('a dead letter whose message', () => {
  test('is deleted is none any more, and holds nothing up', async () => {
    const log = new MemoryLog();
    const { bus } = await refusing([1, 2, 3], log);
    const [, second] = await bus.history('work');
    await bus.deleteMessage(second?.id as string, 'work');
    expect(await reasons(bus)).toEqual(['w: no 1', 'w: no 3']);
    expect([...(await log.records('dead:')).keys()]).toHaveLength(2);
    const done = doer(bus);
    expect(await bus.admin.redrive()).toBe(2);
    await quiet();
    expect(done).toEqual([1, 3]);
  });

  test('is cleared with its channel is none any more', async () => {
    const log = new MemoryLog();
    const { bus } = await refusing([1, 2], log);
    await bus.send({ channelId: 'other', content: 1 });
    bus.consume('other', { group: 'w', maxAttempts: 1 }, () => {
      throw new Error('no');
    });
    await quiet();
    await bus.clearChannel('work');
    expect((await bus.admin.deadLetters()).map(({ message }) => message.channelId)).toEqual(['other']);
    expect([...(await log.records('dead:')).keys()]).toHaveLength(1);
  });
});

describe('retention', () => {
  interface Kept extends Workplace {
    readonly log: Log;
    /** Drops what may go, and says what is the first that stayed. */
    first(channelId?: string): Promise<number>;
  }

  function kept(): Kept {
    const log = new MemoryLog();
    const place = workplace({ log });
    const host = new LogHost(log, { host: 'process', why: 'A test.', durability: 'memory' }, place.platform);
    const fail = (error: unknown): never => {
      throw error;
    };
    const retention = new Retention(log, { count: 1 }, place.platform, fail, (channelId) => host.floor(channelId));
    const first = async (channelId = 'work'): Promise<number> => {
      await retention.enforce(channelId);
      return (await log.head(channelId)).first;
    };
    return { ...place, log, first };
  }

  async function one(bus: MessageBus, count: number, channelId = 'work'): Promise<void> {
    for (const content of numbers(1, count)) await bus.send({ channelId, content });
    await quiet();
  }

  test('keeps what a group has not handled, and drops it when it has', async () => {
    const { bus, first } = kept();
    const { calls, consumer } = worker(bus, { concurrency: 3 });
    await one(bus, 5);
    expect(await first()).toBe(1);
    calls[0]?.end();
    calls[2]?.end();
    await quiet();
    expect(await first()).toBe(2);
    for (let at = 0; at < 5; at++) {
      calls[at]?.end();
      await quiet();
    }
    await consumer.close();
    expect(await first()).toBe(5);
    await one(bus, 3);
    expect(await first(), 'also while nobody is there').toBe(6);
  });

  test('keeps what comes again', async () => {
    const { bus, after, first } = kept();
    const { calls } = worker(bus, { backoff: { jitter: false } });
    await one(bus, 4);
    for (let at = 0; at < 4; at++) {
      if (at === 1) calls[at]?.fail();
      else calls[at]?.end();
      await quiet();
    }
    expect(await first()).toBe(2);
    await after(100);
    calls[4]?.end();
    await quiet();
    expect(await first()).toBe(4);
  });

  test('keeps a dead letter until it is given back and done, or given up', async () => {
    const { bus, first } = kept();
    const { calls } = worker(bus, { maxAttempts: 1 });
    await one(bus, 6);
    for (let at = 0; at < 6; at++) {
      if (at === 1 || at === 3) calls[at]?.fail();
      else calls[at]?.end();
      await quiet();
    }
    expect(await first()).toBe(2);
    await bus.admin.redrive({ ids: [calls[1]?.message.id as string] });
    await quiet();
    expect(await first(), 'it is in hand').toBe(2);
    calls[6]?.end();
    await quiet();
    expect(await first()).toBe(4);
    await bus.admin.discard(calls[3]?.message.id as string);
    expect(await first()).toBe(6);
  });

  test('does not wait for a dead letter whose message was deleted', async () => {
    const { bus, first } = kept();
    const { calls } = worker(bus, { maxAttempts: 1, concurrency: 9 });
    await one(bus, 3);
    calls[0]?.fail();
    for (const call of calls.slice(1)) call.end();
    await quiet();
    expect(await first()).toBe(1);
    await bus.deleteMessage(calls[0]?.message.id as string, 'work');
    await quiet();
    expect(await first()).toBe(4);
  });

  test('keeps a new channel for a group whose pattern it matches, though nobody is there', async () => {
    const { bus, first } = kept();
    const { consumer } = worker(bus, {}, 'new*');
    await quiet();
    await consumer.close();
    await one(bus, 3, 'new one');
    await one(bus, 3, 'other');
    expect(await first('new one')).toBe(1);
    expect(await first('other')).toBe(3);
    const done = doer(bus, {}, 'new*');
    await quiet();
    expect(done).toEqual([1, 2, 3]);
    expect(await first('new one')).toBe(3);
  });

  test('asks only the groups of the channel', async () => {
    const { bus, first } = kept();
    worker(bus, {}, 'work*');
    worker(bus, { group: 'x' }, 'wor');
    await one(bus, 3, 'workshop');
    await one(bus, 3, 'wo');
    expect(await first('workshop')).toBe(1);
    expect(await first('wo')).toBe(3);
  });
});

test('a host that nobody listens to keeps its dead letters all the same', async () => {
  const log = new MemoryLog();
  const host = new LogHost(log, { host: 'process', why: 'A test.', durability: 'memory' });
  const { bus } = workplace({ log });
  await bus.send({ channelId: 'work', content: 1 });
  const refs: Ref[] = [];
  const nothing = (): void => undefined;
  const backoff = { initial: 1, max: 1, factor: 1, jitter: false };
  const request = {
    group: 'w',
    pattern: 'work',
    from: 'earliest',
    slots: 1,
    lease: 1000,
    maxAttempts: 1,
    backoff,
  } as const;
  const sink = { joined: nothing, lost: nothing, failed: nothing, hand: (ref: Ref) => void refs.push(ref) };
  const member = host.join({ ...request, ordered: false, since: 0 }, sink);
  await quiet();
  await member.settle(refs[0] as Ref, { kind: 'failed', reason: 'no', dead: true });
  expect(await reasons(bus)).toEqual(['w: no']);
  // Its own members are no strangers that it would have to watch.
  host.setWill({ id: 'x', block: { header: {} as Header, json: '[]' } });
  await host.recover(nothing);
  expect([...(await log.records('will:')).keys()]).toHaveLength(1);
  await host.close();
});

test('nothing is said of a dead letter whose message is gone, or cannot be read', async () => {
  const platform = testPlatform();
  const memory = new MemoryLog();
  let [isGone, isBroken] = [false, false];
  const bus = new MessageBusCore({
    platform,
    log: wrapped(memory, {
      read: async (...asked) => {
        if (isBroken) throw new Error('cannot read');
        return { ...(await memory.read(...asked)), ...(isGone && { blocks: [] }) };
      },
    }),
  });
  const told: unknown[] = [];
  bus.on('deadLetter', (letter) => told.push(letter));
  const { calls } = worker(bus, { maxAttempts: 1, concurrency: 2 });
  await sendBlock(bus, 'work', [1, 2]);
  await quiet();
  isGone = true;
  calls[0]?.fail();
  await quiet();
  isBroken = true;
  calls[1]?.fail();
  await quiet();
  isBroken = false;
  expect(told).toEqual([]);
  expect(await bus.admin.deadLetters()).toEqual([]);
});

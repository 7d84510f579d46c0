// How long a member may have a message, how often it comes, and when it comes again.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Backoff, Log } from 'busline/core';
import { describe, expect, test } from 'vitest';
import type { Ref } from '../../src/core/host.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { doer, onRecord, worker, workplace } from './group-support.ts';
import type { Call, Workplace } from './group-support.ts';
import { failure, numbers, quiet, sendBlock, testPlatform, wrapped } from './support.ts';

const errorsOf = ({ bus }: Workplace): string[] => {
  const codes: string[] = [];
  bus.on('error', ({ code }) => codes.push(code));
  return codes;
};

describe('a lease', () => {
  test('that ends gives the message to another member; the first one’s signal aborts, and what it says late does not count', async () => {
    const log = new MemoryLog();
    const place = workplace({ log });
    const { bus, after } = place;
    const errors = errorsOf(place);
    const slow = worker(bus, { lease: 1000 });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    slow.consumer.pause();
    const other = worker(bus, { lease: 1000 });
    await after(999);
    expect(slow.calls[0]?.attempt.signal.aborted).toBe(false);
    await after(1);
    const { signal } = (slow.calls[0] as Call).attempt;
    expect([signal.aborted, (signal as AbortSignal).reason]).toMatchObject([true, { code: 'LEASE_LOST' }]);
    expect(other.told()).toEqual([]);
    await after(100);
    expect(other.told()).toEqual(['x 2']);
    slow.calls[0]?.end();
    await quiet();
    expect(errors).toEqual(['LEASE_LOST']);
    expect(await onRecord(log)).toMatchObject({ position: 0, held: [[1, { attempt: 2 }]] });
    other.calls[0]?.end();
    await quiet();
    expect(await onRecord(log)).toMatchObject({ position: 1, held: [] });
  });

  test('that ended is told to who comes late also when the other one is done already', async () => {
    const place = workplace();
    const { bus, after } = place;
    const errors = errorsOf(place);
    const slow = worker(bus, { lease: 1000 });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    slow.consumer.pause();
    const done = doer(bus);
    await after(1000);
    await after(100);
    expect(done).toEqual(['x']);
    slow.calls[0]?.fail('too late to fail');
    await quiet();
    expect(errors).toEqual(['LEASE_LOST']);
    expect(await bus.admin.deadLetters()).toEqual([]);
  });

  test('may come back to the same member, as another attempt', async () => {
    const place = workplace();
    const { bus, after } = place;
    const errors = errorsOf(place);
    const { calls, told, consumer } = worker(bus, { lease: 1000, backoff: { jitter: false } });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    await after(1000);
    await after(100);
    expect(told()).toEqual(['x 1', 'x 2']);
    calls[0]?.end();
    await quiet();
    expect(errors).toEqual(['LEASE_LOST']);
    calls[1]?.end();
    await consumer.close();
    expect(await bus.admin.groups()).toMatchObject([{ pending: 0, lag: 0 }]);
  });

  test('can be extended from now on, as often as one likes, and not once it is lost', async () => {
    const { bus, after } = workplace();
    const { calls, told } = worker(bus, { lease: 1000 });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    const { attempt } = calls[0] as Call;
    await after(900);
    await attempt.extend(1000);
    await after(999);
    await attempt.extend(10);
    expect(attempt.signal.aborted).toBe(false);
    await after(10);
    expect(attempt.signal.aborted).toBe(true);
    expect(await failure(attempt.extend(1000))).toMatchObject({ code: 'LEASE_LOST' });
    await after(100);
    expect(told()).toEqual(['x 1', 'x 2']);
  });

  test.each([-1, Number.NaN, Infinity, '5' as never])('is not extended by %s', async (ms) => {
    const { bus, after } = workplace();
    const { calls } = worker(bus, { lease: 1000 });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    const { attempt } = calls[0] as Call;
    expect(await failure(attempt.extend(ms))).toMatchObject({ code: 'INVALID_INPUT' });
    await after(999);
    expect(attempt.signal.aborted).toBe(false);
  });

  test('of a handler that never returns ends each time, until the message is a dead letter', async () => {
    const { bus, after } = workplace();
    const { told, consumer } = worker(bus, { lease: 1000, maxAttempts: 3, backoff: { initial: 0 } });
    await sendBlock(bus, 'work', ['hangs', 'next']);
    for (let ms = 0; ms < 4000; ms += 500) await after(500);
    expect(told()).toEqual(['hangs 1', 'hangs 2', 'hangs 3', 'next 1']);
    expect(await bus.admin.deadLetters()).toMatchObject([{ reason: 'Its lease ended.', attempts: 3 }]);
    let isClosed = false;
    void consumer.close().then(() => (isClosed = true));
    await quiet();
    expect(isClosed).toBe(false);
    // It takes as long as its lease to give up what never comes to an end.
    await after(1000);
    expect(isClosed).toBe(true);
  });

  test('that ends leaves the others of the same member alone', async () => {
    const { bus, after } = workplace();
    const { calls } = worker(bus, { lease: 1000, concurrency: 3 });
    await sendBlock(bus, 'work', [1, 2, 3]);
    await quiet();
    await calls[0]?.attempt.extend(5000);
    await calls[2]?.attempt.extend(5000);
    await after(1000);
    expect(calls.slice(0, 3).map(({ attempt }) => attempt.signal.aborted)).toEqual([false, true, false]);
  });

  test('that ends while its member is away gives the message to another', async () => {
    const { platform, after } = workplace();
    const host = new LogHost(
      new MemoryLog(platform),
      { host: 'process', why: 'A test.', durability: 'memory' },
      platform,
    );
    const handed: string[] = [];
    const nothing = (): void => undefined;
    const backoff = { initial: 1, max: 1, factor: 1, jitter: false };
    const request = { group: 'w', pattern: 'work', from: 'earliest', lease: 1000, maxAttempts: 5, backoff } as const;
    const join = (clientId: string) =>
      host.joinFor(
        clientId,
        1,
        { ...request, slots: 1, ordered: false, since: 0 },
        { joined: nothing, failed: nothing, lost: nothing, hand: (ref) => handed.push(`${clientId} ${ref.attempt}`) },
        [],
      );
    const away = join('away');
    await host.push(blockOf('work', ['x']), 'stored');
    await quiet();
    away.detach();
    join('there');
    await after(999);
    expect(handed).toEqual(['away 1']);
    await after(1);
    expect(handed).toEqual(['away 1', 'there 2']);
  });

  test('does not end while a member is joining: it may have done what it has in hand', async () => {
    const { platform, after } = workplace();
    const memory = new MemoryLog(platform);
    let gate = Promise.resolve();
    const log = wrapped(memory, { records: (prefix) => gate.then(() => memory.records(prefix)) });
    const host = new LogHost(log, { host: 'process', why: 'A test.', durability: 'memory' }, platform);
    const handed: string[] = [];
    const nothing = (): void => undefined;
    const backoff = { initial: 1, max: 1, factor: 1, jitter: false };
    const request = { group: 'w', pattern: 'work', from: 'earliest', lease: 1000, maxAttempts: 5, backoff } as const;
    const refs: Ref[] = [];
    const join = (clientId: string, held: readonly Ref[] = []) =>
      host.joinFor(
        clientId,
        1,
        { ...request, slots: 1, ordered: false, since: 0 },
        {
          joined: nothing,
          failed: nothing,
          lost: nothing,
          hand(ref) {
            refs.push(ref);
            handed.push(`${clientId} ${ref.attempt}`);
          },
        },
        held,
      );
    const away = join('away');
    await host.push(blockOf('work', ['x']), 'stored');
    await quiet();
    away.detach();
    join('there');
    await quiet();
    let open = nothing;
    gate = new Promise((resolve) => (open = resolve));
    const settled = join('away', refs.slice()).settle(refs[0] as Ref, { kind: 'done' });
    for (const ms of [1000, 1000]) await after(ms);
    expect(handed).toEqual(['away 1']);
    open();
    await settled;
    for (const ms of [1000, 1000]) await after(ms);
    expect(handed).toEqual(['away 1']);
  });

  test('is short of no member that lives: nobody has a message twice at once', async () => {
    const { bus, after } = workplace();
    const workers = [1, 2, 3].map(() => worker(bus, { lease: 1000, concurrency: 2 }));
    await sendBlock(bus, 'work', numbers(1, 6));
    for (let ms = 0; ms < 900; ms += 100) await after(100);
    expect(workers.flatMap(({ told }) => told()).toSorted()).toEqual(numbers(1, 6).map((n) => `${n} 1`));
  });
});

describe('what fails', () => {
  async function waits(backoff: Backoff | undefined, attempts: number): Promise<number[]> {
    const { bus, platform, after } = workplace();
    const begun: number[] = [];
    const options = { group: 'w', maxAttempts: 99, lease: 1e9, ...(backoff !== undefined && { backoff }) };
    bus.consume('work', options, () => {
      begun.push(platform.time);
      throw new Error('no');
    });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    const steps: number[] = [];
    while (begun.length < attempts) {
      const before = begun.length;
      while (begun.length === before) await after(1);
      steps.push((begun.at(-1) as number) - (begun.at(-2) as number));
    }
    return steps;
  }

  test('comes again after a wait that doubles, up to the longest', async () => {
    expect(await waits({ initial: 10, max: 100, jitter: false }, 7)).toEqual([10, 20, 40, 80, 100, 100]);
    expect(await waits({ initial: 5, factor: 3, jitter: false }, 5)).toEqual([5, 15, 45, 135]);
    expect(await waits({ initial: 7, factor: 1, jitter: false }, 4)).toEqual([7, 7, 7]);
  });

  test('waits between half and all of that, by chance', async () => {
    const steps = await waits({ initial: 100, factor: 1 }, 30);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...steps)).toBeLessThanOrEqual(100);
    expect(new Set(steps).size).toBeGreaterThan(5);
  });

  test('waits a tenth of a second at first, unless it says otherwise', async () => {
    const [first, second] = await waits(undefined, 3);
    expect(first).toBeGreaterThanOrEqual(50);
    expect(first).toBeLessThanOrEqual(100);
    expect(second).toBeGreaterThanOrEqual(100);
    expect(second).toBeLessThanOrEqual(200);
  });

  test('does not hold up what comes after it, and counts its attempts', async () => {
    const { bus, after } = workplace();
    const { calls, told } = worker(bus, { backoff: { jitter: false } });
    await sendBlock(bus, 'work', [1, 2]);
    await quiet();
    calls[0]?.fail();
    await quiet();
    expect(told()).toEqual(['1 1', '2 1']);
    calls[1]?.end();
    await quiet();
    await after(99);
    expect(told()).toHaveLength(2);
    await after(1);
    expect(told()).toEqual(['1 1', '2 1', '1 2']);
  });

  test('comes before what is new of its own priority, and after what is more urgent', async () => {
    const { bus, after } = workplace();
    const { calls, told, consumer } = worker(bus, { backoff: { initial: 10, jitter: false } });
    await bus.send({ channelId: 'work', content: 'fails' });
    await quiet();
    calls[0]?.fail();
    await quiet();
    consumer.pause();
    await bus.send({ channelId: 'work', content: 'new' });
    await bus.send({ channelId: 'work', content: 'urgent', priority: 'high' });
    await after(10);
    consumer.resume();
    for (let n = 1; n < 4; n++) {
      await quiet();
      calls[n]?.end();
    }
    expect(told()).toEqual(['fails 1', 'urgent 1', 'fails 2', 'new 1']);
  });

  test('without an error has its reason all the same', async () => {
    const { bus } = workplace();
    const errors: unknown[] = [];
    bus.on('handlerError', ({ error }) => errors.push(error));
    bus.consume('work', { group: 'w', maxAttempts: 1 }, () => Promise.reject({ some: 'thing' }));
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    expect(errors).toEqual([{ some: 'thing' }]);
    expect(await bus.admin.deadLetters()).toMatchObject([{ reason: '[object Object]', attempts: 1 }]);
  });
});

describe('a bus that is closed', () => {
  test('waits for its handlers, and says what came of them', async () => {
    const log = new MemoryLog();
    const { bus } = workplace({ log });
    const { calls } = worker(bus);
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    let isClosed = false;
    const closing = bus.close().then(() => (isClosed = true));
    await quiet();
    expect(isClosed).toBe(false);
    calls[0]?.end();
    await closing;
    expect(await onRecord(log)).toMatchObject({ position: 1, held: [] });
  });

  test('waits two seconds for a handler that never returns; every promise settles', async () => {
    const log = new MemoryLog();
    const place = workplace({ log });
    const { bus, after } = place;
    const errors = errorsOf(place);
    const { consumer, calls } = worker(bus);
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    const leaving = consumer.close();
    const closing = bus.close();
    await after(2000);
    await closing;
    await leaving;
    expect(calls[0]?.attempt.signal.aborted).toBe(true);
    // What it says now counts no more, and is no error: its bus is closed.
    calls[0]?.end();
    await quiet();
    expect(errors).toEqual([]);
    const next = new MessageBusCore({ log });
    expect(doer(next)).toEqual([]);
    await quiet();
    expect(await onRecord(log)).toMatchObject({ position: 1 });
  });

  test('does not wait for ever for a disk that takes nothing any more', async () => {
    const memory = new MemoryLog();
    let hangs = false;
    const save: Log['save'] = (records) => (hangs ? new Promise(() => undefined) : memory.save(records));
    const { bus, after } = workplace({ log: wrapped(memory, { save }) });
    const { consumer, calls } = worker(bus);
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    hangs = true;
    calls[0]?.end();
    const leaving = consumer.close();
    const closing = bus.close();
    await after(2000);
    await Promise.all([closing, leaving]);
    expect(calls[0]?.attempt.signal.aborted).toBe(true);
  });
});

test('a group has one timer at the most', async () => {
  const platform = testPlatform();
  const bus = new MessageBusCore({ platform });
  const { calls, consumer } = worker(bus, { concurrency: 50 });
  await sendBlock(bus, 'work', numbers(1, 50));
  await quiet();
  expect(platform.timers.size).toBe(1);
  for (const call of calls) call.end();
  await quiet();
  expect(platform.timers.size).toBe(0);
  await consumer.close();
});

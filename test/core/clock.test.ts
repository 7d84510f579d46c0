// A clock that is set, forwards or backwards, does no harm: what lasts so long lasts so long, and no date keeps anybody waiting.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Block, Log, Platform } from 'busline/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { messagesOf } from '../../src/core/block.ts';
import { HostedBus } from '../../src/core/bus.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { askType, deltaType } from '../../src/core/stream-messages.ts';
import { timeOfId } from '../../src/core/id.ts';
import { loadParts } from '../../src/testing/parts.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { onRecord, worker, workplace } from './group-support.ts';
import type { Call } from './group-support.ts';
import { contents, epoch, failure, heard, inner, quiet, testPlatform, until } from './support.ts';
import type { TestPlatform } from './support.ts';

const hour = 3_600_000;
const jumps = [
  ['ahead', hour],
  ['back', -hour],
] as const;

interface Hired {
  readonly host: LogHost;
  /** Who was handed which attempt. */
  readonly handed: string[];
  join(clientId: string, lease?: number): ReturnType<LogHost['joinFor']>;
}

/** A host of a group on this log, whose retries wait 1 s, 2 s, 4 s … */
function hired(log: Log, platform: Platform): Hired {
  const host = new LogHost(log, { host: 'process', why: 'A test.', durability: 'memory' }, platform);
  // Clients are alive until the host is told otherwise.
  void host.recover(() => undefined);
  const handed: string[] = [];
  const nothing = (): void => undefined;
  const backoff = { initial: 1000, max: 8000, factor: 2, jitter: false };
  const request = { group: 'w', pattern: 'work', from: 'earliest', maxAttempts: 99, slots: 1, since: 0 } as const;
  return {
    host,
    handed,
    join(clientId, lease = 1000) {
      const member = host.joinFor(
        clientId,
        1,
        { ...request, lease, backoff, ordered: false },
        {
          joined: nothing,
          failed: nothing,
          lost: nothing,
          hand: (ref) => {
            handed.push(`${clientId} ${ref.attempt}`);
            if (clientId === 'fails') void member.settle(ref, { kind: 'failed', reason: 'no', dead: false });
          },
        },
        [],
      );
      return member;
    },
  };
}

async function pass(platform: TestPlatform, ms: number): Promise<void> {
  platform.advance(ms);
  await quiet();
}

beforeAll(loadParts);

describe.each(jumps)('while the clock is set an hour %s', (_way, jump) => {
  test.each([0, 1, 500, 999])('a lease that began %s ms before lasts as long as it should', async (at) => {
    const { bus, platform, after } = workplace();
    const { calls } = worker(bus, { lease: 1000 });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    const { signal } = (calls[0] as Call).attempt;
    await after(at);
    platform.time += jump;
    await bus.send({ channelId: 'work', content: 'makes it look' });
    await after(999 - at);
    expect(signal.aborted).toBe(false);
    await after(1);
    expect(signal.aborted).toBe(true);
  });

  test('a lease is extended by as much as was asked for', async () => {
    const { bus, platform, after } = workplace();
    const { calls } = worker(bus, { lease: 1000 });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    const { attempt } = calls[0] as Call;
    await attempt.extend(5000);
    platform.time += jump;
    await after(4999);
    expect(attempt.signal.aborted).toBe(false);
    await attempt.extend(10);
    platform.time += jump;
    await after(9);
    expect(attempt.signal.aborted).toBe(false);
    await after(1);
    expect(attempt.signal.aborted).toBe(true);
  });

  test.each([0, 50, 99])('what failed %s ms before comes again when it should, and no sooner', async (at) => {
    const { bus, platform, after } = workplace();
    const { calls, told } = worker(bus, { backoff: { jitter: false } });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    calls[0]?.fail();
    await quiet();
    await after(at);
    platform.time += jump;
    await after(99 - at);
    expect(told()).toEqual(['x 1']);
    await after(1);
    expect(told()).toEqual(['x 1', 'x 2']);
    calls[1]?.fail();
    await quiet();
    platform.time -= jump;
    await after(199);
    expect(told()).toHaveLength(2);
    await after(1);
    expect(told()).toHaveLength(3);
  });

  test('the next host gives each lease its time, counted by a clock that began elsewhere', async () => {
    const log = new MemoryLog();
    const first = testPlatform();
    await pass(first, 77_000);
    const before = hired(log, first);
    before.join('old').detach();
    before.join('hangs');
    await before.host.push(blockOf('work', ['x']), 'stored');
    await quiet();
    expect(before.handed).toEqual(['hangs 1']);
    const next = testPlatform();
    next.time = first.time + jump;
    const { join, handed } = hired(log, next);
    join('new');
    await quiet();
    await pass(next, 999);
    expect(handed).toEqual([]);
    await pass(next, 1);
    expect(handed).toEqual(['new 2']);
  });

  test('the next host lets nothing wait longer than it was told to, and goes on with longer and longer waits', async () => {
    const log = new MemoryLog();
    const first = testPlatform();
    await pass(first, 77_000);
    const before = hired(log, first);
    before.join('fails');
    await before.host.push(blockOf('work', ['x']), 'stored');
    await quiet();
    await pass(first, 1000);
    expect(before.handed).toEqual(['fails 1', 'fails 2']);
    expect(await onRecord(log)).toMatchObject({ again: [[1, { attempts: 2, wait: 2000, due: first.time + 2000 }]] });
    const next = testPlatform();
    next.time = first.time + jump;
    const { join, handed } = hired(log, next);
    join('fails');
    await quiet();
    if (jump < 0) await pass(next, 1999);
    expect(handed).toEqual(jump < 0 ? [] : ['fails 3']);
    if (jump < 0) await pass(next, 1);
    expect(handed).toEqual(['fails 3']);
    next.time -= jump;
    await pass(next, 3999);
    expect(handed).toHaveLength(1);
    await pass(next, 1);
    expect(handed).toEqual(['fails 3', 'fails 4']);
  });

  test('a request waits as long as it was told to, and not for ever', async () => {
    const { bus, platform, after } = workplace();
    bus.respond('a', () => new Promise(() => undefined));
    await bus.admin.groups();
    const errors: Record<string, unknown>[] = [];
    void failure(bus.request({ channelId: 'a', content: '?' }, { timeout: 5000 })).then((error) => errors.push(error));
    await quiet();
    platform.time += jump;
    await after(4999);
    expect(errors).toEqual([]);
    await after(1);
    await until(() => errors.length > 0);
    expect(errors).toMatchObject([{ code: 'TIMEOUT' }]);
  });

  test('a request that is handled already gets its answer', async () => {
    const { bus, platform } = workplace();
    let answer: ((content: string) => void) | undefined;
    bus.respond('a', () => new Promise((resolve) => (answer = resolve)));
    const asking = bus.request({ channelId: 'a', content: '?' });
    await quiet();
    platform.time += jump;
    answer?.('!');
    expect(await asking).toMatchObject({ content: '!', timestamp: epoch + jump });
  });

  test('a request that nobody has seen yet expires by the date, and is settled in its own time all the same', async () => {
    const { bus, platform, after } = workplace();
    let asked = 0;
    const asking = bus.request({ channelId: 'a', content: '?' }, { timeout: 5000 });
    const settled = asking.then(
      ({ content }) => content,
      ({ code }: { code: string }) => code,
    );
    await quiet();
    platform.time += jump;
    bus.respond('a', () => ++asked);
    await quiet();
    await after(5000);
    expect([await settled, asked]).toEqual(jump < 0 ? [1, 1] : ['TIMEOUT', 0]);
  });

  test('an answer that grows goes on for longer than a lease', async () => {
    const { bus, platform, after } = workplace();
    const attempts: number[] = [];
    let go = (): void => undefined;
    bus.respond('a', async function* (_message, { attempt }) {
      attempts.push(attempt);
      for (const part of ['1', '2', '3', '4']) {
        await new Promise<void>((resolve) => (go = resolve));
        yield part;
      }
    });
    const asking = bus.request({ channelId: 'a', content: '?' }, { timeout: 400_000 });
    for (let part = 1; part <= 4; part++) {
      await quiet();
      platform.time += part % 2 === 0 ? -jump : jump;
      await after(60_000);
      go();
    }
    expect(await asking).toMatchObject({ content: '1234' });
    expect(attempts).toEqual([1]);
  });

  test('what of a stream was missed is asked for in the usual time', async () => {
    const platform = testPlatform();
    const host = new LogHost(new MemoryLog(), { host: 'process', why: 'A test.', durability: 'memory' });
    const bus = new HostedBus(host, { platform });
    await bus.streams('a', () => undefined).ready;
    let asks = 0;
    const isAsk = (block: Block): boolean => messagesOf(block, 0).some(({ type }) => type === askType);
    host.cast = (block) => {
      if (isAsk(block)) asks += 1;
      LogHost.prototype.cast.call(host, block);
    };
    const missed = async (): Promise<number> => {
      const content = { streamId: 's', run: 1, index: 9, delta: 'x' };
      await bus.send({ channelId: 'a', type: deltaType, content }, { ephemeral: true, ...inner });
      await quiet();
      return asks;
    };
    expect(await missed()).toBe(1);
    platform.time += jump;
    expect(await missed()).toBe(1);
    await pass(platform, 999);
    expect(await missed()).toBe(1);
    await pass(platform, 1);
    expect(await missed()).toBe(2);
  });

  test('ids go on rising, each message says what the clock said, and nobody follows a clock that is far ahead', async () => {
    const log = new MemoryLog();
    const platform = testPlatform(1);
    const bus = new MessageBusCore({ log, platform });
    const other = new MessageBusCore({ log, platform: testPlatform(2) });
    const got = heard(other, 'a');
    await quiet();
    const times = [0, jump, jump + 1, 0, -jump];
    for (const [n, ahead] of times.entries()) {
      platform.time = epoch + ahead;
      await bus.send({ channelId: 'a', content: n });
    }
    await quiet();
    expect(contents(got)).toEqual([0, 1, 2, 3, 4]);
    expect(got.map(({ timestamp }) => timestamp - epoch)).toEqual(times);
    const ids = got.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted());
    expect(timeOfId(ids.at(-1) as string)).toBe(epoch + Math.max(...times));
    const { id } = await other.send({ channelId: 'a', content: 'mine' });
    expect(timeOfId(id)).toBe(epoch);
  });
});

test('a retry that an older version noted, without how long it was to wait, waits no longer than half a minute', async () => {
  const log = new MemoryLog();
  const platform = testPlatform();
  const { host, join, handed } = hired(log, platform);
  await host.push(blockOf('work', ['x', 'y']), 'stored');
  const { logId } = await log.head('work');
  const noted = (due: number) => ({ attempts: 2, due, priority: 'normal' });
  const again = [
    [1, noted(epoch + hour)],
    [2, noted(epoch + 500)],
  ];
  await log.save([['group:w\u0000work', { logId, position: 0, done: [], held: [], again }]]);
  const member = join('new', hour);
  member.slots(2);
  await quiet();
  await pass(platform, 499);
  expect(handed).toEqual([]);
  await pass(platform, 1);
  expect(handed).toEqual(['new 3']);
  await pass(platform, 29_499);
  expect(handed).toHaveLength(1);
  await pass(platform, 1);
  expect(handed).toEqual(['new 3', 'new 3']);
});

describe('a machine that slept over the end of a lease', () => {
  const night = 8 * hour;

  test('gives the member its time again, once', async () => {
    const { bus, after } = workplace();
    const { calls, told } = worker(bus, { lease: 10_000, concurrency: 2 });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    const { signal } = (calls[0] as Call).attempt;
    await after(night);
    await after(9999);
    expect(signal.aborted).toBe(false);
    await after(1);
    expect(signal.aborted).toBe(true);
    await after(100);
    expect(told()).toEqual(['x 1', 'x 2']);
    await after(night);
    await after(night);
    expect(calls[1]?.attempt.signal.aborted).toBe(true);
  });

  test('gives it again to whoever has extended its lease since', async () => {
    const { bus, after } = workplace();
    const { calls } = worker(bus, { lease: 10_000 });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    const { attempt } = calls[0] as Call;
    for (let day = 0; day < 3; day++) {
      await after(night);
      await attempt.extend(10_000);
    }
    expect(attempt.signal.aborted).toBe(false);
    calls[0]?.end();
    await quiet();
    expect(await bus.admin.groups()).toMatchObject([{ pending: 0 }]);
  });

  test('is one whose timer is two seconds late: what is busy is later than it should, too', async () => {
    const { bus, after } = workplace();
    const { calls } = worker(bus, { lease: 10_000 });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    await after(12_000);
    expect(calls[0]?.attempt.signal.aborted).toBe(true);
  });

  test('gives at once what fell due meanwhile', async () => {
    const { bus, after } = workplace();
    const { calls, told } = worker(bus, { backoff: { jitter: false } });
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    calls[0]?.fail();
    await quiet();
    await after(night);
    expect(told()).toEqual(['x 1', 'x 2']);
  });
});

test('a group never waits less than a millisecond, whatever parts of one its clock shows', async () => {
  const platform = testPlatform();
  const waits: number[] = [];
  const timer: Platform['timer'] = (ms, task) => {
    waits.push(ms);
    return platform.timer(ms, task);
  };
  const bus = new MessageBusCore({ platform: { ...platform, now: () => platform.time, timer } });
  let handled = 0;
  bus.consume('work', { group: 'w', maxAttempts: 9, backoff: { initial: 0.25, factor: 1, jitter: false } }, () => {
    handled += 1;
    throw new Error('no');
  });
  await bus.send({ channelId: 'work', content: 'x' });
  for (let tick = 0; tick < 100; tick++) await pass(platform, 0.5);
  expect(handled).toBe(9);
  expect(Math.min(...waits)).toBe(1);
});

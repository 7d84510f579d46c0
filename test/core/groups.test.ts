// A group: named consumers that share the messages of a channel, each handled by one of them.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Attempt, ConsumeOptions, Log, Priority } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod/mini';
import type { GroupRecord } from '../../src/core/group-channel.ts';
import type { Ref } from '../../src/core/host.ts';
import type { HostMembership } from '../../src/core/group-keeper.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { doer, onRecord, worker, workplace } from './group-support.ts';
import type { Call } from './group-support.ts';
import { failure, numbers, quiet, sendBlock, until, wrapped } from './support.ts';

const ended = async (calls: readonly Call[]): Promise<void> => {
  for (const call of calls) call.end();
  await quiet();
};

const sorted = (values: readonly unknown[]): unknown[] => values.toSorted((a, b) => Number(a) - Number(b));

describe('a group', () => {
  test('each message is handled by one member', async () => {
    const { bus } = workplace();
    const handled: (readonly [number, unknown])[] = [];
    for (const member of [1, 2, 3])
      bus.consume('work', { group: 'w' }, (message) => void handled.push([member, message.content]));
    await sendBlock(bus, 'work', numbers(1, 30));
    await quiet();
    expect(sorted(handled.map(([, content]) => content))).toEqual(numbers(1, 30));
    expect(new Set(handled.map(([member]) => member)).size).toBe(3);
    await bus.close();
  });

  test('what was sent before there was a member waits for it', async () => {
    const { bus } = workplace();
    await bus.send({ channelId: 'work', content: 'early' });
    const done = doer(bus);
    await quiet();
    expect(done).toEqual(['early']);
  });

  test('two groups of a channel know nothing of each other', async () => {
    const { bus } = workplace();
    const [mine, others] = [doer(bus), doer(bus, { group: 'others' })];
    await sendBlock(bus, 'work', [1, 2]);
    await quiet();
    expect([mine, others]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test('what is more urgent is handed out first, and what is equally urgent in its order', async () => {
    const { bus } = workplace();
    const { consumer, told, calls } = worker(bus);
    consumer.pause();
    const priorities: (Priority | undefined)[] = ['low', undefined, 'critical', 'normal', 'high', 'critical', 'low'];
    for (const [at, priority] of priorities.entries()) {
      const content = `${priority ?? 'plain'}-${at}`;
      await bus.send({ channelId: 'work', content, ...(priority !== undefined && { priority }) });
    }
    consumer.resume();
    for (let n = 0; n < priorities.length; n++) {
      await quiet();
      calls[n]?.end();
    }
    expect(told().map((call) => call.split(' ')[0])).toEqual([
      'critical-2',
      'critical-5',
      'high-4',
      'plain-1',
      'normal-3',
      'low-0',
      'low-6',
    ]);
    expect((await bus.history('work')).map(({ priority }) => priority)).toEqual(priorities);
  });

  test('a member handles as many at once as it said', async () => {
    const { bus } = workplace();
    const many = worker(bus, { concurrency: 3 });
    await sendBlock(bus, 'work', numbers(1, 5));
    await quiet();
    expect(many.told()).toEqual(['1 1', '2 1', '3 1']);
    many.calls[1]?.end();
    await quiet();
    expect(many.told()).toEqual(['1 1', '2 1', '3 1', '4 1']);
  });

  test('what is on its way is on record first: a handler is not called before', async () => {
    const memory = new MemoryLog();
    let holds = false;
    const held: (() => void)[] = [];
    const log = wrapped(memory, {
      save: async (records) => {
        if (holds) await new Promise<void>((resolve) => held.push(resolve));
        await memory.save(records);
      },
    });
    const { bus } = workplace({ log });
    const { told, calls } = worker(bus);
    await quiet();
    holds = true;
    await bus.send({ channelId: 'work', content: 'x' });
    await quiet();
    expect(told()).toEqual([]);
    held.shift()?.();
    await quiet();
    expect(told()).toEqual(['x 1']);
    expect(await onRecord(memory)).toMatchObject({ position: 0, held: [[1, { attempt: 1 }]] });
    calls[0]?.end();
    await quiet();
    expect(await onRecord(memory), 'not settled before it is on record').toMatchObject({ position: 0 });
    held.shift()?.();
    await quiet();
    expect(await onRecord(memory)).toMatchObject({ position: 1, held: [], done: [] });
  });

  test('messages that are done out of order are on record as such', async () => {
    const log = new MemoryLog();
    const { bus } = workplace({ log });
    const { calls } = worker(bus, { concurrency: 6 });
    await sendBlock(bus, 'work', numbers(1, 6));
    await quiet();
    const states: unknown[] = [];
    for (const at of [1, 3, 5, 2, 0, 4]) {
      await ended(calls.slice(at, at + 1));
      const { position, done } = (await onRecord(log)) as { position: number; done: unknown };
      states.push([position, done]);
    }
    expect(states).toEqual([
      [0, [[2, 2]]],
      [
        0,
        [
          [2, 2],
          [4, 4],
        ],
      ],
      [
        0,
        [
          [2, 2],
          [4, 4],
          [6, 6],
        ],
      ],
      [
        0,
        [
          [2, 4],
          [6, 6],
        ],
      ],
      [4, [[6, 6]]],
      [6, []],
    ]);
  });

  test('goes through more than the host sends at once', { timeout: 60_000 }, async () => {
    const { bus } = workplace();
    for (let block = 0; block < 70; block++) await sendBlock(bus, 'work', numbers(1, 256));
    const done = doer(bus, { concurrency: 64 });
    await until(() => done.length >= 70 * 256);
    expect(done).toEqual(Array.from({ length: 70 }, () => numbers(1, 256)).flat());
  });

  test('a member is asked again only for what it can take', async () => {
    const { bus } = workplace();
    const [slow, quick] = [worker(bus), doer(bus)];
    await sendBlock(bus, 'work', numbers(1, 6));
    await quiet();
    expect(slow.calls).toHaveLength(1);
    expect(quick).toHaveLength(5);
  });
});

describe('what a group leaves out', () => {
  test('what the filter does not let pass is acknowledged unseen', async () => {
    const log = new MemoryLog();
    const { bus } = workplace({ log });
    const done = doer(bus, { filter: { types: ['job'] } });
    for (const type of ['job', 'text', 'text', 'job', 'text'])
      await bus.send({ channelId: 'work', content: type, type });
    await sendBlock(bus, 'work', numbers(1, 300));
    await quiet();
    expect(done).toEqual(['job', 'job']);
    expect(await onRecord(log)).toMatchObject({ position: 305, held: [], done: [] });
    expect(await bus.admin.groups()).toMatchObject([{ lag: 0, pending: 0 }]);
  });

  test('what its filter passes over in a block goes at once, and what another member has stays its own', async () => {
    const log = new MemoryLog();
    const { bus } = workplace({ log });
    const filter = { types: ['job'] };
    const { calls, told } = worker(bus, { filter, concurrency: 2 });
    await Promise.all(
      numbers(1, 8).map((content) =>
        bus.send({ channelId: 'work', content, ...(content % 4 === 0 && { type: 'job' }) }),
      ),
    );
    await quiet();
    expect(told()).toEqual(['4 1', '8 1']);
    expect(await onRecord(log)).toMatchObject({ position: 3, done: [[5, 7]] });
    await ended(calls);
    expect(await onRecord(log)).toMatchObject({ position: 8, done: [] });
  });

  test('expired messages are passed over', async () => {
    const { bus, platform } = workplace();
    await bus.send({ channelId: 'work', content: 'stale', ttl: 50 });
    await bus.send({ channelId: 'work', content: 'fresh', ttl: 500 });
    platform.time += 100;
    const done = doer(bus);
    await quiet();
    expect(done).toEqual(['fresh']);
    expect(await bus.admin.deadLetters()).toEqual([]);
  });

  test('the messages of the bus itself are nobody’s work', async () => {
    const { bus } = workplace();
    const stream = bus.stream({ channelId: 'work' });
    stream.write('bit by bit');
    await stream.close();
    const done = doer(bus);
    await until(() => done.length > 0);
    await bus.send({ channelId: 'work', content: 2 });
    await quiet();
    expect(done).toEqual(['bit by bit', 2]);
    expect(await bus.admin.groups()).toMatchObject([{ pending: 0, lag: 0 }]);
  });

  test('a deleted message is not handed out, and one in hand stays there', async () => {
    const log = new MemoryLog();
    const { bus } = workplace({ log });
    const { calls, told } = worker(bus);
    const [first, second] = await sendBlock(bus, 'work', [1, 2, 3]);
    await quiet();
    await bus.deleteMessage(first?.id as string, 'work');
    await bus.deleteMessage(second?.id as string, 'work');
    await ended(calls);
    expect(told()).toEqual(['1 1', '3 1']);
    await ended(calls);
    expect(await onRecord(log)).toMatchObject({ position: 5, held: [] });
  });

  test('a message that is deleted while it waits for another attempt does not come again', async () => {
    const { bus, after } = workplace();
    const { calls, told } = worker(bus);
    const [first] = await sendBlock(bus, 'work', [1, 2]);
    await quiet();
    calls[0]?.fail();
    await quiet();
    await bus.deleteMessage(first?.id as string, 'work');
    await ended(calls);
    await after(30_000);
    expect(told()).toEqual(['1 1', '2 1']);
    expect(await bus.admin.groups()).toMatchObject([{ pending: 0, lag: 0 }]);
  });

  test('of a cleared channel only what is in hand goes on, and what comes after is handed out', async () => {
    const log = new MemoryLog();
    const { bus, after } = workplace({ log });
    const { calls, told } = worker(bus, { concurrency: 2 });
    await sendBlock(bus, 'work', numbers(1, 5));
    await quiet();
    calls[0]?.fail();
    await quiet();
    expect(told()).toEqual(['1 1', '2 1', '3 1']);
    await bus.clearChannel('work');
    await bus.send({ channelId: 'work', content: 'after' });
    await after(1000);
    await ended(calls);
    await ended(calls);
    expect(told()).toEqual(['1 1', '2 1', '3 1', 'after 1']);
    expect(await onRecord(log)).toMatchObject({ position: 7, held: [], again: [] });
  });

  test('what was cleared while nobody was there is not waited for', async () => {
    const log = new MemoryLog();
    const { bus, after } = workplace({ log });
    const first = worker(bus, { concurrency: 4 });
    await sendBlock(bus, 'work', numbers(1, 4));
    await quiet();
    await ended([first.calls[2] as Call]);
    await Promise.all([bus.close(), after(2000)]);
    const next = new MessageBusCore({ log });
    await next.clearChannel('work');
    await next.send({ channelId: 'work', content: 'after' });
    const done = doer(next);
    await quiet();
    expect(done).toEqual(['after']);
    expect(await onRecord(log)).toMatchObject({ position: 6, held: [], again: [], done: [] });
  });

  test(
    'where what would come next was dropped, it goes on with what there is; what is in hand stays so',
    { timeout: 60_000 },
    async () => {
      const log = new MemoryLog();
      const { bus } = workplace({ log });
      const [done, signals]: [number[], Attempt['signal'][]] = [[], []];
      const consumer = bus.consume('work', { group: 'w', concurrency: 16 }, ({ content, offset }, { signal }) => {
        if (content !== 'hangs') return void done.push(offset);
        signals.push(signal);
        return new Promise(() => undefined);
      });
      await bus.send({ channelId: 'work', content: 'hangs' });
      await quiet();
      consumer.pause();
      for (let block = 0; block < 80; block++) await sendBlock(bus, 'work', numbers(1, 256));
      await log.trim('work', 1 + 70 * 256);
      consumer.resume();
      await until(() => done.at(-1) === 1 + 80 * 256);
      expect(done).toEqual(numbers(2 + 70 * 256, 1 + 80 * 256));
      expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
      expect(await onRecord(log)).toMatchObject({ position: 1 + 80 * 256, held: [[1, { attempt: 1 }]] });
    },
  );
});

describe('a channel that was replaced by another of the same name', () => {
  test('is read from its start, and what was in hand of the old one is lost', async () => {
    const before = new MemoryLog();
    const old = workplace({ log: before });
    worker(old.bus, { concurrency: 2 });
    await sendBlock(old.bus, 'work', numbers(1, 5));
    await quiet();
    const { logId, held } = (await onRecord(before)) as unknown as GroupRecord;
    const owner = held[0]?.[1].owner as string;
    // The records were restored from a copy; what they speak of was not.
    const log = new MemoryLog();
    await log.save([...(await before.records(''))]);
    await sendBlock(new MessageBusCore({ log }), 'work', ['new']);
    const host = new LogHost(wrapped(log, {}), { host: 'process', why: 'A test.', durability: 'memory' });
    await host.recover(() => undefined);
    const [lost, handed]: [Ref[], Ref[]] = [[], []];
    const refs = [1, 2].map((offset) => ({ channelId: 'work', logId, offset, attempt: 1 }));
    const nothing = (): void => undefined;
    const backoff = { initial: 1, max: 1, factor: 1, jitter: false };
    const request = { group: 'w', pattern: 'work', from: 'earliest', lease: 1000, maxAttempts: 5, backoff } as const;
    const join = (clientId: string, slots: number, has: readonly Ref[]): HostMembership =>
      host.joinFor(
        clientId,
        1,
        { ...request, slots, ordered: false, since: 0 },
        { joined: nothing, failed: nothing, hand: (ref) => handed.push(ref), lost: (ref) => lost.push(ref) },
        has,
      );
    join('another', 0, []);
    join(owner.slice(0, owner.lastIndexOf('/')), 2, refs);
    await quiet();
    expect(lost).toEqual(refs);
    expect(handed).toEqual([{ channelId: 'work', logId: expect.any(String), offset: 1, attempt: 1 }]);
    expect(handed[0]?.logId).not.toBe(logId);
    await host.close();
  });
});

describe('messages that do not fit their schema', () => {
  test('are dead letters at once, and the others are handled', async () => {
    const log = new MemoryLog();
    const plain = new MessageBusCore({ log });
    await sendBlock(plain, 'n', ['not a number', 2]);
    const bus = new MessageBusCore({ log, schemas: { n: z.number() } });
    const dead: string[] = [];
    bus.on('deadLetter', ({ message, reason }) => dead.push(`${String(message.content)}: ${reason.slice(0, 8)}`));
    const done: number[] = [];
    bus.consume('n', { group: 'w' }, ({ content }) => void done.push(content));
    await quiet();
    expect(done).toEqual([2]);
    expect(dead).toEqual(['not a number: content:']);
    expect(await plain.admin.deadLetters()).toMatchObject([{ group: 'w', attempts: 1, message: { offset: 1 } }]);
  });
});

describe('where a group begins', () => {
  test.each(['work', 'wo*'])('a new group begins with the earliest of %s, or now', async (channel) => {
    const { bus } = workplace();
    await bus.send({ channelId: 'work', content: 'before' });
    const [earliest, now] = [doer(bus, {}, channel), doer(bus, { group: 'now', from: 'now' }, channel)];
    await bus.send({ channelId: 'work', content: 'in the same turn' });
    await quiet();
    await bus.send({ channelId: 'work', content: 'after' });
    await quiet();
    expect(earliest).toEqual(['before', 'in the same turn', 'after']);
    expect(now).toEqual(['in the same turn', 'after']);
  });

  test('a group that has been there goes on where it was, whatever it says now', async () => {
    const log = new MemoryLog();
    for (const from of ['now', 'earliest', 'now'] as const) {
      const { bus } = workplace({ log });
      const done = doer(bus, { from });
      await quiet();
      await bus.send({ channelId: 'work', content: from });
      await quiet();
      expect(done).toEqual([from]);
      await bus.close();
    }
    const { bus } = workplace({ log });
    await bus.send({ channelId: 'work', content: 'missed' });
    const done = doer(bus, { from: 'now' });
    await quiet();
    expect(done).toEqual(['missed']);
  });

  test.each(['new', 'n*'])('a channel made while nobody was there is read from its start: by %s', async (channel) => {
    const log = new MemoryLog();
    const first = workplace({ log });
    doer(first.bus, { from: 'now' }, channel);
    await quiet();
    await first.bus.close();
    const { bus } = workplace({ log });
    await sendBlock(bus, 'new', [1, 2, 3]);
    const done = doer(bus, { from: 'now' }, channel);
    await quiet();
    expect(done).toEqual([1, 2, 3]);
  });

  test('a channel that comes while a pattern is listened to is read from its start', async () => {
    const { bus } = workplace();
    const done = doer(bus, {}, 'n*');
    await quiet();
    await sendBlock(bus, 'n1', [1]);
    await sendBlock(bus, 'n2', [2]);
    await sendBlock(bus, 'other', [3]);
    await quiet();
    expect(done).toEqual([1, 2]);
  });

  test(
    'a channel that was cleared before the group came to read it is read from there',
    { timeout: 60_000 },
    async () => {
      const { bus } = workplace();
      const { consumer, calls } = worker(bus, { concurrency: 256 }, 'n*');
      await quiet();
      consumer.pause();
      // More than is read ahead: what comes after it waits.
      for (let block = 0; block < 65; block++) await sendBlock(bus, 'n1', numbers(1, 256));
      await sendBlock(bus, 'n2', ['cleared']);
      await bus.clearChannel('n2');
      await sendBlock(bus, 'n2', ['after']);
      consumer.resume();
      await until(() => {
        for (const call of calls) call.end();
        return calls.some(({ content }) => content === 'after');
      });
      expect(calls.some(({ content }) => content === 'cleared')).toBe(false);
    },
  );

  test('patterns of one group that overlap hand out each message once', async () => {
    const { bus } = workplace();
    await sendBlock(bus, 'ab', [1, 2]);
    const [a, b, both] = [doer(bus, {}, 'a*'), doer(bus, {}, '*b'), doer(bus, {}, 'ab')];
    await quiet();
    await sendBlock(bus, 'ab', numbers(3, 20));
    await sendBlock(bus, 'ax', ['only a']);
    await quiet();
    expect(sorted([...a, ...b, ...both].filter((content) => content !== 'only a'))).toEqual(numbers(1, 20));
    expect(a).toContain('only a');
  });

  test('one of two overlapping patterns may go, and the other goes on', async () => {
    const { bus } = workplace();
    const [one, other] = [worker(bus, { concurrency: 100 }, 'a*'), worker(bus, { concurrency: 100 }, 'ab')];
    await sendBlock(bus, 'ab', numbers(1, 4));
    await quiet();
    await ended([...one.calls, ...other.calls]);
    await one.consumer.close();
    await sendBlock(bus, 'ab', [5, 6]);
    await sendBlock(bus, 'ax', ['nobody is there']);
    await quiet();
    expect(sorted([...one.calls, ...other.calls].map(({ content }) => content))).toEqual(numbers(1, 6));
    const late = worker(bus, {}, 'a*');
    await quiet();
    expect(late.told()).toEqual(['nobody is there 1']);
  });
});

describe('a group outlives the bus', () => {
  test('its position, what was done and what waits are there for the next one', async () => {
    const log = new MemoryLog();
    const first = workplace({ log });
    const { calls } = worker(first.bus, { concurrency: 4 });
    await sendBlock(first.bus, 'work', numbers(1, 6));
    await quiet();
    await ended([calls[0] as Call, calls[2] as Call]);
    calls[1]?.fail();
    await quiet();
    await Promise.all([first.bus.close(), first.after(2000)]);
    const next = workplace({ log });
    const work = worker(next.bus, { concurrency: 10 });
    await quiet();
    expect(work.calls).toHaveLength(3);
    await next.after(100);
    // Those that were in hand come again with the next number: their handlers may have done half of it.
    expect(work.told().toSorted()).toEqual(['2 2', '4 2', '5 2', '6 2']);
  });

  test('what it passed over between what it has not handled stays passed over', async () => {
    const log = new MemoryLog();
    const filter = { types: ['job'] };
    const first = workplace({ log });
    worker(first.bus, { filter });
    await Promise.all(
      numbers(1, 9).map((content) =>
        first.bus.send({ channelId: 'work', content, ...(content % 3 === 0 && { type: 'job' }) }),
      ),
    );
    await quiet();
    await Promise.all([first.bus.close(), first.after(2000)]);
    expect(await onRecord(log)).toMatchObject({
      position: 2,
      done: [
        [4, 5],
        [7, 8],
      ],
    });
    const next = workplace({ log });
    const done = doer(next.bus, { filter });
    await next.after(100);
    expect(done).toEqual([3, 6, 9]);
    expect(await onRecord(log)).toMatchObject({ position: 9, done: [] });
  });

  test('a member of a process that died is nobody: what it had comes to another at once', async () => {
    const log = new MemoryLog();
    const dead = workplace({ log: wrapped(log, {}) });
    worker(dead.bus, { concurrency: 2 });
    await sendBlock(dead.bus, 'work', [1, 2, 3]);
    await quiet();
    const { bus } = workplace({ log });
    const work = worker(bus, { concurrency: 5 });
    await quiet();
    expect(work.told().toSorted()).toEqual(['1 2', '2 2', '3 1']);
  });

  test('what was given out too often and never finished is a dead letter, not handed out again', async () => {
    const log = new MemoryLog();
    for (const attempt of [1, 2]) {
      const dying = workplace({ log: wrapped(log, {}) });
      const { told } = worker(dying.bus, { maxAttempts: 2 });
      if (attempt === 1) await dying.bus.send({ channelId: 'work', content: 'kills' });
      await quiet();
      expect(told()).toEqual([`kills ${attempt}`]);
    }
    const { bus } = workplace({ log });
    const { told } = worker(bus, { maxAttempts: 2 });
    await bus.send({ channelId: 'work', content: 'next' });
    await quiet();
    expect(told()).toEqual(['next 1']);
    expect(await bus.admin.deadLetters()).toMatchObject([{ message: { content: 'kills' }, attempts: 2 }]);
  });

  test('of two buses over one log both work, and one takes over what the other had when it is closed', async () => {
    const log = new MemoryLog();
    const [one, two] = [workplace({ log }), workplace({ log })];
    const [first, second] = [worker(one.bus), worker(two.bus)];
    await sendBlock(one.bus, 'work', [1, 2]);
    await quiet();
    expect([...first.told(), ...second.told()].toSorted()).toEqual(['1 1', '2 1']);
    await Promise.all([one.bus.close(), one.after(2000)]);
    await ended(second.calls);
    const had = String(first.calls[0]?.content);
    expect(second.told()).toEqual([expect.stringMatching(/ 1$/), `${had} 2`]);
  });
});

describe('a member', () => {
  test('takes nothing while it is paused, and what is in hand goes on', async () => {
    const { bus } = workplace();
    const { consumer, calls, told } = worker(bus);
    await sendBlock(bus, 'work', [1, 2]);
    await quiet();
    consumer.pause();
    await ended(calls);
    expect(told()).toEqual(['1 1']);
    expect(await bus.admin.groups()).toMatchObject([{ members: 1, pending: 0, lag: 1 }]);
    consumer.resume();
    await quiet();
    expect(told()).toEqual(['1 1', '2 1']);
  });

  test('that is closed waits for what is in hand; what is left comes to the others', async () => {
    const { bus } = workplace();
    const leaving = worker(bus, { concurrency: 2 });
    await sendBlock(bus, 'work', [1, 2, 3]);
    await quiet();
    let isClosed = false;
    const closing = leaving.consumer.close().then(() => (isClosed = true));
    expect(leaving.consumer.close()).toBe(leaving.consumer.close());
    leaving.consumer.resume();
    leaving.calls[0]?.end();
    await quiet();
    expect([isClosed, leaving.told()]).toEqual([false, ['1 1', '2 1']]);
    const other = worker(bus);
    await quiet();
    expect(other.told()).toEqual(['3 1']);
    leaving.calls[1]?.end();
    await closing;
    await leaving.consumer[Symbol.asyncDispose]();
  });

  test('that is closed while messages are on their way to it never gets them: others do, at once', async () => {
    const memory = new MemoryLog();
    const held: (() => void)[] = [];
    let holds = false;
    const log = wrapped(memory, {
      save: async (records) => {
        if (holds) await new Promise<void>((resolve) => held.push(resolve));
        await memory.save(records);
      },
    });
    const { bus } = workplace({ log });
    const leaving = worker(bus, { concurrency: 2 });
    await quiet();
    holds = true;
    await sendBlock(bus, 'work', [1, 2]);
    await quiet();
    expect(held).toHaveLength(1);
    await leaving.consumer.close();
    const other = doer(bus, { concurrency: 2 });
    holds = false;
    held.shift()?.();
    await quiet();
    await quiet();
    expect([leaving.told(), other]).toEqual([[], [1, 2]]);
  });

  test('that leaves before it has joined never works', async () => {
    const { bus } = workplace();
    const { consumer, told } = worker(bus);
    await consumer.close();
    await bus.send({ channelId: 'work', content: 1 });
    await quiet();
    expect(told()).toEqual([]);
    expect(await bus.admin.groups()).toMatchObject([{ members: 0 }]);
  });

  test('stops with its signal, and what is in hand is told so', async () => {
    const { bus } = workplace();
    const abort = new AbortController();
    const { calls, told } = worker(bus, { signal: abort.signal });
    await sendBlock(bus, 'work', [1, 2]);
    await quiet();
    abort.abort();
    expect(calls[0]?.attempt.signal.aborted).toBe(true);
    await ended(calls);
    expect(told()).toEqual(['1 1']);
    const never = worker(bus, { signal: AbortSignal.abort() });
    await quiet();
    expect(never.told()).toEqual([]);
  });

  test('replies in the name of the bus, and says so once however often it runs', async () => {
    const { bus, after } = workplace({ author: 'ann' });
    bus.consume(
      'work',
      { group: 'w', filter: { types: ['question'] } },
      async (message, { reply, attempt, position }) => {
        await reply(`answer to ${String(message.content)} at ${position.offset}`);
        if (attempt === 1) throw new Error('after all');
      },
    );
    const { id } = await bus.send({ channelId: 'work', content: 'why', type: 'question' });
    await quiet();
    await after(100);
    const [, ...answers] = await bus.history('work');
    expect(answers).toMatchObject([{ content: 'answer to why at 1', inReplyTo: id, authorId: 'ann', hops: 1 }]);
  });

  test('goes on when a message of its cannot be fetched: it comes again', async () => {
    const memory = new MemoryLog();
    let isBroken = false;
    const read: Log['read'] = (...asked) =>
      isBroken && asked[2] === 1 ? Promise.reject(new Error('cannot read')) : memory.read(...asked);
    const { bus, after } = workplace({ log: wrapped(memory, { read }) });
    const done = doer(bus);
    await quiet();
    isBroken = true;
    await bus.send({ channelId: 'work', content: 1 });
    await quiet();
    isBroken = false;
    expect(done).toEqual([]);
    await after(100);
    expect(done).toEqual([1]);
  });

  test('of a group whose channel cannot be read is told so', async () => {
    const memory = new MemoryLog();
    let isBroken = true;
    const read: Log['read'] = (...asked) =>
      isBroken ? Promise.reject(new Error('cannot read')) : memory.read(...asked);
    const { bus } = workplace({ log: wrapped(memory, { read }) });
    const errors: string[] = [];
    bus.on('error', ({ code }) => errors.push(code));
    const failed = worker(bus);
    await quiet();
    expect(errors).toEqual(['HOST_LOST']);
    isBroken = false;
    await failed.consumer.close();
    const done = doer(bus);
    await bus.send({ channelId: 'work', content: 1 });
    await quiet();
    expect(done).toEqual([1]);
  });

  test('of a group that cannot be joined is told so, and the next one joins', async () => {
    const memory = new MemoryLog();
    let isBroken = true;
    const records: Log['records'] = (prefix) =>
      isBroken && prefix.startsWith('group:') ? Promise.reject(new Error('disk on fire')) : memory.records(prefix);
    const { bus } = workplace({ log: wrapped(memory, { records }) });
    const errors: string[] = [];
    bus.on('error', ({ message }) => errors.push(message));
    const failed = worker(bus);
    await quiet();
    expect(errors).toEqual([expect.stringMatching(/^Group "w" could not be joined: disk on fire/)]);
    isBroken = false;
    await failed.consumer.close();
    const done = doer(bus);
    await bus.send({ channelId: 'work', content: 1 });
    await quiet();
    expect(done).toEqual([1]);
  });
});

describe('a place where nothing can be saved', () => {
  test('holds everything up, and loses nothing', async () => {
    const memory = new MemoryLog();
    let isFull = false;
    const log = wrapped(memory, {
      save: (records) => (isFull ? Promise.reject(new Error('full')) : memory.save(records)),
    });
    const { bus, after } = workplace({ log });
    const { calls, told, consumer } = worker(bus, { maxAttempts: 1 });
    await sendBlock(bus, 'work', [1, 2, 3]);
    await quiet();
    isFull = true;
    calls[0]?.fail('poison');
    await quiet();
    expect(told()).toEqual(['1 1']);
    expect(await bus.admin.deadLetters()).toEqual([]);
    await after(1000);
    expect(told()).toEqual(['1 1']);
    isFull = false;
    await after(1000);
    expect(told()).toEqual(['1 1', '2 1']);
    expect(await bus.admin.deadLetters()).toMatchObject([{ reason: 'poison' }]);
    calls[1]?.end();
    await quiet();
    calls[2]?.end();
    await consumer.close();
    expect(await onRecord(memory)).toMatchObject({ position: 3, held: [] });
  });
});

describe('admin.groups', () => {
  test('counts members, what is under way and what was not handed out, by channel', async () => {
    const { bus } = workplace();
    const wide = worker(bus, { concurrency: 2 }, '*');
    const narrow = worker(bus, {}, 'a');
    await sendBlock(bus, 'a', numbers(1, 6));
    await sendBlock(bus, 'b', [1]);
    await quiet();
    for (const [at, call] of [...wide.calls, ...narrow.calls].entries()) if (at === 0) call.fail();
    await quiet();
    const groups = await bus.admin.groups();
    const of = (channelId: string) => groups.find((info) => info.channelId === channelId);
    expect(groups).toHaveLength(2);
    expect(of('a')).toMatchObject({ group: 'w', members: 2 });
    expect(of('b')).toMatchObject({ group: 'w', members: 1 });
    const counted = groups.reduce((sum, { pending, lag }) => sum + pending + lag, 0);
    expect(counted).toBe(7);
    expect(await bus.admin.groups('b')).toEqual([of('b')]);
  });

  test('of a group that nobody is in says how far it is', async () => {
    const log = new MemoryLog();
    const first = workplace({ log });
    const done = doer(first.bus);
    await sendBlock(first.bus, 'work', [1, 2]);
    await quiet();
    expect(done).toHaveLength(2);
    await first.bus.close();
    const { bus } = workplace({ log });
    await sendBlock(bus, 'work', [3, 4, 5]);
    expect(await bus.admin.groups()).toEqual([{ group: 'w', channelId: 'work', members: 0, pending: 0, lag: 3 }]);
  });
});

describe('consume', () => {
  const handler = (): void => undefined;

  test.each<[string, unknown]>([
    ['no options', undefined],
    ['no group', {}],
    ['an empty group', { group: '' }],
    ['a group that is no text', { group: 5 }],
    ['a group with a null character', { group: 'a\u0000b' }],
    ['a group of more than 4096 characters', { group: 'x'.repeat(4097) }],
    ['a beginning that is none', { group: 'w', from: 'yesterday' }],
    ['a concurrency of 0', { group: 'w', concurrency: 0 }],
    ['a concurrency of a half', { group: 'w', concurrency: 0.5 }],
    ['a concurrency that is no number', { group: 'w', concurrency: '3' }],
    ['a lease of 0', { group: 'w', lease: 0 }],
    ['a lease without end', { group: 'w', lease: Infinity }],
    ['half an attempt', { group: 'w', maxAttempts: 1.5 }],
    ['no attempts', { group: 'w', maxAttempts: Number.NaN }],
    ['a negative wait', { group: 'w', backoff: { initial: -1 } }],
    ['a wait that is no number', { group: 'w', backoff: { max: '1s' } }],
    ['a factor that is no number', { group: 'w', backoff: { factor: Number.NaN } }],
  ])('refuses %s', async (_, options) => {
    const { bus } = workplace();
    const error = await failure(() => bus.consume('work', options as ConsumeOptions, handler));
    expect(error).toMatchObject({ code: 'INVALID_INPUT' });
    expect(error['message']).toMatch(/^consume: /);
    expect(await bus.admin.groups()).toEqual([]);
  });

  test('refuses no handler, and no channel', async () => {
    const { bus } = workplace();
    expect(await failure(() => bus.consume('work', { group: 'w' }, 5 as never))).toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(await failure(() => bus.consume('', { group: 'w' }, handler))).toMatchObject({ code: 'INVALID_CHANNEL' });
    await bus.close();
    expect(await failure(() => bus.consume('work', { group: 'w' }, handler))).toMatchObject({ code: 'CLOSED' });
  });
});

test('a group whose host closes in the turn in which there is work hands out nothing', async () => {
  const log = new MemoryLog();
  const host = new LogHost(log, { host: 'process', why: '', durability: 'memory' });
  const handed: unknown[] = [];
  const nothing = (): void => undefined;
  const sink = { joined: nothing, hand: (ref: unknown) => void handed.push(ref), lost: nothing, failed: nothing };
  const request = {
    group: 'w',
    pattern: 'a',
    from: 'earliest',
    since: 1,
    lease: 1000,
    slots: 0,
    maxAttempts: 1,
  } as const;
  const backoff = { initial: 0, max: 0, factor: 1, jitter: false };
  const membership = host.join({ ...request, ordered: false, backoff }, sink);
  await log.append([{ block: blockOf('a', [1]) }]);
  await quiet();
  membership.slots(1);
  await host.close();
  await quiet();
  expect(handed).toEqual([]);
});

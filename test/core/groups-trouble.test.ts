// What goes wrong around a group: the disk, the log, a member that is frozen.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Log } from 'busline/core';
import { createTestBus } from 'busline/testing';
import { expect, test } from 'vitest';
import { LogHost } from '../../src/core/log-host.ts';
import { quiet, testPlatform, until, wrapped } from './support.ts';

test('while the disk is full nothing is handed out, and no attempt is counted', async () => {
  const platform = testPlatform();
  const log = new MemoryLog(platform);
  let full = false;
  const save: Log['save'] = (records) => (full ? Promise.reject(new Error('full')) : log.save(records));
  const bus = new MessageBusCore({ platform, log: wrapped(log, { save }) });
  const handled: (readonly [unknown, number])[] = [];
  bus.consume('work', { group: 'g' }, ({ content }, { attempt }) => void handled.push([content, attempt]));
  await quiet();
  full = true;
  for (let n = 0; n < 3; n++) await bus.send({ channelId: 'work', content: n });
  for (let second = 0; second < 400; second++) {
    platform.advance(1000);
    await quiet();
  }
  expect(handled).toEqual([]);
  full = false;
  platform.advance(1000);
  await until(() => handled.length === 3);
  expect(handled).toEqual([0, 1, 2].map((n) => [n, 1]));
});

test('what could not be read is read again', async () => {
  const platform = testPlatform();
  const log = new MemoryLog(platform);
  let fails = 1;
  const read: Log['read'] = (...asked) => (fails-- > 0 ? Promise.reject(new Error('a fault')) : log.read(...asked));
  const bus = new MessageBusCore({ platform, log: wrapped(log, { read }) });
  const handled: unknown[] = [];
  bus.consume('work', { group: 'g' }, ({ content }) => void handled.push(content));
  await quiet();
  await bus.send({ channelId: 'work', content: 1 });
  await quiet();
  expect(handled).toEqual([]);
  platform.advance(1000);
  await until(() => handled.length === 1);
});

test('one that nobody waits for is not read again', async () => {
  const platform = testPlatform();
  const log = new MemoryLog(platform);
  let reads = 0;
  const read: Log['read'] = () => {
    reads += 1;
    return Promise.reject(new Error('a fault'));
  };
  const bus = new MessageBusCore({ platform, log: wrapped(log, { read }) });
  const consumer = bus.consume('work', { group: 'g' }, () => undefined);
  await quiet();
  await consumer.close();
  const before = reads;
  platform.advance(1000);
  await quiet();
  expect(reads).toBe(before);
});

test('a reader that lags behind another of the same group does not bring back what was cleared and handled', async () => {
  const log = new MemoryLog();
  let open = (): void => undefined;
  let gate: Promise<void> = Promise.resolve();
  const channels: Log['channels'] = () => gate.then(() => log.channels());
  const bus = new MessageBusCore({ log: wrapped(log, { channels }) });
  const handled: unknown[] = [];
  const handle = ({ content }: { readonly content: unknown }): void => void handled.push(content);
  bus.consume('work', { group: 'g' }, handle);
  await bus.consume('wo*', { group: 'g' }, handle).close();
  for (let n = 0; n < 5; n++) await bus.send({ channelId: 'work', content: n });
  await until(() => handled.length === 5);
  gate = new Promise((resolve) => (open = resolve));
  bus.consume('wo*', { group: 'g' }, handle);
  await bus.send({ channelId: 'work', content: 5 });
  await bus.clearChannel('work');
  for (let n = 6; n < 10; n++) await bus.send({ channelId: 'work', content: n });
  open();
  await until(() => handled.length >= 10);
  await quiet();
  expect(handled.toSorted((a, b) => Number(a) - Number(b))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a tab that is frozen with a message of an ordered group is passed over from then on, until it says something', async () => {
  const { tabs, freeze, thaw, advance, close } = createTestBus();
  const [first, second] = tabs;
  const handled: string[] = [];
  const adapter = (tab: string) => ({
    name: 'a',
    channels: ['work'],
    onMessage: ({ content }: { readonly content: unknown }): void => void handled.push(`${tab}: ${String(content)}`),
  });
  first.use(adapter('first'));
  await advance(1);
  second.use(adapter('second'));
  await second.send({ channelId: 'work', content: 1 });
  await advance(1);
  freeze(0);
  await second.send({ channelId: 'work', content: 2 });
  await advance(125_000);
  await second.send({ channelId: 'work', content: 3 });
  await advance(1);
  expect(handled).toEqual(['first: 1', 'second: 2', 'second: 3']);
  thaw(0);
  await advance(1);
  await close();
});

test('a member that is away again before it has joined is handed nothing', async () => {
  const log = new MemoryLog();
  const bus = new MessageBusCore({ log });
  await bus.send({ channelId: 'work', content: 1 });
  const host = new LogHost(log, { host: 'process', why: 'A test.', durability: 'memory' });
  const backoff = { initial: 1, max: 1, factor: 1, jitter: false };
  const request = { group: 'g', pattern: 'work', from: 'earliest', slots: 1, lease: 1000, maxAttempts: 1 } as const;
  const told: string[] = [];
  const sink = {
    joined: () => told.push('joined'),
    hand: () => told.push('hand'),
    lost: () => told.push('lost'),
    failed: () => told.push('failed'),
  };
  host.joinFor('client', 1, { ...request, backoff, ordered: false, since: 0 }, sink, []).detach();
  await quiet();
  await quiet();
  expect(told).toEqual([]);
  await host.close();
});

// How a bus ends, and what it says of itself while it lives.
import { MemoryLog, MessageBusCore } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { HostedBus } from '../../src/core/bus.ts';
import { failure, heard, HeldHost, numbers, quiet, sendBlock, testPlatform } from './support.ts';

describe('close', () => {
  test('waits for what is not acknowledged, then lets go of the host', async () => {
    const host = new HeldHost();
    const platform = testPlatform();
    const bus = new HostedBus(host, { platform });
    const sending = bus.send({ channelId: 'a', content: 1 });
    const closing = bus.close();
    await quiet();
    expect(host.closed).toBe(false);
    host.pushed[0]?.settle();
    expect((await sending).offset).toBe(1);
    await closing;
    expect(host.closed).toBe(true);
    expect(platform.timers.size).toBe(0);
  });

  test('waits two seconds and no longer; then every promise settles', async () => {
    const host = new HeldHost();
    const platform = testPlatform();
    const bus = new HostedBus(host, { platform });
    const sendings: Promise<unknown>[] = [];
    for (const content of numbers(1, 33)) {
      sendings.push(bus.send({ channelId: 'a', content, id: `id-${content}` }));
      await quiet();
    }
    const closing = bus.close();
    platform.advance(1999);
    await quiet();
    expect(host.closed).toBe(false);
    platform.advance(1);
    await closing;
    const errors = await Promise.all(sendings.map((sending) => failure(sending)));
    expect(errors.map(({ code, accepted }) => [code, accepted])).toEqual([
      ...numbers(1, 32).map(() => ['CLOSED', 'unknown']),
      ['CLOSED', false],
    ]);
    expect(String(errors[0]?.['message']).match(/\[CLOSED\]/g)).toHaveLength(1);
    await quiet();
    expect(bus.status.getSnapshot().outbox).toBe(0);
    for (const pushed of host.pushed) pushed.settle();
    await quiet();
    expect(bus.status.getSnapshot().outbox).toBe(0);
    expect(host.pushed).toHaveLength(32);
  });

  test('also settles what is sent while it goes on', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host, { platform: testPlatform() });
    const first = bus.send({ channelId: 'a', content: 1 });
    await quiet();
    const closing = bus.close();
    const late = [
      bus.send({ channelId: 'b', content: 2 }, { ephemeral: true }),
      bus.send({ channelId: 'b', content: 3 }),
    ];
    await quiet();
    for (const pushed of host.pushed) pushed.settle();
    await closing;
    const settled = await Promise.allSettled([first, ...late]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  });

  test('refuses an ephemeral message that had no turn any more', async () => {
    const host = new HeldHost();
    const platform = testPlatform();
    const tasks: (() => void)[] = [];
    const bus = new HostedBus(host, {
      platform: { ...platform, defer: (task) => void tasks.push(task), timer: (_, task) => (task(), () => undefined) },
    });
    const sending = bus.send({ channelId: 'a', content: 1 }, { ephemeral: true });
    await bus.close();
    expect(await failure(sending)).toMatchObject({ code: 'CLOSED', accepted: false });
    for (const task of tasks) task();
    expect(host.casts).toEqual([]);
  });

  test('may be called again, and by dispose', async () => {
    const bus = new MessageBusCore();
    expect(bus.close()).toBe(bus.close());
    await bus[Symbol.asyncDispose]();
    expect(bus.status.getSnapshot().host).toBe('closed');
  });

  test('ends subscriptions and adapters', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const got = heard(bus, 'a');
    let detached = 0;
    bus.use({ name: 'x', onMessage: () => undefined, detach: () => (detached += 1) });
    const starting = bus.subscribe('a', () => undefined);
    let aborted = false;
    bus.subscribe('a', (_, { signal }) => signal.addEventListener('abort', () => (aborted = true)));
    await bus.send({ channelId: 'a', content: 1 });
    const never = bus.subscribe('b', () => undefined);
    await bus.close();
    await starting.ready;
    await never.ready.catch(() => undefined);
    expect([detached, aborted, bus.getAdapters(), got.length]).toEqual([1, true, [], 1]);
    await new MessageBusCore({ log }).send({ channelId: 'a', content: 2 });
    expect(got).toHaveLength(1);
  });

  test('tells subscriptions that were not ready', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    const subscription = bus.subscribe('a', () => undefined);
    await bus.close();
    expect(await failure(subscription.ready)).toMatchObject({ code: 'CLOSED' });
    expect(host.opened[0]?.closed).toBe(1);
  });

  test('leaves a bus that refuses everything', async () => {
    const bus = new MessageBusCore();
    await bus.close();
    const refused: [string, Promise<unknown> | (() => unknown)][] = [
      ['send', bus.send({ channelId: 'a', content: 1 })],
      ['sendControl', bus.sendControl('a', 'x')],
      ['subscribe', () => bus.subscribe('a', () => undefined)],
      ['messages', () => bus.messages('a')[Symbol.asyncIterator]()],
      ['history', bus.history('a')],
      ['use', () => bus.use({ name: 'x' })],
      ['on', () => bus.on('message', () => undefined)],
      ['channels', bus.admin.channels()],
    ];
    for (const [name, action] of refused) {
      const error = await failure(action);
      expect([name, error['code'], error['accepted']]).toEqual([name, 'CLOSED', false]);
      expect(error['message']).toMatch(/^The bus is closed\. \[CLOSED\] This bus was closed; create a new one\.$/);
    }
    expect(bus.getSubscriberCount('a')).toBe(0);
  });
});

describe('status', () => {
  test('says where the bus runs and how much is not stored yet', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    expect(bus.status.getSnapshot()).toEqual(host.status.getSnapshot());
    for (const content of [1, 2, 3]) void bus.send({ channelId: 'a', content });
    await quiet();
    expect(bus.status.getSnapshot()).toMatchObject({ host: 'process', durability: 'memory', outbox: 3, sync: 'off' });
    host.pushed[0]?.settle();
    await quiet();
    expect(bus.status.getSnapshot().outbox).toBe(0);
    expect(new MessageBusCore().status.getSnapshot()).toEqual({
      host: 'process',
      why: 'The bus runs in this process.',
      tabs: 1,
      durability: 'memory',
      outbox: 0,
      sync: 'off',
    });
  });

  test('is the same object while nothing changed, and nobody is told', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    const snapshot = bus.status.getSnapshot();
    let told = 0;
    bus.status.subscribe(() => (told += 1));
    await bus.send({ channelId: 'a', content: 1 }, { ephemeral: true });
    bus.send({ channelId: '', content: 1 }).catch(() => undefined);
    host.status.set({ ...host.status.getSnapshot() });
    await quiet();
    expect(bus.status.getSnapshot()).toBe(snapshot);
    expect(told).toBe(0);
  });

  test('is told once a turn at the most, until one stops listening', async () => {
    const bus = new MessageBusCore();
    const outboxes: number[] = [];
    const stop = bus.status.subscribe(() => outboxes.push(bus.status.getSnapshot().outbox));
    await sendBlock(bus, 'a', numbers(1, 1000));
    await quiet();
    expect(outboxes.length).toBeLessThan(20);
    expect(outboxes.at(-1)).toBe(0);
    const count = outboxes.length;
    stop();
    await bus.send({ channelId: 'a', content: 1 });
    await quiet();
    expect(outboxes).toHaveLength(count);
  });

  test('follows what the host tells of itself; on a server it is what it was first', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    host.status.set({ ...host.status.getSnapshot(), tabs: 3 });
    await quiet();
    expect(bus.status.getSnapshot().tabs).toBe(3);
    expect(bus.status.getServerSnapshot().tabs).toBe(1);
  });
});

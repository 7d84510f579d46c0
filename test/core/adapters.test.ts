// Adapters: what plugs into a bus, hears it message by message, and goes on where it stopped.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Adapter, BusError, Log, Message } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { HostedBus } from '../../src/core/bus.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { contents, failure, HeldHost, numbers, quiet, sendBlock, testPlatform, wrapped } from './support.ts';

interface Recorder extends Adapter {
  readonly got: Message[];
}

interface Copy {
  readonly bus: MessageBusCore;
  readonly adapter: Recorder;
}

const recorder = (name: string, more: Partial<Adapter> = {}): Recorder => {
  const got: Message[] = [];
  return { name, onMessage: (message) => void got.push(message), ...more, got };
};

describe('an adapter', () => {
  test('hears every channel, or those it names', async () => {
    const bus = new MessageBusCore();
    const [all, some] = [recorder('all'), recorder('some', { channels: ['a', 'x*'] })];
    expect(bus.use(all).use(some)).toBe(bus);
    await quiet();
    for (const channelId of ['a', 'b', 'x1']) await bus.send({ channelId, content: channelId });
    await quiet();
    expect(contents(all.got)).toEqual(['a', 'b', 'x1']);
    expect(contents(some.got)).toEqual(['a', 'x1']);
  });

  test('is attached to the bus first, and then hears all that came since it was given to `use`', async () => {
    const bus = new MessageBusCore();
    const order: unknown[] = [];
    let attached = (): void => undefined;
    bus.use({
      name: 'x',
      attach: (to) => {
        order.push(to === bus);
        return new Promise<void>((resolve) => (attached = resolve));
      },
      onMessage: ({ content }) => order.push(content),
    });
    await bus.send({ channelId: 'a', content: 'before' });
    await quiet();
    expect(order).toEqual([true]);
    attached();
    await quiet();
    await bus.send({ channelId: 'a', content: 'after' });
    await quiet();
    expect(order).toEqual([true, 'before', 'after']);
  });

  test('handles one message at a time', async () => {
    const bus = new MessageBusCore();
    const done: (() => void)[] = [];
    const got: unknown[] = [];
    bus.use({
      name: 'x',
      onMessage: ({ content }) => {
        got.push(content);
        return new Promise<void>((resolve) => done.push(resolve));
      },
    });
    await quiet();
    await sendBlock(bus, 'a', [1, 2, 3]);
    for (const so_far of [[1], [1, 2], [1, 2, 3]]) {
      await quiet();
      expect(got).toEqual(so_far);
      done.shift()?.();
    }
  });

  test('answers through its delivery, in the name of the bus', async () => {
    const bus = new MessageBusCore({ author: 'ann' });
    bus.use({
      name: 'x',
      onMessage: async (message, delivery) => void (message.content === '?' && (await delivery.reply('!'))),
    });
    const question = await bus.send({ channelId: 'a', content: '?' });
    await quiet();
    expect((await bus.history('a'))[1]).toMatchObject({ content: '!', inReplyTo: question.id, authorId: 'ann' });
  });

  test('has a name that no other has', async () => {
    const bus = new MessageBusCore();
    bus.use({ name: 'x' }).use({ name: 'y' });
    expect(bus.getAdapters()).toEqual(['x', 'y']);
    const error = await failure(() => bus.use({ name: 'x' }));
    expect(error['code']).toBe('ADAPTER_EXISTS');
    expect(error['message']).toMatch(/^There is an adapter "x" already\./);
    for (const nameless of [{ name: '' }, {}, undefined]) {
      expect(await failure(() => bus.use(nameless as Adapter))).toMatchObject({ code: 'INVALID_INPUT' });
    }
    expect(await failure(() => bus.use({ name: 'z', channels: [''] }))).toMatchObject({ code: 'INVALID_CHANNEL' });
    expect(bus.getAdapters()).toEqual(['x', 'y']);
  });

  test('that is removed is detached and hears no more, not even what lay in its queue', async () => {
    const bus = new MessageBusCore();
    const order: unknown[] = [];
    let release = (): void => undefined;
    bus.use({
      name: 'x',
      onMessage: ({ content }) => {
        order.push(content);
        return new Promise<void>((resolve) => (release = resolve));
      },
      detach: () => order.push('detached'),
    });
    await quiet();
    await sendBlock(bus, 'a', [1, 2, 3]);
    await quiet();
    expect(bus.removeAdapter('x')).toBe(true);
    expect(bus.removeAdapter('x')).toBe(false);
    release();
    await bus.send({ channelId: 'a', content: 4 });
    await quiet();
    expect(order).toEqual([1, 'detached']);
    expect(bus.getAdapters()).toEqual([]);
  });

  test('that is removed while it is being attached hears nothing', async () => {
    const bus = new MessageBusCore();
    const adapter = recorder('x');
    bus.use(adapter);
    bus.clearAdapters();
    await quiet();
    await bus.send({ channelId: 'a', content: 1 });
    await quiet();
    expect(adapter.got).toEqual([]);
    expect(bus.getSubscriberCount('a')).toBe(0);
  });
});

describe('what an adapter throws', () => {
  const fail = (): never => {
    throw new Error('oh');
  };

  async function told(adapter: Adapter, act: (bus: MessageBusCore) => unknown): Promise<BusError[]> {
    const bus = new MessageBusCore();
    const errors: BusError[] = [];
    bus.on('error', (error) => errors.push(error));
    const other = recorder('other');
    bus.use(adapter).use(other);
    await quiet();
    await act(bus);
    await bus.send({ channelId: 'a', content: 'on and on' });
    await quiet();
    expect(contents(other.got)).toContain('on and on');
    return errors;
  }

  test.each<[keyof Adapter, (bus: MessageBusCore) => unknown]>([
    ['attach', () => undefined],
    ['onJoin', (bus) => bus.joinChannel('a')],
    ['onLeave', (bus) => bus.joinChannel('a').then(() => bus.leaveChannel('a'))],
    ['detach', (bus) => bus.removeAdapter('x')],
  ])('from %s is an event, and stops nothing', async (member, act) => {
    const rejecting = (): Promise<never> => Promise.reject(new Error('oh'));
    for (const failing of [fail, rejecting]) {
      const errors = await told({ name: 'x', [member]: failing }, act);
      expect(errors).toEqual([expect.objectContaining({ code: 'ADAPTER_FAILED' })]);
      expect(errors[0]?.message).toMatch(/^Adapter "x": oh/);
    }
  });

  test('from onDelete and onClear is an event, and the next message comes', async () => {
    const errors = await told({ name: 'x', onMessage: () => undefined, onDelete: fail, onClear: fail }, async (bus) => {
      const { id } = await bus.send({ channelId: 'a', content: 'gone' });
      await bus.deleteMessage(id, 'a');
      await bus.clearChannel('a');
    });
    expect(errors.map(({ code }) => code)).toEqual(['ADAPTER_FAILED', 'ADAPTER_FAILED']);
  });

  test('from onMessage is told with the message, which comes again; then it is a dead letter, and the next one comes', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform });
    const [errors, dead, got]: [unknown[], unknown[], unknown[]] = [[], [], []];
    bus.on('handlerError', ({ message, error }) => errors.push([message.content, (error as Error).message]));
    bus.on('deadLetter', ({ message, group, reason }) => dead.push([message.content, group, reason]));
    bus.use({
      name: 'x',
      onMessage: ({ content }, { attempt }) => {
        got.push([content, attempt]);
        if (content === 'poison') fail();
      },
    });
    await sendBlock(bus, 'a', ['poison', 'next']);
    await sendBlock(bus, 'b', ['elsewhere']);
    await quiet();
    expect(got, 'what comes next in its channel waits, and only that').toEqual([
      ['poison', 1],
      ['elsewhere', 1],
    ]);
    for (let wait = 100; wait < 1600; wait *= 2) {
      platform.advance(wait);
      await quiet();
    }
    expect(got.slice(2)).toEqual([
      ['poison', 2],
      ['poison', 3],
      ['poison', 4],
      ['poison', 5],
      ['next', 1],
    ]);
    expect(errors).toEqual(Array.from({ length: 5 }, () => ['poison', 'oh']));
    expect(dead).toEqual([['poison', 'x', 'oh']]);
  });
});

describe('beside its log, an adapter', () => {
  /** Uses an adapter on a bus of its own over this log, and takes it away after. */
  async function attached(log: Log, adapter: Adapter, act: (bus: MessageBusCore) => unknown): Promise<void> {
    const bus = new MessageBusCore({ log });
    bus.use(adapter);
    await quiet();
    await act(bus);
    await quiet();
    bus.clearAdapters();
  }

  test('misses nothing while it was away, and hears nothing twice', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    await bus.send({ channelId: 'a', content: 'before it ever was' });
    const adapter = recorder('x');
    await attached(log, adapter, (own) => own.send({ channelId: 'a', content: 1 }));
    await sendBlock(bus, 'a', [2, 3]);
    await sendBlock(bus, 'b', ['new channel']);
    await attached(log, adapter, () => undefined);
    await attached(log, adapter, (own) => own.send({ channelId: 'a', content: 4 }));
    expect(contents(adapter.got.filter(({ channelId }) => channelId === 'a'))).toEqual([1, 2, 3, 4]);
    expect(contents(adapter.got.filter(({ channelId }) => channelId === 'b'))).toEqual(['new channel']);
  });

  test('misses nothing of a channel that it was there for but heard nothing from', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    await bus.send({ channelId: 'a', content: 'old' });
    const adapter = recorder('x');
    await attached(log, adapter, () => undefined);
    await bus.send({ channelId: 'a', content: 'missed' });
    await attached(log, adapter, () => undefined);
    expect(contents(adapter.got)).toEqual(['missed']);
  });

  test('goes on in the middle of a block if that is where it was stopped', async () => {
    const log = new MemoryLog();
    const got: unknown[] = [];
    const stopping: Adapter = {
      name: 'x',
      attach: (bus) => void (owner = bus),
      onMessage: ({ content }) => {
        got.push(content);
        if (content === 2) owner?.removeAdapter('x');
      },
    };
    let owner: Parameters<NonNullable<Adapter['attach']>>[0] | undefined;
    await attached(log, stopping, (bus) => sendBlock(bus, 'a', numbers(1, 5)));
    await attached(log, stopping, () => undefined);
    expect(got).toEqual([1, 2, 3, 4, 5]);
  });

  test('shares its position with those of the same group, and has none with group: false', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const [first, second, alone] = [
      recorder('first', { group: 'g' }),
      recorder('second', { group: 'g' }),
      recorder('alone', { group: false }),
    ];
    for (const adapter of [first, alone]) await attached(log, adapter, () => undefined);
    await bus.send({ channelId: 'a', content: 'missed' });
    for (const adapter of [second, alone]) await attached(log, adapter, () => undefined);
    expect([first, second, alone].map(({ got }) => contents(got))).toEqual([[], ['missed'], []]);
    expect((await bus.admin.groups()).map(({ group, channelId }) => [group, channelId])).toEqual([['g', 'a']]);
  });

  test('has its position on record once the bus says so: what is stored from then on reaches it, whatever dies', async () => {
    const log = new MemoryLog();
    const first = new HostedBus(new LogHost(log, { host: 'process', why: 'A test.', durability: 'memory' }));
    await first.send({ channelId: 'a', content: 'old' });
    first.use({ name: 'x', attach: () => new Promise(() => undefined), onMessage: () => undefined });
    await first.adaptersRecorded();
    await first.send({ channelId: 'a', content: 'asked' });
    await first.send({ channelId: 'new', content: 'asked elsewhere' });
    const adapter = recorder('x');
    new MessageBusCore({ log }).use(adapter);
    await quiet();
    expect(new Set(contents(adapter.got))).toEqual(new Set(['asked', 'asked elsewhere']));
  });

  test('goes on where it stopped, for the bus that has the log next', async () => {
    const log = new MemoryLog();
    const adapter = recorder('x');
    for (const round of [1, 2, 3]) {
      const bus = new MessageBusCore({ log });
      bus.use(adapter);
      await bus.send({ channelId: 'a', content: round });
      await quiet();
      await bus.close();
    }
    expect(contents(adapter.got)).toEqual([1, 2, 3]);
  });

  test('is told as failed when its position cannot be read, unless it is gone', async () => {
    const errors: BusError[] = [];
    const bus = new MessageBusCore({
      log: wrapped(new MemoryLog(), { records: () => Promise.reject(new Error('disk on fire')) }),
    });
    bus.on('error', (error) => errors.push(error));
    await quiet();
    errors.length = 0;
    bus.use(recorder('x'));
    await quiet();
    expect(errors.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^Adapter "x": .*disk on fire/));
    errors.length = 0;
    bus.use(recorder('gone')).removeAdapter('gone');
    await quiet();
    expect(errors.filter(({ code }) => code === 'ADAPTER_FAILED')).toEqual([]);
  });

  test('is there as soon as its position could be saved', async () => {
    const platform = testPlatform();
    const memory = new MemoryLog(platform);
    let isFull = true;
    const save: Log['save'] = (records) => (isFull ? Promise.reject(new Error('full')) : memory.save(records));
    const bus = new MessageBusCore({ log: wrapped(memory, { save }), platform });
    const adapter = recorder('x');
    bus.use(adapter);
    await bus.send({ channelId: 'a', content: 1 });
    await quiet();
    expect(adapter.got).toEqual([]);
    isFull = false;
    platform.advance(1000);
    await quiet();
    expect(contents(adapter.got)).toEqual([1]);
  });
});

describe('of two copies of an adapter', () => {
  /** The first comes a little earlier. */
  function copies(platform = testPlatform()): readonly [Copy, Copy] {
    const log = new MemoryLog(platform);
    const copy = (since: number): Copy => {
      const bus = new MessageBusCore({ log, platform: { ...platform, now: () => platform.time + since } });
      return { bus, adapter: recorder('x') };
    };
    return [copy(0), copy(1)];
  }

  test('one works, and the other takes over when it is removed, or its bus is closed', async () => {
    for (const end of [(bus: MessageBusCore) => bus.removeAdapter('x'), (bus: MessageBusCore) => bus.close()]) {
      const [first, second] = copies();
      for (const { bus, adapter } of [first, second]) bus.use(adapter);
      await sendBlock(second.bus, 'a', numbers(1, 5));
      await quiet();
      expect([first, second].map(({ adapter }) => contents(adapter.got))).toEqual([numbers(1, 5), []]);
      await end(first.bus);
      await sendBlock(second.bus, 'a', numbers(6, 9));
      await quiet();
      expect([first, second].map(({ adapter }) => contents(adapter.got))).toEqual([numbers(1, 5), numbers(6, 9)]);
    }
  });

  test('the second waits for what the first has in hand, so that the order is kept', async () => {
    const [first, second] = copies();
    let finish = (): void => undefined;
    first.bus.use({ name: 'x', onMessage: () => new Promise<void>((resolve) => (finish = resolve)) });
    await quiet();
    second.bus.use(second.adapter);
    await sendBlock(first.bus, 'a', [1, 2]);
    await quiet();
    first.bus.removeAdapter('x');
    await quiet();
    expect(second.adapter.got).toEqual([]);
    finish();
    await quiet();
    expect(contents(second.adapter.got)).toEqual([2]);
  });

  test('the second takes over when the first was removed and never comes to an end', async () => {
    const platform = testPlatform();
    const [first, second] = copies(platform);
    let aborted = false;
    first.bus.use({
      name: 'x',
      onMessage: (_message, { signal }) => {
        signal.addEventListener('abort', () => (aborted = true));
        return new Promise(() => undefined);
      },
    });
    second.bus.use(second.adapter);
    await sendBlock(first.bus, 'a', [1, 2]);
    await quiet();
    first.bus.removeAdapter('x');
    platform.advance(120_000);
    await quiet();
    platform.advance(100);
    await quiet();
    expect(aborted).toBe(true);
    expect(contents(second.adapter.got)).toEqual([1, 2]);
  });
});

describe('an adapter without a group', () => {
  test('works in every copy, and hears what comes while it is there', async () => {
    const log = new MemoryLog();
    const buses = [1, 2].map(() => new MessageBusCore({ log }));
    const adapters = buses.map(() => recorder('x', { group: false }));
    await (buses[0] as MessageBusCore).send({ channelId: 'a', content: 'before' });
    for (const [at, bus] of buses.entries()) bus.use(adapters[at] as Adapter);
    await quiet();
    await sendBlock(buses[0] as MessageBusCore, 'a', [1, 2]);
    await quiet();
    expect(adapters.map(({ got }) => contents(got))).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test('hears one message at a time, also after one that it threw at, and nothing once it is removed', async () => {
    const bus = new MessageBusCore({ author: 'ann' });
    const order: unknown[] = [];
    const ends: ((error?: Error) => void)[] = [];
    bus.on('handlerError', ({ message, error }) => order.push([message.content, (error as Error).message]));
    let aborted = false;
    bus.use({
      name: 'x',
      group: false,
      onMessage: async ({ content, authorId }, delivery) => {
        if (authorId === 'x') return;
        order.push([content, delivery.attempt, delivery.position.offset]);
        delivery.signal.addEventListener('abort', () => (aborted = true));
        await delivery.extend(1000);
        if (content === 1) await delivery.reply('heard', { authorId: 'x' });
        await new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
      },
    });
    await quiet();
    await sendBlock(bus, 'a', [1, 2, 3]);
    await quiet();
    ends.shift()?.(new Error('oh'));
    await quiet();
    expect(order).toEqual([
      [1, 1, 1],
      [1, 'oh'],
      [2, 1, 2],
    ]);
    expect((await bus.history('a')).at(-1)).toMatchObject({ content: 'heard', authorId: 'x', offset: 4 });
    expect(aborted).toBe(false);
    bus.removeAdapter('x');
    expect(aborted).toBe(true);
    ends.shift()?.();
    await quiet();
    expect(order).toHaveLength(3);
  });

  test('is told what was deleted and cleared', async () => {
    const bus = new MessageBusCore();
    const told: unknown[] = [];
    bus.use({
      name: 'x',
      group: false,
      onDelete: (id, channelId) => told.push([id, channelId]),
      onClear: (channelId) => told.push(channelId),
    });
    await quiet();
    const { id } = await bus.send({ channelId: 'a', content: 1 });
    await bus.deleteMessage(id, 'a');
    await bus.clearChannel('a');
    await quiet();
    expect(told).toEqual([[id, 'a'], 'a']);
  });

  test('whose `attach` fails hears nothing, and is told of once', async () => {
    const bus = new MessageBusCore();
    const errors: BusError[] = [];
    bus.on('error', (error) => errors.push(error));
    for (const group of [false, 'g'] as const) {
      const adapter = recorder(`x ${group}`, { group, attach: () => Promise.reject(new Error('oh')) });
      bus.use(adapter);
      await quiet();
      await bus.send({ channelId: 'a', content: 1 });
      await quiet();
      expect(adapter.got).toEqual([]);
    }
    expect(errors.map(({ message }) => message.slice(0, 22))).toEqual([
      'Adapter "x false": oh ',
      'Adapter "x g": oh [ADA',
    ]);
  });

  test('that begins to listen on a bus whose host is elsewhere begins now', async () => {
    const host = new HeldHost();
    const adapter = recorder('x', { group: false });
    new HostedBus(host).use(adapter);
    await quiet();
    expect(host.opened.map(({ request }) => request)).toEqual([{ pattern: '*', from: 'now', ephemeral: false }]);
    host.opened[0]?.sink.started({});
    host.opened[0]?.sink.live();
    const log = new MemoryLog();
    await sendBlock(new MessageBusCore({ log }), 'a', [1, 2]);
    for (const block of (await log.read('a', 0, 10)).blocks) host.opened[0]?.sink.block(block);
    await quiet();
    expect(contents(adapter.got)).toEqual([1, 2]);
  });
});

test('an adapter is told what was deleted and cleared, in its place among the messages', async () => {
  const bus = new MessageBusCore();
  const told: unknown[] = [];
  let finish = (): void => undefined;
  bus.use({
    name: 'x',
    onMessage: async ({ content }) => {
      told.push(content);
      if (content === 'slow') await new Promise<void>((resolve) => (finish = resolve));
    },
    onDelete: (id, channelId) => told.push(['deleted', id, channelId]),
    onClear: (channelId) => told.push(['cleared', channelId]),
  });
  const { id } = await bus.send({ channelId: 'a', content: 'slow' });
  await quiet();
  await bus.deleteMessage(id, 'a');
  await bus.send({ channelId: 'a', content: 'next' });
  await quiet();
  expect(told).toEqual(['slow']);
  finish();
  await quiet();
  await bus.clearChannel('a');
  await bus.send({ channelId: 'a', content: 'after' });
  await quiet();
  expect(told).toEqual(['slow', ['deleted', id, 'a'], 'next', ['cleared', 'a'], 'after']);
});

test('an adapter that only wants to know who joins and leaves reads nothing', async () => {
  const bus = new MessageBusCore();
  const told: unknown[] = [];
  bus.use({
    name: 'x',
    onJoin: (channelId, userId) => told.push(['joined', channelId, userId]),
    onLeave: (channelId, userId) => told.push(['left', channelId, userId]),
  });
  await bus.joinChannel('a', 'ann');
  await bus.leaveChannel('a', 'ann');
  expect(told).toEqual([
    ['joined', 'a', 'ann'],
    ['left', 'a', 'ann'],
  ]);
  await quiet();
  expect(await bus.admin.groups()).toEqual([]);
});

// Adapters: what plugs into a bus, hears it message by message, and goes on where it stopped.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Adapter, BusError, Log, Message } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { HostedBus } from '../../src/core/bus.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { contents, failure, HeldHost, numbers, quiet, sendBlock, wrapped } from './support.ts';

interface Recorder extends Adapter {
  readonly got: Message[];
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

  test('answers through its delivery, whose signal aborts when it is removed', async () => {
    const bus = new MessageBusCore({ author: 'ann' });
    let aborted = false;
    bus.use({
      name: 'x',
      onMessage: async (message, delivery) => {
        if (message.content !== '?') return;
        delivery.signal.addEventListener('abort', () => (aborted = true));
        await delivery.reply('!');
      },
    });
    await quiet();
    const question = await bus.send({ channelId: 'a', content: '?' });
    await quiet();
    expect((await bus.history('a'))[1]).toMatchObject({ content: '!', inReplyTo: question.id, authorId: 'ann' });
    expect(aborted).toBe(false);
    bus.removeAdapter('x');
    expect(aborted).toBe(true);
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

  test('from onMessage is told with the message, and the next one comes', async () => {
    const bus = new MessageBusCore();
    const errors: unknown[] = [];
    bus.on('handlerError', ({ message, error }) => errors.push([message.content, (error as Error).message]));
    bus.use({ name: 'x', onMessage: fail });
    await quiet();
    await sendBlock(bus, 'a', [1, 2]);
    await quiet();
    expect(errors).toEqual([
      [1, 'oh'],
      [2, 'oh'],
    ]);
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
    expect(contents(adapter.got)).toEqual([1, 2, 3, 'new channel', 4]);
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
    expect([...(await log.records('adapter:')).keys()]).toEqual(['adapter:g']);
  });

  test('never saves less than it had before it was there for all its channels', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    for (const channelId of ['a', 'b']) await bus.send({ channelId, content: 'old' });
    const adapter = recorder('x', { channels: ['a', 'b'] });
    await attached(log, adapter, (own) => own.send({ channelId: 'b', content: 1 }));
    await bus.send({ channelId: 'a', content: 2 });
    // Its host dies while channel "b" is still being looked up.
    const slow = wrapped(log, {
      head: (channelId) => (channelId === 'b' ? new Promise(() => undefined) : log.head(channelId)),
    });
    await attached(slow, adapter, () => undefined);
    await attached(log, adapter, () => undefined);
    expect(contents(adapter.got)).toEqual([1, 2]);
  });

  test('saves nothing the first time before it has a position in every channel', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    for (const channelId of ['a', 'b']) await bus.send({ channelId, content: 'old' });
    const adapter = recorder('x', { channels: ['a', 'b'] });
    const slow = wrapped(log, {
      head: (channelId) => (channelId === 'b' ? new Promise(() => undefined) : log.head(channelId)),
    });
    await attached(slow, adapter, (own) => own.send({ channelId: 'a', content: 1 }));
    expect(await log.records('')).toEqual(new Map());
    await attached(log, adapter, () => undefined);
    expect(Object.keys((await log.records('')).get('adapter:x') ?? {}).toSorted()).toEqual(['a', 'b']);
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

  test('saves one position at a time, the last one always', async () => {
    const memory = new MemoryLog();
    const saves: (() => void)[] = [];
    const log = wrapped(memory, {
      save: async (records) => {
        await new Promise<void>((resolve) => saves.push(resolve));
        await memory.save(records);
      },
    });
    const bus = new MessageBusCore({ log });
    bus.use(recorder('x'));
    await quiet();
    expect(saves, 'where it begins is on record before it handles anything').toHaveLength(1);
    await sendBlock(bus, 'a', numbers(1, 10));
    for (let save = 0; save < 2; save++) {
      saves.shift()?.();
      await quiet();
      expect(saves).toHaveLength(1);
    }
    saves.shift()?.();
    await quiet();
    expect(saves).toHaveLength(0);
    expect((await memory.records('')).get('adapter:x')).toMatchObject({ a: { offset: 10 } });
  });

  test('is told as failed when its position cannot be saved or read, unless it is gone', async () => {
    const failing = (member: 'save' | 'records'): MessageBusCore =>
      new MessageBusCore({ log: wrapped(new MemoryLog(), { [member]: () => Promise.reject(new Error('full')) }) });
    for (const member of ['save', 'records'] as const) {
      const errors: BusError[] = [];
      const bus = failing(member);
      bus.on('error', (error) => errors.push(error));
      bus.use(recorder('x'));
      await quiet();
      expect(errors.map(({ message }) => message.slice(0, 18))).toEqual(['Adapter "x": full ']);
      bus.use(recorder('gone')).removeAdapter('gone');
      await quiet();
      expect(errors).toHaveLength(1);
    }
  });
});

test('where the log is elsewhere, an adapter hears what comes while it is there', async () => {
  const host = new HeldHost();
  const adapter = recorder('x');
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

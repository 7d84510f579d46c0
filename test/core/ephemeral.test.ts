// What is delivered at once and kept nowhere: ephemeral messages and control notices.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Control } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { HostedBus } from '../../src/core/bus.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { contents, encodedLog, failure, heard, HeldHost, inner, numbers, quiet, sendBlock } from './support.ts';

describe.each([
  ['in this process', () => new MessageBusCore()],
  ['encoded', () => new MessageBusCore({ log: encodedLog() })],
] as const)('an ephemeral message (%s)', (_, create) => {
  test('is heard only by those who asked for such, and kept nowhere', async () => {
    const bus = create();
    const got = [heard(bus, 'a'), heard(bus, 'a', { ephemeral: true }), heard(bus, '*', { ephemeral: 'only' })];
    await quiet();
    await bus.send({ channelId: 'a', content: 'stored' });
    const sent = await bus.send({ channelId: 'a', content: new Uint8Array([1]) }, { ephemeral: true });
    expect(got.map(contents)).toEqual([['stored'], ['stored', sent.content], [sent.content]]);
    expect(sent).toMatchObject({ offset: 0, channelId: 'a' });
    expect(got[1]?.[1]).toEqual(sent);
    expect(contents(await bus.history('a'))).toEqual(['stored']);
  });

  test('has an id of its own, in order with its neighbours', async () => {
    const bus = create();
    const got = heard(bus, 'a', { ephemeral: 'only' });
    const sent = await Promise.all(
      numbers(1, 600).map((content) => bus.send({ channelId: 'a', content }, { ephemeral: true })),
    );
    expect(contents(got)).toEqual(numbers(1, 600));
    expect(got.map(({ id }) => id)).toEqual(sent.map(({ id }) => id));
    expect(new Set(got.map(({ id }) => id)).size).toBe(600);
    expect(got.every(({ offset }) => offset === 0)).toBe(true);
  });

  test('that its host cannot tell is refused, and what is sent beside it goes its way', async () => {
    const host = new HeldHost();
    const { casts } = host;
    host.cast = (block) => {
      if (block.header.channelId === 'a') throw new Error('oh');
      casts.push(block);
    };
    const bus = new HostedBus(host);
    const refused = failure(bus.send({ channelId: 'a', content: 1 }, { ephemeral: true }));
    const told = bus.send({ channelId: 'b', content: 2 }, { ephemeral: true });
    const kept = bus.send({ channelId: 'a', content: 3 });
    expect(await refused).toMatchObject({ code: 'HOST_LOST', cause: new Error('oh') });
    expect(await told).toMatchObject({ content: 2 });
    expect(casts).toHaveLength(1);
    host.pushed[0]?.settle();
    expect(await kept).toMatchObject({ content: 3 });
  });

  test('does not move a subscription’s position', async () => {
    const bus = create();
    const subscription = bus.subscribe('a', () => undefined, { ephemeral: true });
    await bus.send({ channelId: 'a', content: 1 });
    const before = subscription.positions();
    await bus.send({ channelId: 'a', content: 2 }, { ephemeral: true });
    expect(subscription.positions()).toEqual(before);
    const inside: unknown[] = [];
    const other = bus.subscribe('a', () => inside.push(other.positions()), { ephemeral: true });
    await other.ready;
    await bus.send({ channelId: 'a', content: 3 }, { ephemeral: true });
    expect(inside).toEqual([before]);
  });

  test('is not waited for by "ready": whoever wants only such is ready at once', async () => {
    expect(await create().subscribe('a', () => undefined, { ephemeral: 'only' }).ready).toBe(undefined);
  });

  test('passes filters like any other', async () => {
    const bus = create();
    const got = heard(bus, 'a', { ephemeral: true, filter: { types: ['typing'] } });
    for (const type of ['typing', 'text']) await bus.send({ channelId: 'a', content: type, type }, { ephemeral: true });
    expect(contents(got)).toEqual(['typing']);
  });
});

test('an ephemeral message is dropped for a reader that has no credit left', async () => {
  const log = new MemoryLog();
  const bus = new MessageBusCore({ log });
  for (let block = 0; block < 80; block++) await sendBlock(bus, 'a', numbers(1, 256));
  const host = new LogHost(log, { host: 'process', why: '', durability: 'memory' });
  const casts: unknown[] = [];
  const reader = host.open(
    { pattern: 'a', from: 'earliest', ephemeral: true },
    {
      started: () => undefined,
      block: () => undefined,
      ephemeral: (block) => casts.push(block),
      reset: () => undefined,
      live: () => undefined,
      positions: () => ({}),
      lost: () => undefined,
    },
  );
  const cast = (): void => {
    host.cast({ header: { channelId: 'a', count: 1 } as never, items: [{ content: 1 }] });
  };
  cast();
  await quiet();
  cast();
  expect(casts).toHaveLength(1);
  reader.credit(100_000);
  cast();
  expect(casts).toHaveLength(2);
});

describe('a control', () => {
  test('is a notice to whoever listens on the channel, by name or pattern', async () => {
    const bus = new MessageBusCore();
    const got: Control[][] = [[], [], [], []];
    bus.subscribeControl('a', (control) => got[0]?.push(control));
    bus.subscribeControl('*', (control) => got[1]?.push(control));
    bus.subscribeControl('b', (control) => got[2]?.push(control));
    bus.on('control', (control) => got[3]?.push(control));
    await bus.sendControl('a', 'pause');
    await bus.sendControl('a', 'restart', 'agent-1');
    const expected = [
      { channelId: 'a', action: 'pause' },
      { channelId: 'a', action: 'restart', target: 'agent-1' },
    ];
    expect(got).toEqual([expected, expected, [], expected]);
  });

  test('is neither stored nor heard as a message, nor is another message a control', async () => {
    const bus = new MessageBusCore();
    const controls: Control[] = [];
    bus.subscribeControl('a', (control) => controls.push(control));
    const got = heard(bus, 'a');
    await bus.sendControl('a', 'pause');
    await bus.send({ channelId: 'a', content: { action: 'fake' } }, { ephemeral: true });
    expect(got).toEqual([]);
    expect(controls).toHaveLength(1);
    expect(await bus.history('a')).toEqual([]);
  });

  test('says the channel on which it came, whatever its content says', async () => {
    const bus = new MessageBusCore();
    const controls: Control[] = [];
    bus.subscribeControl('a', (control) => controls.push(control));
    const content = { action: 'pause', channelId: 'forged' };
    await bus.send({ channelId: 'a', content, type: 'busline.control' }, { ...inner, ephemeral: true });
    expect(controls).toEqual([{ channelId: 'a', action: 'pause' }]);
  });

  test('is heard until the subscription is stopped, or the signal given to "on"', async () => {
    const bus = new MessageBusCore();
    const got: string[] = [];
    const stop = bus.subscribeControl('a', ({ action }) => got.push(action));
    const abort = new AbortController();
    bus.on('control', ({ action }) => got.push(`on ${action}`), { signal: abort.signal });
    await bus.sendControl('a', '1');
    stop();
    abort.abort();
    await bus.sendControl('a', '2');
    expect(got.toSorted()).toEqual(['1', 'on 1']);
  });

  test('is refused for a channel that is none', async () => {
    expect(await failure(new MessageBusCore().sendControl('', 'x'))).toMatchObject({ code: 'INVALID_CHANNEL' });
  });

  test('is given to the host as a cast', async () => {
    const host = new HeldHost();
    await new HostedBus(host).sendControl('a', 'x');
    expect(host.casts).toHaveLength(1);
    expect(host.pushed).toEqual([]);
  });
});

// What operators ask of a bus: what channels there are, what is said of them, and counts.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { MessageBus } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { failure, quiet, sendBlock } from './support.ts';

describe('admin.describe', () => {
  test('says what a channel is, also of one without messages; what is not named stays', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    await sendBlock(bus, 'a', [1, 2]);
    await bus.admin.describe('a', { name: 'First', type: 'chat', metadata: { icon: new Uint8Array([1]) } });
    await bus.admin.describe('a', { topic: 'all of it', name: 'A', unknown: 5 } as never);
    await bus.admin.describe('b', {});
    const channels = await new MessageBusCore({ log }).admin.channels();
    expect(channels).toEqual([
      {
        channelId: 'a',
        name: 'A',
        type: 'chat',
        topic: 'all of it',
        metadata: { icon: new Uint8Array([1]) },
        logId: expect.any(String),
        first: 1,
        head: 2,
        bytes: 400,
      },
      { channelId: 'b', logId: '', first: 1, head: 0, bytes: 0 },
    ]);
    expect((await bus.admin.channels('b')).map(({ channelId }) => channelId)).toEqual(['b']);
  });

  test('copies what it is given, and refuses what cannot be kept', async () => {
    const bus = new MessageBusCore();
    const metadata = { list: [1] };
    const describing = bus.admin.describe('a', { metadata });
    metadata.list.push(2);
    await describing;
    const refused: [Promise<unknown>, string][] = [
      [bus.admin.describe('a*', {}), 'INVALID_CHANNEL'],
      [bus.admin.describe('a', undefined as never), 'INVALID_INPUT'],
      [bus.admin.describe('a', null as never), 'INVALID_INPUT'],
      [bus.admin.describe('a', { metadata: { now: new Date() } } as never), 'NOT_ENCODABLE'],
      [bus.admin.channels(''), 'INVALID_CHANNEL'],
    ];
    for (const [call, code] of refused) expect(await failure(call)).toMatchObject({ code });
  });
});

test('admin.stats counts what happened, what is sent, and what the host has', async () => {
  const log = new MemoryLog();
  const [bus, other] = [new MessageBusCore({ log }), new MessageBusCore({ log })];
  await sendBlock(other, 'a', [1, 2, 3]);
  await other.clearChannel('a');
  await sendBlock(other, 'b', [1]);
  bus.subscribe('b', () => undefined);
  await quiet();
  expect(await bus.admin.stats()).toMatchObject({
    outbox: 0,
    subscriptions: 1,
    'host.channels': 2,
    'host.messages': 2,
    'host.bytes': 400,
  });
});

test('a closed bus answers none of the rare calls', async () => {
  const bus: MessageBus = new MessageBusCore();
  await bus.close();
  const calls: (() => Promise<unknown>)[] = [
    () => bus.admin.channels(),
    () => bus.admin.describe('a', {}),
    () => bus.admin.groups(),
    () => bus.admin.deadLetters(),
    () => bus.admin.redrive(),
    () => bus.admin.discard('x'),
    () => bus.admin.retry('x'),
    () => bus.admin.stats(),
    () => bus.admin.exportTo(() => undefined),
    () => bus.admin.importFrom((async function* () {})()),
  ];
  for (const call of calls) expect(await failure(call())).toMatchObject({ code: 'CLOSED' });
});

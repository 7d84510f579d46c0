// Who is there: what each bus says of its users, for as long as it lives.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Member } from 'busline/core';
import { describe, expect, test, vi } from 'vitest';
import { HostedBus } from '../../src/core/bus.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { failure, until } from './support.ts';

const buses = (...authors: string[]): MessageBusCore[] => {
  const log = new MemoryLog();
  return authors.map((author) => new MessageBusCore({ log, author }));
};

const there = (bus: MessageBusCore | undefined, channelId = 'a'): readonly Member[] =>
  bus?.presence(channelId).getSnapshot() ?? [];

describe('presence', () => {
  test('shows whoever joined or has set a state, by name, until they leave', async () => {
    const log = new MemoryLog();
    const ann = new MessageBusCore({ log, author: { id: 'ann', name: 'Ann' } });
    const bob = new MessageBusCore({ log, author: 'bob' });
    await ann.joinChannel('a');
    await ann.joinChannel('a');
    bob.setPresence('a', { typing: true });
    await ann.joinChannel('a', 'a guest');
    const all = [
      { userId: 'a guest', tabs: 1 },
      { userId: 'ann', name: 'Ann', tabs: 1 },
      { userId: 'bob', tabs: 1, state: { typing: true } },
    ];
    expect(there(ann)).toEqual(all);
    expect(there(bob)).toEqual(all);
    expect(there(bob, 'b')).toEqual([]);
    expect(ann.presence('a').getServerSnapshot()).toEqual([]);
    await ann.leaveChannel('a');
    await ann.leaveChannel('a', 'a guest');
    await ann.leaveChannel('a', 'a stranger');
    bob.setPresence('a', null);
    expect(there(ann)).toEqual([]);
  });

  test('counts tabs, and shows what the last of them said', async () => {
    const [one, two] = buses('ann', 'ann');
    one?.setPresence('a', { at: 1 });
    two?.setPresence('a', { at: 2 });
    expect(there(one)).toEqual([{ userId: 'ann', tabs: 2, state: { at: 2 } }]);
    one?.setPresence('a', { at: 3 });
    expect(there(two)).toEqual([{ userId: 'ann', tabs: 2, state: { at: 3 } }]);
    one?.setPresence('a', null);
    expect(there(two)).toEqual([{ userId: 'ann', tabs: 1, state: { at: 2 } }]);
  });

  test('of who has joined goes on when the state is taken back', async () => {
    const [ann] = buses('ann');
    await ann?.joinChannel('a');
    ann?.setPresence('a', { typing: true });
    ann?.setPresence('a', null);
    expect(there(ann)).toEqual([{ userId: 'ann', tabs: 1 }]);
  });

  test('goes when the bus goes', async () => {
    const [ann, bob] = buses('ann', 'bob');
    ann?.setPresence('a', { x: 1 });
    bob?.setPresence('a', { x: 2 });
    await ann?.joinChannel('b');
    await ann?.close();
    expect(there(bob)).toEqual([{ userId: 'bob', tabs: 1, state: { x: 2 } }]);
    expect(there(bob, 'b')).toEqual([]);
  });

  test('is told to who watches, and to nobody when nothing changed', async () => {
    const [ann, bob] = buses('ann', 'bob');
    const told: number[] = [];
    const store = (ann as MessageBusCore).presence('a');
    const stop = store.subscribe(() => told.push(store.getSnapshot().length));
    bob?.setPresence('a', { x: 1 });
    ann?.setPresence('a', { x: 1 });
    bob?.setPresence('b', { x: 1 });
    await bob?.close();
    stop();
    ann?.setPresence('a', null);
    expect(told).toEqual([1, 2, 1]);
    expect(store.getSnapshot()).toEqual([]);
  });

  test('is told to the others, and to who said it, when a listener throws: that is an uncaught error', async () => {
    const [ann, bob] = buses('ann', 'bob');
    const [reported, deferred]: [unknown[], (() => void)[]] = [[], []];
    const told: number[] = [];
    const store = (ann as MessageBusCore).presence('a');
    store.subscribe(() => {
      throw new Error('mine');
    });
    store.subscribe(() => told.push(store.getSnapshot().length));
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
    await bob?.joinChannel('a');
    expect(reported).toEqual([new Error('mine')]);
    // As in Node, which has no such function.
    vi.stubGlobal('reportError', undefined);
    vi.stubGlobal('queueMicrotask', (task: () => void) => deferred.push(task));
    bob?.setPresence('a', { x: 1 });
    vi.unstubAllGlobals();
    expect(told).toEqual([1, 1]);
    expect(deferred).toHaveLength(1);
    expect(deferred[0]).toThrow('mine');
  });

  test('of a channel is one store, also after everybody was gone for a while', async () => {
    const [ann, bob] = buses('ann', 'bob');
    const store = (ann as MessageBusCore).presence('a');
    bob?.setPresence('a', { x: 1 });
    bob?.setPresence('a', null);
    await bob?.joinChannel('a');
    await bob?.leaveChannel('a');
    const told: number[] = [];
    store.subscribe(() => told.push(store.getSnapshot().length));
    bob?.setPresence('a', { x: 2 });
    expect(told).toEqual([1]);
    expect(ann?.channel('a').presence).toBe(store);
  });

  test('is copied, and checked', async () => {
    const [ann] = buses('ann');
    const state = { list: [1] };
    ann?.setPresence('a', state);
    state.list.push(2);
    expect(there(ann)).toMatchObject([{ state: { list: [1] } }]);
    expect(await failure(() => ann?.setPresence('a', { x: () => 1 } as never))).toMatchObject({
      code: 'NOT_ENCODABLE',
    });
    expect(await failure(() => ann?.setPresence('a*', {}))).toMatchObject({ code: 'INVALID_CHANNEL' });
    expect(await failure(() => ann?.presence(''))).toMatchObject({ code: 'INVALID_CHANNEL' });
    await ann?.close();
    expect(await failure(() => ann?.setPresence('a', {}))).toMatchObject({ code: 'CLOSED' });
    expect(await failure(() => ann?.presence('a'))).toMatchObject({ code: 'CLOSED' });
    expect(await failure((ann as MessageBusCore).joinChannel('c'))).toMatchObject({ code: 'CLOSED' });
    expect(ann?.isChannelJoined('c')).toBe(false);
  });
});

test('a bus that has its host for itself says who is there, too', async () => {
  const host = new LogHost(new MemoryLog(), { host: 'process', why: 'A test.', durability: 'memory' });
  const bus = new HostedBus(host, { author: 'ann' });
  bus.setPresence('a', { x: 1 });
  expect(bus.presence('a').getSnapshot()).toEqual([{ userId: 'ann', tabs: 1, state: { x: 1 } }]);
  host.away('somebody else');
  expect(bus.presence('a').getSnapshot()).toHaveLength(1);
  host.away(host.clientId);
  expect(bus.presence('a').getSnapshot()).toEqual([]);
  const done: unknown[] = [];
  bus.consume('a', { group: 'w' }, ({ content }) => void done.push(content));
  await bus.send({ channelId: 'a', content: 1 });
  await until(() => done.length === 1);
});

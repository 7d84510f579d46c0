// Channels as a bus sees them: who has joined, who listens, what there is.
import { MessageBusCore } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { checkChannel, utf8Length } from '../../src/core/channel.ts';
import { failure, heard, numbers, sendBlock } from './support.ts';

describe('joining a channel', () => {
  test('is remembered by user, the bus’s own author unless one is named', async () => {
    const bus = new MessageBusCore({ author: 'ann' });
    await bus.joinChannel('a');
    await bus.joinChannel('b', 'bob');
    await bus.joinChannel('c');
    expect([bus.isChannelJoined('a'), bus.isChannelJoined('b'), bus.isChannelJoined('b', 'bob')]).toEqual([
      true,
      false,
      true,
    ]);
    expect(bus.getJoinedChannels()).toEqual(['a', 'c']);
    expect(bus.getJoinedChannels('ann')).toEqual(['a', 'c']);
    expect(bus.getJoinedChannels('stranger')).toEqual([]);
    await bus.leaveChannel('a');
    expect(bus.getJoinedChannels()).toEqual(['c']);
  });

  test('tells the adapters once, and so does leaving', async () => {
    const bus = new MessageBusCore({ author: 'ann' });
    const told: unknown[] = [];
    bus.use({
      name: 'x',
      onJoin: (...args) => told.push(['join', ...args]),
      onLeave: async (...args) => told.push(['leave', ...args]),
    });
    bus.use({ name: 'without' });
    for (let twice = 0; twice < 2; twice++) await bus.joinChannel('a');
    for (let twice = 0; twice < 2; twice++) await bus.leaveChannel('a', 'ann');
    await bus.leaveChannel('never', 'nobody');
    expect(told).toEqual([
      ['join', 'a', 'ann'],
      ['leave', 'a', 'ann'],
    ]);
  });

  test('is refused for a name that is none', async () => {
    expect(await failure(new MessageBusCore().joinChannel('a*'))).toMatchObject({ code: 'INVALID_CHANNEL' });
  });
});

describe('a bus', () => {
  test('counts the subscriptions that match a channel', async () => {
    const bus = new MessageBusCore();
    const stop = bus.subscribe('a', () => undefined);
    bus.subscribe('a*', () => undefined);
    heard(bus, 'b');
    expect([bus.getSubscriberCount('a'), bus.getSubscriberCount('ab'), bus.getSubscriberCount('c')]).toEqual([2, 1, 0]);
    stop();
    expect(bus.getSubscriberCount('a')).toBe(1);
  });

  test('lists its channels, all or those of a pattern', async () => {
    const bus = new MessageBusCore();
    await sendBlock(bus, 'agent-1', numbers(1, 3));
    await sendBlock(bus, 'other', ['x']);
    heard(bus, 'listened to, but empty');
    const all = await bus.admin.channels();
    expect(all.map(({ channelId, first, head }) => [channelId, first, head])).toEqual([
      ['agent-1', 1, 3],
      ['other', 1, 1],
    ]);
    expect(await bus.admin.channels('agent-*')).toEqual(all.slice(0, 1));
    expect(await bus.admin.channels('other')).toEqual(all.slice(1));
  });

  test('counts what happened, and what its host has', async () => {
    const bus = new MessageBusCore();
    bus.subscribe('a', () => {
      throw new Error('x');
    });
    await sendBlock(bus, 'a', [1, 2]);
    expect(await bus.admin.stats()).toMatchObject({
      handlerError: 2,
      outbox: 0,
      subscriptions: 1,
      'host.channels': 1,
      'host.messages': 2,
      'host.bytes': 400,
    });
  });
});

describe('a channel name', () => {
  test('is measured in bytes of UTF-8', () => {
    for (const text of ['', 'abc', 'äöü', '☃', '🚌🚌', 'a\u0301', '\u07ff\u0800']) {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
    }
  });

  test('is any other text up to 256 bytes, however many there are', async () => {
    for (const n of numbers(1, 3000)) expect(() => checkChannel(`channel ${n}`)).not.toThrow();
    const bus = new MessageBusCore();
    for (const channelId of ['🚌'.repeat(64), ' ', 'coordination:x/y\n', '__proto__']) {
      expect((await bus.send({ channelId, content: 1 })).channelId).toBe(channelId);
    }
  });
});

// Message ids: unique, in the order of sending, never behind an id already seen, and not dragged along by a wild clock.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Block, StoredBlock } from 'busline/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messagesOf } from '../../src/core/block.ts';
import { HostedBus } from '../../src/core/bus.ts';
import { IdSource, isUuid7, rangeFrom, timeOfId } from '../../src/core/id.ts';
import { epoch, heard, HeldHost, quiet, sendBlock, testPlatform } from './support.ts';

/** The id of a sender whose clock shows this time. */
const idAt = (time: number, seed = 7): string => {
  const platform = testPlatform(seed);
  platform.time = time;
  return new IdSource(platform).next();
};

/** A block of somebody else's with this id. */
const heardBlock = (firstId: string): StoredBlock => ({
  header: {
    v: 1,
    kind: 'data',
    channelId: 'a',
    serverId: 'local',
    authorId: 'x',
    count: 1,
    firstId,
    createdAt: epoch,
    codec: 'items',
    producerId: 'p',
    sequence: 1,
    blockId: 'b',
  },
  items: [{ content: '?' }],
  logId: 'log',
  offset: 1,
  appendedAt: epoch,
});

const later = (first: string, second: string): boolean => first < second;

describe('ids', () => {
  test('are UUIDs of version 7 that tell their time', () => {
    const id = new IdSource(testPlatform()).next();
    expect(isUuid7(id)).toBe(true);
    expect(timeOfId(id)).toBe(epoch);
    expect(isUuid7('telegram:1')).toBe(false);
    expect(isUuid7(id.toUpperCase())).toBe(false);
  });

  test('rise, whatever the clock does', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.oneof(fc.integer({ min: -5000, max: 5000 }), fc.constantFrom(-3_600_000, 3_600_000)),
            fc.integer({ min: 1, max: 300 }),
          ),
        ),
        (steps) => {
          const platform = testPlatform();
          const ids = new IdSource(platform);
          const made: string[] = [];
          for (const [move, count] of steps) {
            platform.time += move;
            const range = ids.range(count);
            for (let at = 0; at < count; at++) made.push(range.at(at));
          }
          expect(made).toEqual(made.toSorted());
          expect(new Set(made).size).toBe(made.length);
          expect(made.every(isUuid7)).toBe(true);
        },
      ),
    );
  });

  test('of many senders in one millisecond are all different', () => {
    const made = Array.from({ length: 500 }, (_, sender) => {
      const ids = new IdSource(testPlatform(sender));
      return [ids.next(), ids.next(), ids.next()];
    }).flat();
    expect(new Set(made).size).toBe(1500);
  });

  test('of a block follow from its first', () => {
    const range = new IdSource(testPlatform()).range(256);
    expect(rangeFrom(range.at(0)).at(255)).toBe(range.at(255));
  });

  test('sort after every id seen, up to 60 s ahead of the clock', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -70_000, max: 60_000 }), fc.nat({ max: 1000 }))), (seen) => {
        const ids = new IdSource(testPlatform());
        for (const [ahead, seed] of seen) {
          const id = idAt(epoch + ahead, seed);
          ids.observe(id);
          expect(later(id, ids.next())).toBe(true);
        }
      }),
    );
  });

  test('go on after the very last id of a millisecond', () => {
    const ids = new IdSource(testPlatform());
    const last = `${idAt(epoch).slice(0, 14)}7fff-bfff-ffffffffffff`;
    expect(isUuid7(last)).toBe(true);
    ids.observe(last);
    const next = ids.next();
    expect(later(last, next)).toBe(true);
    expect(timeOfId(next)).toBe(epoch + 1);
  });

  test('do not follow a clock that is further ahead, nor what is no id of this kind', () => {
    const ids = new IdSource(testPlatform());
    for (const wild of [idAt(epoch + 60_001), idAt(epoch + 1e9), 'zzz', 'telegram:1']) {
      ids.observe(wild);
      expect(timeOfId(ids.next())).toBe(epoch);
    }
  });
});

describe('the ids of messages', () => {
  test('rise in the order of sending, over blocks and channels', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform });
    const ids: string[] = [];
    for (let turn = 0; turn < 20; turn++) {
      platform.time += turn % 3;
      const sent = await sendBlock(
        bus,
        `${turn % 4}`,
        Array.from({ length: 1 + ((turn * 37) % 300) }, () => turn),
      );
      ids.push(...sent.map(({ id }) => id));
    }
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('of replies sort after what they answer, though its sender’s clock is ahead', async () => {
    const log = new MemoryLog();
    const ahead = testPlatform(1);
    const [asking, answering] = [
      new MessageBusCore({ log, platform: ahead }),
      new MessageBusCore({ log, platform: testPlatform(2) }),
    ];
    ahead.time += 59_000;
    const questions = heard(answering, 'a');
    await quiet();
    const { id } = await asking.send({ channelId: 'a', content: '?' });
    expect(questions).toHaveLength(1);
    const answer = await answering.send({ channelId: 'a', content: '!', inReplyTo: id });
    expect(later(id, answer.id)).toBe(true);
    expect(answer.timestamp).toBe(epoch);
  });

  test('of a message that joins a block begun before something newer was seen sort after that', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host, { platform: testPlatform() });
    heard(bus, 'a');
    const first = bus.send({ channelId: 'a', content: 1 });
    const seen = idAt(epoch + 1000);
    host.opened[0]?.sink.block(heardBlock(seen));
    const second = bus.send({ channelId: 'a', content: 2 });
    const third = bus.send({ channelId: 'a', content: 3 });
    expect([later(first.id, seen), later(seen, second.id), later(second.id, third.id)]).toEqual([true, true, true]);
    await quiet();
    host.pushed[0]?.settle({ offset: 4 });
    const stored = await Promise.all([first, second, third]);
    expect(host.pushed).toHaveLength(1);
    expect(stored.map(({ id }) => id)).toEqual([first.id, second.id, third.id]);
  });

  test('stay what they were told to be when their message did not fit into its block', async () => {
    const host = new HeldHost();
    host.encoded = true;
    const bus = new HostedBus(host, { platform: testPlatform() });
    heard(bus, 'a');
    const large = 'x'.repeat(100_000);
    void bus.send({ channelId: 'a', content: large });
    const seen = idAt(epoch + 1000);
    host.opened[0]?.sink.block(heardBlock(seen));
    const sending = bus.send({ channelId: 'a', content: large });
    await quiet();
    expect(host.pushed).toHaveLength(2);
    expect(messagesOf(host.pushed[1]?.block as Block, 2).map(({ id }) => id)).toEqual([sending.id]);
    expect(later(seen, sending.id)).toBe(true);
  });

  test('sort after an ephemeral message of one’s own that was heard before', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host, { platform: testPlatform() });
    heard(bus, '*', { ephemeral: true });
    for (let at = 0; at < 32; at++) {
      void bus.send({ channelId: `${at}`, content: at });
      await quiet();
    }
    void bus.send({ channelId: 'a', content: 'opens a block that waits' });
    const typing = bus.send({ channelId: 'b', content: 'typing' }, { ephemeral: true });
    await quiet();
    host.opened[0]?.sink.ephemeral(host.casts[0] as never);
    const reply = bus.send({ channelId: 'a', content: 'reply', inReplyTo: typing.id });
    expect(later(typing.id, reply.id)).toBe(true);
  });
});

// A bus outlives its hosts: whenever one dies, nothing is lost, doubled or reordered, and every promise settles.
import type { Message } from 'busline/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failure, numbers, quiet, sendBlock } from '../core/support.ts';
import { readAll } from '../../src/testing/log-setup.ts';
import { messagesOf } from '../../src/core/block.ts';
import { Succession } from './support.ts';

async function stored(succession: Succession, channelId: string): Promise<readonly Message[]> {
  return (await readAll(succession.log, channelId)).flatMap((block) => messagesOf(block, block.offset));
}

async function settled(succession: Succession, rounds = 50): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await quiet();
    if (round > 5 && !succession.clients.some((client) => client.waiting)) return;
  }
}

describe('hosts that die between any two frames', () => {
  test('lose, double and reorder nothing', { timeout: 60_000 }, async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('send' as const),
          tab: fc.nat({ max: 1 }),
          channel: fc.constantFrom('a', 'b'),
          count: fc.integer({ min: 1, max: 5 }),
          keyed: fc.boolean(),
        }),
      },
      fc.record({ kind: fc.constant('wait' as const) }),
      fc.record({ kind: fc.constant('ask' as const), tab: fc.nat({ max: 1 }) }),
    );
    const lives = fc.array(fc.nat({ max: 40 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(lives, fc.array(step, { minLength: 1, maxLength: 40 }), async (frames, steps) => {
        const succession = new Succession(frames);
        const tabs = [succession.bus('0'), succession.bus('1')] as const;
        const got = new Map<string, Message[]>();
        for (const [name, tab] of Object.entries(tabs)) {
          for (const pattern of ['a', '*']) {
            const messages: Message[] = [];
            got.set(`${name} ${pattern}`, messages);
            tab.subscribe(pattern, (message) => messages.push(message), { from: 'earliest' });
          }
        }
        // Once a subscription is live, it stays so whatever dies.
        const live: Message[] = [];
        got.set('live *', live);
        await tabs[0].subscribe('*', (message) => live.push(message)).ready;
        const sendings: Promise<Message>[] = [];
        const asked: Promise<unknown>[] = [];
        let n = 0;
        for (const each of steps) {
          if (each.kind === 'wait') await quiet();
          else if (each.kind === 'ask') asked.push((tabs[each.tab] ?? tabs[0]).history('a'));
          else {
            for (const _ of numbers(1, each.count)) {
              const id = each.keyed ? { id: `key ${n + 1}` } : {};
              sendings.push((tabs[each.tab] ?? tabs[0]).send({ channelId: each.channel, content: ++n, ...id }));
            }
          }
        }
        await settled(succession);
        const sent = await Promise.all(sendings);
        await Promise.all(asked);
        await settled(succession);
        for (const channelId of ['a', 'b']) {
          const all = await stored(succession, channelId);
          // Each promise tells the truth about its message's place, and nothing is there but what was sent.
          const expected = sent
            .filter((message) => message.channelId === channelId)
            .toSorted((x, y) => x.offset - y.offset);
          expect(all).toEqual(expected);
          // Each sender's messages stand in the order of their sending.
          for (const authorId of ['0', '1']) {
            const own = all.filter((message) => message.authorId === authorId).map(({ content }) => content as number);
            expect(own).toEqual(own.toSorted((x, y) => x - y));
          }
          for (const [name, messages] of got) {
            if (channelId === 'b' && name.endsWith('a')) continue;
            expect(messages.filter((message) => message.channelId === channelId)).toEqual(all);
          }
        }
        await Promise.all(tabs.map((tab) => tab.close()));
      }),
      { numRuns: 150 },
    );
  });

  test('let a slow reader go on from where it is, and give it no more than its due', async () => {
    const succession = new Succession();
    const [writer, reading] = [succession.bus(), succession.bus()];
    for (const block of numbers(0, 79)) await sendBlock(writer, 'a', numbers(block * 256 + 1, block * 256 + 256));
    const iterator = reading.messages('a', { from: 'earliest' })[Symbol.asyncIterator]();
    for (const n of numbers(1, 80 * 256)) {
      const { value } = (await iterator.next()) as { value: Message };
      expect(value.content === n || value.content).toBe(true);
      if (n % 5000 === 0) {
        succession.host.die();
        await quiet();
      }
    }
    expect(succession.deaths).toBe(4);
  });

  test('keep a reader that had not begun where it was asked to begin', async () => {
    const succession = new Succession([3, 4, 5]);
    const bus = succession.bus();
    const subscription = bus.subscribe('a', () => undefined, { from: { last: 3 } });
    await subscription.ready;
    expect(Object.keys(subscription.positions())).toEqual(['a']);
    expect(succession.deaths).toBeGreaterThan(0);
  });
});

describe('a bus behind a link', () => {
  test('says what happened to it: host events and status', async () => {
    const succession = new Succession();
    const bus = succession.bus();
    const events: unknown[] = [];
    bus.on('host', (event) => events.push(event));
    expect(bus.status.getSnapshot()).toMatchObject({ host: 'connecting', why: 'The bus is looking for its host.' });
    await bus.send({ channelId: 'a', content: 1 });
    await quiet();
    expect(bus.status.getSnapshot()).toMatchObject({ host: 'shared-worker', tabs: 1, outbox: 0 });
    succession.host.die();
    await quiet();
    await quiet();
    expect(events).toEqual([
      { from: 'none', to: 'shared-worker:1', term: 1 },
      { from: 'shared-worker:1', to: 'shared-worker:2', term: 2 },
    ]);
  });

  test('is as quiet as its last tab: a closed bus leaves nothing at its host', async () => {
    const succession = new Succession();
    const [staying, leaving] = [succession.bus(), succession.bus()];
    for (const bus of [staying, leaving]) await bus.subscribe('a', () => undefined).ready;
    leaving.subscribe('*', () => undefined);
    await leaving.send({ channelId: 'a', content: 1 });
    expect(succession.host.sessions.size).toBe(2);
    await leaving.close();
    await quiet();
    expect(succession.host.sessions.size).toBe(1);
    expect(leaving.status.getSnapshot()).toMatchObject({ host: 'closed' });
    expect(await failure(leaving.send({ channelId: 'a', content: 1 }))).toMatchObject({ code: 'CLOSED' });
  });

  test('settles everything when it is closed while there is no host', async () => {
    const succession = new Succession([2]);
    const bus = succession.bus();
    await quiet();
    const subscription = bus.subscribe('a', () => undefined);
    const failing = [
      bus.send({ channelId: 'a', content: 1 }),
      bus.history('a'),
      bus.admin.channels(),
      subscription.ready,
    ].map((promise) => failure(promise));
    succession.clients[0]?.detach('Frozen.');
    expect(bus.status.getSnapshot().outbox).toBe(0);
    const closing = bus.close();
    for (const client of succession.clients) await client.close();
    const errors = await Promise.all(failing);
    expect(errors.map(({ code }) => code)).toEqual(['CLOSED', 'CLOSED', 'CLOSED', 'CLOSED']);
    expect(errors[0]?.['accepted']).toBe('unknown');
    for (const { message } of errors as unknown as Error[]) expect(message.match(/\[CLOSED\]/g)).toHaveLength(1);
    await closing;
  });

  test('hears ephemeral messages of other tabs, each reader once', async () => {
    const succession = new Succession();
    const [sender, listener] = [succession.bus(), succession.bus()];
    const got: unknown[] = [];
    for (const channel of ['a', 'a', '*']) {
      await listener.subscribe(channel, ({ content }) => got.push(content), { ephemeral: true }).ready;
    }
    await sender.history('a');
    await sender.send({ channelId: 'a', content: 'typing' }, { ephemeral: true });
    await quiet();
    expect(got).toEqual(['typing', 'typing', 'typing']);
  });

  test('lists channels and reads history through its host, and is told what cannot be', async () => {
    const succession = new Succession();
    const bus = succession.bus();
    await sendBlock(bus, 'a', [1, 2, 3]);
    expect((await bus.history('a', { limit: 2 })).map(({ content }) => content)).toEqual([2, 3]);
    expect((await bus.admin.channels()).map(({ channelId, head }) => [channelId, head])).toEqual([['a', 3]]);
    succession.host.host.page = () => Promise.reject(new Error('disk on fire'));
    const error = await failure(bus.history('a'));
    expect(error).toMatchObject({ code: 'HOST_LOST', retryable: true });
    expect(error['message']).toMatch(/^The log could not be read: disk on fire/);
  });

  test('is told by reset what is no longer there', async () => {
    const succession = new Succession();
    const bus = succession.bus();
    await sendBlock(bus, 'a', [1, 2, 3]);
    await sendBlock(bus, 'a', [4]);
    const { logId } = await succession.log.head('a');
    await succession.log.trim('a', 3);
    const got: unknown[] = [];
    await bus.subscribe('a', ({ content }) => got.push(content), {
      from: { logId, offset: 1 },
      onReset: (reset) => got.push(reset),
    }).ready;
    const reset = { channelId: 'a', reason: 'trimmed', had: { logId, offset: 1 }, now: { logId, offset: 3 } };
    expect(got).toEqual([reset, 4]);
  });

  test('finds the next host when the log cannot be read for it', async () => {
    const succession = new Succession();
    const bus = succession.bus();
    await sendBlock(bus, 'a', [1]);
    let failures = 0;
    const head = succession.log.head.bind(succession.log);
    succession.log.head = () => {
      failures += 1;
      return Promise.reject(new Error('closed'));
    };
    const subscription = bus.subscribe('a', () => undefined, { from: 'earliest' });
    await quiet();
    succession.log.head = head;
    await subscription.ready;
    expect(failures).toBeGreaterThan(0);
  });
});

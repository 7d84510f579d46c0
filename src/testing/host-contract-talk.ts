// What tabs hear of each other through their host: everything, in one order, once.

import type { Message } from '../core/message.ts';
import type { MessageBus } from '../core/message-bus.ts';
import { checkStored, contentsOf, inOrder, numbers, rejection, summaryOf } from './host-contract-bench.ts';
import type { HostTest } from './host-contract-bench.ts';
import type { Runner } from './runner.ts';

export function testTalk(runner: Runner, test: HostTest): void {
  runner.describe('its tabs', () => {
    testOrder(runner, test);
    testPlaces(runner, test);
    testContents(runner, test);
    testErasing(runner, test);
  });
}

function sendAll(tabs: readonly MessageBus[], channelId: string, count: number): Promise<readonly Message[]> {
  return Promise.all(
    tabs.flatMap((tab, at) => numbers(count).map((n) => tab.send({ channelId, content: `${at}: ${n}` }))),
  );
}

function testOrder({ expect }: Runner, test: HostTest): void {
  test('hear the same messages in the same order, under the same offsets', async (bench) => {
    const tabs = bench.openThree();
    const heard = tabs.map((tab) => bench.hear(tab, 'room'));
    const sent = inOrder(await sendAll(tabs, 'room', 20));
    expect(sent.map(({ offset }) => offset)).toEqual(numbers(60));
    for (const each of heard) expect(await each.count(60)).toEqual(sent);
    await checkStored({ expect }, tabs[1], 'room', sent);
  });

  test('begin at the same instant, and are one bus', async (bench) => {
    const tabs = numbers(8).map(() => bench.open());
    const heard = tabs.map((tab) => bench.hear(tab, 'room'));
    const sent = inOrder(await sendAll(tabs, 'room', 1));
    for (const each of heard) expect(await each.count(8)).toEqual(sent);
  });

  test('have heard what they send when its promise resolves', async (bench) => {
    const [a, b] = bench.openThree();
    for (const tab of [a, b]) {
      const heard = bench.hear(tab, 'room', {});
      await heard.subscription.ready;
      for (const n of numbers(5)) {
        const sent = await tab.send({ channelId: 'room', content: n });
        expect(heard.messages.at(-1)).toEqual(sent);
      }
      heard.subscription();
    }
  });

  test('send in bursts, and each sender’s messages stand in its order', async (bench) => {
    const tabs = bench.openThree();
    const heard = bench.hear(tabs[0], '*');
    const burst = async (tab: MessageBus): Promise<readonly Message[]> => {
      const sendings: Promise<Message>[] = [];
      for (const n of numbers(900)) {
        sendings.push(tab.send({ channelId: n % 3 === 0 ? 'a' : 'b', content: n }));
        // Some leave in one block, some in blocks of their own, some while others are under way.
        if (n % 7 === 0) await Promise.resolve();
        if (n % 300 === 0) await sendings.at(-1);
      }
      return Promise.all(sendings);
    };
    const bursts = await Promise.all(tabs.map(burst));
    await heard.count(2700);
    for (const sent of bursts) {
      for (const channelId of ['a', 'b']) {
        const own = sent.filter((message) => message.channelId === channelId);
        expect(own).toEqual(inOrder(own));
      }
    }
    for (const channelId of ['a', 'b']) {
      const all = bursts.flat().filter((message) => message.channelId === channelId);
      expect(heard.messages.filter((message) => message.channelId === channelId)).toEqual(inOrder(all));
    }
  });

  test('read as fast as they can: one that takes its time holds nobody up, and misses nothing', async (bench) => {
    const [writer, slow, other] = bench.openThree();
    const heard = bench.hear(other, 'room');
    const iterator = slow.messages('room', { from: 'earliest' })[Symbol.asyncIterator]();
    const first = iterator.next();
    for (const _ of numbers(10)) await sendAll([writer], 'room', 1000);
    expect((await heard.count(10_000)).length).toBe(10_000);
    const offsets = [((await first).value as Message).offset];
    while (offsets.length < 10_000) offsets.push(((await iterator.next()).value as Message).offset);
    expect(offsets).toEqual(numbers(10_000));
  });
}

function testPlaces({ expect }: Runner, test: HostTest): void {
  test('that come late hear all from the earliest, the last ones, what follows a place, or what comes', async (bench) => {
    const [early, other] = bench.openThree();
    const before = bench.hear(early, 'room');
    await sendAll([early, other], 'room', 5);
    await before.count(10);
    const place = before.subscription.positions();
    await sendAll([other, early], 'room', 5);
    const late = bench.open();
    const heard = [
      bench.hear(late, 'room', { from: 'earliest' }),
      bench.hear(late, 'room', { from: { last: 3 } }),
      bench.hear(late, 'room', { from: place }),
      bench.hear(late, 'room', { from: { logId: place['room']?.logId ?? '', offset: 18 } }),
      bench.hear(late, 'room', { from: 'now' }),
    ];
    await Promise.all(heard.map(({ subscription }) => subscription.ready));
    const sent = await early.send({ channelId: 'room', content: 'live' });
    const all = [...(await before.count(20)).slice(0, 20), sent];
    const wanted = [all, all.slice(-4), all.slice(10), all.slice(18), [sent]];
    for (const [at, each] of heard.entries()) {
      await each.count(wanted[at]?.length ?? 0);
      expect(each.messages).toEqual(wanted[at]);
    }
  });

  test('have read what there was when their subscription is ready', async (bench) => {
    const [early] = bench.openThree();
    await sendAll([early], 'room', 300);
    const late = bench.hear(bench.open(), 'room');
    await late.subscription.ready;
    expect(late.messages.length).toBe(300);
  });

  test('use a hundred channels at once', async (bench) => {
    const [a, b, c] = bench.openThree();
    const heard = bench.hear(c, 'room-*');
    const rooms = numbers(100).map((n) => `room-${n}`);
    const own = bench.hear(b, 'room-50');
    const sent = await Promise.all(
      rooms.flatMap((channelId) => [a, b].map((tab) => tab.send({ channelId, content: channelId }))),
    );
    await a.send({ channelId: 'elsewhere', content: 1 });
    await heard.count(200);
    for (const channelId of rooms) {
      const expected = inOrder(sent.filter((message) => message.channelId === channelId));
      expect(expected.map(({ offset }) => offset)).toEqual([1, 2]);
      expect(heard.messages.filter((message) => message.channelId === channelId)).toEqual(expected);
    }
    expect(contentsOf(await own.count(2))).toEqual(['room-50', 'room-50']);
    const known = (await c.admin.channels('room-*')).map(({ channelId, head }) => [channelId, head]);
    expect(new Map(known as [string, number][])).toEqual(new Map(rooms.map((channelId) => [channelId, 2])));
  });
}

function testContents({ expect }: Runner, test: HostTest): void {
  const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 7919) >>> 3);

  test('get bytes as they were sent, a megabyte and more', async (bench) => {
    const [a, b] = bench.openThree();
    const heard = bench.hear(b, 'room');
    const parts = [300, 600_000, 600_001, 600_002].map((length) => [bytesOf(length), bytesOf(0), bytesOf(70_000)]);
    await Promise.all(parts.map((bytes) => a.send({ channelId: 'room', content: { text: 'ünï ☃ 🚌', bytes } })));
    await heard.count(4);
    for (const messages of [heard.messages, await bench.open().history('room')]) {
      const contents = contentsOf(messages) as { text: string; bytes: Uint8Array[] }[];
      expect(contents.map(({ text }) => text)).toEqual(parts.map(() => 'ünï ☃ 🚌'));
      expect(contents.map(({ bytes }) => bytes.map(summaryOf))).toEqual(parts.map((bytes) => bytes.map(summaryOf)));
    }
  });

  test('store a message of a given id once, whoever sends it', async (bench) => {
    const tabs = bench.openThree();
    const heard = bench.hear(tabs[2], 'room');
    const send = (tab: MessageBus, content: string): Promise<Message> =>
      tab.send({ channelId: 'room', id: 'webhook:1', content });
    const first = await send(tabs[0], 'first');
    const again = await Promise.all([...tabs, ...tabs].map((tab) => send(tab, 'again')));
    expect(again.map(({ id, offset }) => [id, offset])).toEqual(again.map(() => ['webhook:1', first.offset]));
    const last = await tabs[1].send({ channelId: 'room', content: 'last' });
    expect(await heard.count(2)).toEqual([first, last]);
  });

  test('hear what is ephemeral if they asked for it, and nobody stores it', async (bench) => {
    const [a, b, c] = bench.openThree();
    const [all, only, stored] = [
      bench.hear(a, 'room', { ephemeral: true }),
      bench.hear(b, 'room', { ephemeral: 'only' }),
      bench.hear(c, 'room', {}),
    ];
    await Promise.all([all, only, stored].map(({ subscription }) => subscription.ready));
    expect((await c.send({ channelId: 'room', content: 'typing' }, { ephemeral: true })).offset).toBe(0);
    await Promise.all([all.count(1), only.count(1)]);
    await c.send({ channelId: 'room', content: 'said' });
    await all.count(2);
    expect(contentsOf(all.messages)).toEqual(['typing', 'said']);
    expect(contentsOf(only.messages)).toEqual(['typing']);
    expect(contentsOf(stored.messages)).toEqual(['said']);
    expect(contentsOf(await b.history('room'))).toEqual(['said']);
  });

  test('are told at once what is wrong with what they give, and nobody else comes to harm', async (bench) => {
    const [a, b] = bench.openThree();
    const heard = bench.hear(b, 'room');
    const wrong: readonly [unknown, () => unknown][] = [
      ['INVALID_CHANNEL', () => a.send({ channelId: '', content: 1 })],
      ['INVALID_CHANNEL', () => a.send({ channelId: 'room*', content: 1 })],
      ['INVALID_CHANNEL', () => a.history('x'.repeat(257))],
      ['INVALID_CHANNEL', async () => a.subscribe('', () => undefined)],
      ['NOT_ENCODABLE', () => a.send({ channelId: 'room', content: { text: () => 1 } })],
      ['MESSAGE_TOO_LARGE', () => a.send({ channelId: 'room', content: bytesOf(1_200_000) })],
      ['INVALID_INPUT', async () => a.consume('room', { group: '' }, () => undefined)],
      ['INVALID_INPUT', () => a.deleteMessage('nothing', 'room')],
      ['INVALID_INPUT', () => a.history('room', { limit: -1 })],
      ['INVALID_INPUT', () => a.request({ channelId: 'room', content: 1 }, { timeout: 0 })],
    ];
    await a.send({ channelId: 'room', content: 'before' });
    for (const [code, call] of wrong) expect(await rejection(call() as Promise<unknown>)).toBe(code);
    await a.send({ channelId: 'room', content: 'after' });
    expect(contentsOf(await heard.count(2))).toEqual(['before', 'after']);
    expect(a.status.getSnapshot().outbox).toBe(0);
  });
}

function testErasing({ expect }: Runner, test: HostTest): void {
  test('see what is deleted go, and never again', async (bench) => {
    const [a, b, c] = bench.openThree();
    const views = [b.live('room'), c.live('room')];
    const [first, second, third] = (await sendAll([a], 'room', 3)) as [Message, Message, Message];
    for (const view of views) await bench.holds(view, 'all three', (entries) => entries.length === 3);
    await b.deleteMessage(second.id, 'room');
    await b.deleteMessage(second.id, 'room');
    for (const view of views) {
      const entries = await bench.holds(view, 'the other two', (left) => left.length === 2);
      expect(entries.map(({ id }) => id)).toEqual([first.id, third.id]);
    }
    const late = bench.hear(bench.open(), 'room');
    await late.subscription.ready;
    expect(late.messages).toEqual([first, third]);
    expect(await c.history('room')).toEqual([first, third]);
  });

  test('see a channel that is cleared empty, and filled again', async (bench) => {
    const [a, b, c] = bench.openThree();
    const views = [a.live('room'), b.live('room'), c.live('room')];
    await sendAll([a, b], 'room', 3);
    for (const view of views) await bench.holds(view, 'all six', (entries) => entries.length === 6);
    await b.clearChannel('room');
    for (const view of views) await bench.holds(view, 'nothing', (entries) => entries.length === 0);
    expect(await c.history('room')).toEqual([]);
    const { id } = await c.send({ channelId: 'room', content: 'again' });
    for (const view of views) {
      const entries = await bench.holds(view, 'the new one', (left) => left.length > 0);
      expect(entries.map((entry) => entry.id)).toEqual([id]);
    }
    const late = bench.hear(bench.open(), 'room');
    await late.subscription.ready;
    expect(contentsOf(late.messages)).toEqual(['again']);
  });
}

// What users write against: tabs that share a bus in one process, with time and death in the test's hands.
import { isBusError } from 'busline/core';
import type { Message, MessageBus } from 'busline/core';
import { createTestBus } from 'busline/testing';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { contents, failure, heard, numbers } from '../core/support.ts';

/** Everything that is heard from now on, and a promise of the first so many. */
async function hearing(
  bus: MessageBus,
  channel: string,
  count: number,
): Promise<{ readonly got: readonly Message[]; readonly all: Promise<void> }> {
  const got: Message[] = [];
  let isAll = (): void => undefined;
  const all = new Promise<void>((resolve) => (isAll = resolve));
  await bus.subscribe(channel, (message) => {
    got.push(message);
    if (got.length === count) isAll();
  }).ready;
  return { got, all };
}

describe('the tabs of a test bus', () => {
  test('share one bus: what one sends, the others receive, encoded as in a browser', async () => {
    const { tabs, close } = createTestBus({ tabs: 3 });
    const heardBy = await Promise.all(tabs.map((tab) => hearing(tab, 'room', 1)));
    const content = { text: 'hello', bytes: new Uint8Array([1, 2, 3]) };
    const sent = await tabs[0].send({ channelId: 'room', content });
    await Promise.all(heardBy.map(({ all }) => all));
    expect(heardBy.map(({ got }) => got)).toEqual([[sent], [sent], [sent]]);
    expect(heardBy[1]?.got[0]?.content === content).toBe(false);
    expect(sent).toMatchObject({ authorId: 'tab-1', timestamp: Date.UTC(2027, 0, 15, 8) });
    expect(tabs[2].status.getSnapshot()).toMatchObject({ host: 'shared-worker', tabs: 3 });
    await close();
  });

  test('are two, unless asked for', async () => {
    const { tabs, close } = createTestBus();
    expect(tabs.length).toBe(2);
    await close();
  });

  test('may have an author and schemas in common', async () => {
    const { tabs, close } = createTestBus({ author: { id: 'ada', name: 'Ada' }, schemas: { n: z.number() } });
    const [first, second] = tabs;
    expect((await first.send({ channelId: 'n', content: 1 })).authorName).toBe('Ada');
    const wrong = 'one' as unknown as number;
    expect(await failure(second.send({ channelId: 'n', content: wrong }))).toMatchObject({ code: 'SCHEMA_MISMATCH' });
    await close();
  });

  test('have the same ids in every run', async () => {
    const ids = await Promise.all(
      [1, 2].map(async () => {
        const { tabs, close } = createTestBus();
        const { id } = await tabs[0].send({ channelId: 'a', content: 1 });
        await close();
        return id;
      }),
    );
    expect(ids[0]).toBe(ids[1]);
  });

  test('cannot be none, and those that are not there cannot be frozen', async () => {
    expect(await failure(() => createTestBus({ tabs: 0 }))).toMatchObject({ code: 'INVALID_INPUT' });
    const bus = createTestBus();
    expect(await failure(() => bus.freeze(2))).toMatchObject({ code: 'INVALID_INPUT' });
    await bus.close();
  });
});

describe('a host that is killed', () => {
  test('loses and doubles nothing of a thousand messages under way', async () => {
    const { tabs, killHost, close } = createTestBus();
    const [writer, reader] = tabs;
    const here = await hearing(writer, 'a', 1000);
    const there = await hearing(reader, 'a', 1000);
    const sendings: Promise<Message>[] = [];
    for (const n of numbers(1, 1000)) {
      sendings.push(writer.send({ channelId: 'a', content: n }));
      if (n % 50 === 0) await Promise.resolve();
      if (n % 200 === 0) await killHost();
    }
    const sent = await Promise.all(sendings);
    await Promise.all([here.all, there.all]);
    expect(contents(there.got)).toEqual(numbers(1, 1000));
    expect(here.got).toEqual(sent);
    expect(await reader.history('a', { limit: 2000 })).toEqual(sent);
    await close();
  });

  test('answers nothing that was under way: its successor does', async () => {
    const { tabs, killHost, close } = createTestBus();
    const [tab] = tabs;
    const events: unknown[] = [];
    tab.on('host', (event) => events.push(event));
    await tab.send({ channelId: 'a', content: 1 });
    const asked = tab.history('a');
    const sending = tab.send({ channelId: 'a', content: 2 });
    await killHost();
    expect(contents(await asked)).toContain(1);
    expect((await sending).offset).toBe(2);
    expect(events).toEqual([
      { from: 'none', to: 'shared-worker:1', term: 1 },
      { from: 'shared-worker:1', to: 'shared-worker:2', term: 2 },
    ]);
    await close();
  });

  test('is replaced for every tab that uses the bus, and no other', async () => {
    const { tabs, killHost, close } = createTestBus({ tabs: 3 });
    await tabs[0].send({ channelId: 'a', content: 1 });
    await tabs[1].history('a');
    await killHost();
    expect(tabs.map((tab) => tab.status.getSnapshot().host)).toEqual(['shared-worker', 'shared-worker', 'connecting']);
    expect(contents(await tabs[2].history('a'))).toEqual([1]);
    await close();
  });
});

describe('a frozen tab', () => {
  test('hears nothing until it is thawed, then everything in its order', async () => {
    const bus = createTestBus();
    const [writer, sleeper] = bus.tabs;
    const { got, all } = await hearing(sleeper, 'a', 100);
    bus.freeze(1);
    await Promise.all(numbers(1, 50).map((content) => writer.send({ channelId: 'a', content })));
    await bus.killHost();
    for (const content of numbers(51, 99)) await writer.send({ channelId: 'a', content });
    await bus.advance(60_000);
    expect(got).toEqual([]);
    bus.thaw(1);
    await writer.send({ channelId: 'a', content: 100 });
    await all;
    expect(contents(got)).toEqual(numbers(1, 100));
    await bus.close();
  });

  test('sends nothing until it is thawed, whatever happens to the host meanwhile', async () => {
    const bus = createTestBus();
    const [sleeper, reader] = bus.tabs;
    const { got, all } = await hearing(reader, 'a', 3);
    await sleeper.send({ channelId: 'a', content: 1 });
    bus.freeze(0);
    const sendings = [2, 3].map((content) => sleeper.send({ channelId: 'a', content }));
    for (const _ of numbers(1, 3)) await bus.killHost();
    await bus.advance(1000);
    expect(contents(got)).toEqual([1]);
    bus.thaw(0);
    bus.thaw(0);
    await Promise.all([...sendings, all]);
    expect(contents(got)).toEqual([1, 2, 3]);
    await bus.close();
  });

  test('may be frozen again before it has done what waited', async () => {
    const bus = createTestBus();
    const [writer, sleeper] = bus.tabs;
    const { got, all } = await hearing(sleeper, 'a', 20);
    bus.freeze(1);
    for (const content of numbers(1, 20)) await writer.send({ channelId: 'a', content });
    sleeper.subscribe('a', () => bus.freeze(1));
    bus.thaw(1);
    bus.freeze(1);
    await bus.advance(1000);
    expect(got).toEqual([]);
    while (got.length < 20) {
      bus.thaw(1);
      await bus.advance(0);
    }
    await all;
    expect(contents(got)).toEqual(numbers(1, 20));
    await bus.close();
  });

  test('is waited for by nobody: a host is killed and replaced without it', async () => {
    const bus = createTestBus();
    await Promise.all(bus.tabs.map((tab) => tab.history('a')));
    const killing = bus.killHost();
    bus.freeze(1);
    await killing;
    expect(bus.tabs[0].status.getSnapshot().host).toBe('shared-worker');
    bus.thaw(1);
    await bus.tabs[1].history('a');
    await bus.close();
  });
});

describe('advance', () => {
  test('lets messages expire', async () => {
    const { tabs, advance, close } = createTestBus();
    await tabs[0].send({ channelId: 'a', content: 'short', ttl: 1000 });
    await tabs[0].send({ channelId: 'a', content: 'long', ttl: 1001 });
    await advance(1000);
    const got = heard(tabs[1], 'a', { from: 'earliest' });
    await advance(0);
    expect(contents(got)).toEqual(['long']);
    await close();
  });

  test('gives a message of a group again, when its member threw, after a while', async () => {
    const { tabs, advance, close } = createTestBus();
    const attempts: number[] = [];
    tabs[1].consume('jobs', { group: 'workers', backoff: { initial: 5000, jitter: false } }, (_, { attempt }) => {
      attempts.push(attempt);
      if (attempt === 1) throw new Error('not yet');
    });
    await tabs[0].send({ channelId: 'jobs', content: 1 });
    await advance(4999);
    expect(attempts).toEqual([1]);
    await advance(1);
    expect(attempts).toEqual([1, 2]);
    await close();
  });

  test('is the only thing that moves time, and one move waits for the one before', async () => {
    const { tabs, advance, close } = createTestBus();
    const stamp = async (): Promise<number> => (await tabs[0].send({ channelId: 'a', content: 1 })).timestamp;
    const start = await stamp();
    await Promise.all([advance(1000), advance(500)]);
    expect((await stamp()) - start).toBe(1500);
    await close();
  });

  test('does not mind fake timers', async () => {
    vi.useFakeTimers();
    try {
      const { tabs, advance, close } = createTestBus();
      const got = heard(tabs[1], 'a');
      await tabs[0].send({ channelId: 'a', content: 1 });
      await advance(10);
      expect(contents(got)).toEqual([1]);
      await close();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('closing', () => {
  test('one tab is a tab that goes', async () => {
    const { tabs, advance, close } = createTestBus();
    await Promise.all(tabs.map((tab) => tab.history('a')));
    expect(tabs[0].status.getSnapshot().tabs).toBe(2);
    await tabs[1].close();
    await advance(0);
    expect(tabs[0].status.getSnapshot().tabs).toBe(1);
    expect(await failure(tabs[1].send({ channelId: 'a', content: 1 }))).toMatchObject({ code: 'CLOSED' });
    await tabs[0].send({ channelId: 'a', content: 1 });
    await close();
  });

  test('all of it settles everything, also what is frozen', async () => {
    const bus = createTestBus();
    await bus.tabs[0].send({ channelId: 'a', content: 1 });
    bus.freeze(0);
    const sending = bus.tabs[0].send({ channelId: 'a', content: 2 });
    await bus.close();
    await bus.close();
    expect((await sending).offset).toBe(2);
    const closed: unknown = await bus.tabs[1].history('a').catch((error: unknown) => error);
    expect(isBusError(closed)).toBe(true);
  });
});

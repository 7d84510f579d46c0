// Many tabs of one bus: they begin at the same instant, they all talk at once, and nearly all of them go at once.
import type { Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';
import type { Received } from './support/tabs.ts';

const kinds = ['shared-worker', 'leader-tab', 'page'] as const;

/** Looked at often: a test has many steps, each of which is soon done. */
const often = { intervals: [25] };

interface Stored {
  readonly offset: number;
  readonly content: readonly [string, number];
}

declare global {
  var begun: string;
  /** The term of every host that this tab has had. */
  var terms: number[];
  /** What any tab was told is stored. */
  var stored: Stored[];
  var taken: number;
  var handled: unknown[];
  var present: number;
  var release: () => void;
  var talking: Promise<void>;
  var isOver: boolean;
}

test.use({ counted: 'pages' });

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => from + n);
const heard = (tab: Page): Promise<readonly Received[]> => tab.evaluate(() => got);

/** How many locks of each sort are held for a bus. */
const locks = (tab: Page, name = 'busline'): Promise<Record<string, number>> =>
  tab.evaluate(async (bus) => {
    const counts: Record<string, number> = {};
    for (const { name: lock = '' } of (await navigator.locks.query()).held ?? []) {
      if (!lock.startsWith(`busline:${bus}:`)) continue;
      const [sort = ''] = lock.slice(`busline:${bus}:`.length).split(':');
      counts[sort] = (counts[sort] ?? 0) + 1;
    }
    return counts;
  }, name);

/** The counts of each sender, in the order in which they stand. */
function bySender(messages: readonly Received[]): Record<string, number[]> {
  const counts: Record<string, number[]> = {};
  for (const { content } of messages) {
    const [sender, n] = content as [string, number];
    (counts[sender] ??= []).push(n);
  }
  return counts;
}

for (const kind of kinds) {
  test.describe(kind, () => {
    test('two tabs that begin at the very same instant have one host, ten times', async ({ openTab }) => {
      const [starter, ...tabs] = await Promise.all([openTab(), openTab(), openTab()]);
      for (const [at, tab] of tabs.entries()) {
        await tab.evaluate(
          ([author, host]) => {
            new BroadcastChannel('begin').addEventListener('message', ({ data: name }: MessageEvent<string>) => {
              const made = busline.createBus({ name, hosts: [host], author });
              globalThis.bus = made;
              globalThis.terms = [];
              made.on('host', ({ term }) => terms.push(term));
              globalThis.got = record(made, 'room', { from: 'earliest' }).got;
              globalThis.sent = Array.from({ length: 10 }, (_, n) =>
                made.send({ channelId: 'room', content: [author, n] }),
              );
              globalThis.begun = name;
            });
          },
          [`tab ${at}`, kind] as const,
        );
      }
      for (const round of range(10)) {
        const name = `round ${round}`;
        await starter.evaluate((bus) => {
          const begin = new BroadcastChannel('begin');
          begin.postMessage(bus);
          begin.close();
        }, name);
        for (const tab of tabs) {
          await expect.poll(() => tab.evaluate(() => globalThis.begun), often).toBe(name);
          await tab.evaluate(() => Promise.all(sent));
          await expect.poll(() => tab.evaluate(() => got.length), often).toBe(20);
          await expect.poll(() => tab.evaluate(() => bus.status.getSnapshot().tabs), often).toBe(2);
        }
        const [first = [], second] = await Promise.all(tabs.map(heard));
        expect(first).toEqual(second);
        expect(first.map(({ offset }) => offset)).toEqual(range(20, 1));
        expect(bySender(first)).toEqual({ 'tab 0': range(10), 'tab 1': range(10) });
        await expect.poll(() => locks(starter, name), often).toMatchObject({ core: 1, host: 1, tab: 2 });
        const hosts = await Promise.all(
          tabs.map((tab) => tab.evaluate(() => [bus.status.getSnapshot().host, terms.at(-1)])),
        );
        expect(hosts[0]?.[0]).toBe(kind);
        expect(hosts[0]).toEqual(hosts[1]);
        await Promise.all(tabs.map((tab) => tab.evaluate(() => bus.close())));
      }
    });

    // A page that hosts cannot end without being closed, as nearly all are below.
    if (kind !== 'page')
      test('twenty tabs hear each other once and in one order, though the host ends meanwhile', async ({ openTab }) => {
        test.setTimeout(120_000);
        const tabs = await Promise.all(range(20).map(() => openTab()));
        await Promise.all(
          tabs.map((tab, at) =>
            tab.evaluate(
              async ([author, host, isToEnd]) => {
                globalThis.bus = busline.createBus({ hosts: [host], workerUrl: '/pages/faulty-worker.js', author });
                globalThis.terms = [];
                bus.on('host', ({ term }) => terms.push(term));
                const { got, subscription } = record(bus, 'room', { from: 'earliest' });
                globalThis.got = got;
                // In the midst of it: when so much is heard, not all is sent.
                if (isToEnd) {
                  bus.subscribe('room', ({ offset }) => {
                    if (offset === 300) new BroadcastChannel('faults:busline').postMessage({ kill: true });
                  });
                }
                await Promise.all([bus.ready, subscription.ready]);
              },
              [`tab ${at}`, kind, at === 7] as const,
            ),
          ),
        );
        await Promise.all(
          tabs.map((tab, at) =>
            tab.evaluate(async (author) => {
              for (let n = 0; n < 50; n += 5) {
                const some = [0, 1, 2, 3, 4].map((k) => bus.send({ channelId: 'room', content: [author, n + k] }));
                await Promise.all(some);
              }
            }, `tab ${at}`),
          ),
        );
        for (const tab of tabs) await expect.poll(() => tab.evaluate(() => got.length), often).toBe(1000);
        const [first = [], ...others] = await Promise.all(tabs.map(heard));
        for (const other of others) expect(other).toEqual(first);
        expect(first.map(({ offset }) => offset)).toEqual(range(1000, 1));
        expect(bySender(first)).toEqual(Object.fromEntries(range(20).map((at) => [`tab ${at}`, range(50)])));
        const terms = await Promise.all(tabs.map((tab) => tab.evaluate(() => globalThis.terms.at(-1) ?? 0)));
        expect(new Set(terms).size).toBe(1);
        expect(terms[0]).toBeGreaterThan(1);
      });

    test('of a hundred tabs ninety-nine go at once: the last one has all that was stored, and all the work', async ({
      openTab,
    }) => {
      test.setTimeout(120_000);
      // So many windows would take minutes to open. A frame is a tab to the bus: it has its own client and its own lock, which
      // it loses when its window is closed. The first of them bring the host about.
      const crowd = await Promise.all([openTab(), openTab(), openTab()]);
      const last = await openTab();
      await last.evaluate(() => {
        globalThis.stored = [];
        globalThis.taken = 0;
        new BroadcastChannel('stored').addEventListener('message', ({ data }) => stored.push(data as Stored));
        new BroadcastChannel('taken').addEventListener('message', () => (globalThis.taken += 1));
      });
      for (const [at, page] of crowd.entries()) {
        await page.evaluate(
          async ([own, host]) => {
            const frames = Array.from({ length: 33 }, () => document.createElement('iframe'));
            await Promise.all(
              frames.map((frame) => {
                frame.src = '/pages/bus.html';
                document.body.append(frame);
                return new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
              }),
            );
            const told = new BroadcastChannel('stored');
            const takes = new BroadcastChannel('taken');
            const begin = new BroadcastChannel('begin');
            const ready = frames.map(async ({ contentWindow }, n) => {
              const author = `tab ${own}.${n}`;
              const tab = contentWindow as unknown as typeof globalThis;
              const joined = tab.busline.createBus({ hosts: [host], workerUrl: '/pages/faulty-worker.js', author });
              // Whoever takes a piece of work has it in hand until it dies.
              joined.consume('work', { group: 'all' }, () => {
                takes.postMessage(author);
                return new Promise(() => undefined);
              });
              await Promise.all([joined.ready, joined.joinChannel('room')]);
              // A hundred that hear a hundred are too much for few processors; the last tab hears them all.
              const talk = async (): Promise<void> => {
                for (let count = 0; ; count++) {
                  const content = [author, count];
                  const { offset } = await joined.send({ channelId: 'room', content });
                  told.postMessage({ offset, content });
                }
              };
              begin.addEventListener('message', () => void talk());
            });
            await Promise.all(ready);
          },
          [at, kind] as const,
        );
      }
      await last.evaluate(async (host) => {
        globalThis.bus = busline.createBus({ hosts: [host], workerUrl: '/pages/faulty-worker.js', author: 'last' });
        globalThis.terms = [];
        bus.on('host', ({ term }) => terms.push(term));
        const { got, subscription } = record(bus, 'room', { from: 'earliest' });
        globalThis.got = got;
        globalThis.handled = [];
        const isAlone = new Promise<void>((resolve) => (globalThis.release = resolve));
        bus.consume('work', { group: 'all' }, async ({ content }) => {
          await isAlone;
          handled.push(content);
        });
        const presence = bus.presence('room');
        presence.subscribe(() => (globalThis.present = presence.getSnapshot().length));
        await Promise.all([bus.ready, subscription.ready, bus.joinChannel('room')]);
      }, kind);
      await expect.poll(() => last.evaluate(() => globalThis.present), often).toBe(100);
      await expect.poll(() => last.evaluate(() => bus.status.getSnapshot().tabs), often).toBe(100);
      expect(await locks(last)).toMatchObject({ core: 1, tab: 100 });

      // One piece for each, and all talk.
      await last.evaluate(() =>
        Promise.all(Array.from({ length: 100 }, (_, n) => bus.send({ channelId: 'work', content: n }))),
      );
      await expect.poll(() => last.evaluate(() => taken), often).toBe(99);
      await last.evaluate(() => {
        new BroadcastChannel('begin').postMessage(null);
        globalThis.talking = (async () => {
          for (let count = 0; !globalThis.isOver; count++) {
            const content = ['last', count] as const;
            const { offset } = await bus.send({ channelId: 'room', content });
            stored.push({ offset, content });
          }
        })();
      });
      const talkers = (): Promise<number> =>
        last.evaluate(() => new Set(stored.map(({ content: [sender] }) => sender)).size);
      await expect.poll(talkers, often).toBe(100);

      const before = await last.evaluate(() => terms.at(-1) ?? 0);
      await Promise.all([
        // The shared worker, which would live on with the last tab, ends with the others.
        kind === 'shared-worker' &&
          last.evaluate(() => new BroadcastChannel('faults:busline').postMessage({ kill: true })),
        ...crowd.map((page) => page.close()),
      ]);
      await expect.poll(() => last.evaluate(() => bus.status.getSnapshot().tabs), often).toBe(1);
      await expect.poll(() => last.evaluate(() => terms.at(-1) ?? 0), often).toBeGreaterThan(before);
      await expect.poll(() => last.evaluate(() => globalThis.present), often).toBe(1);
      await expect.poll(() => locks(last), often).toMatchObject({ core: 1, tab: 1 });

      // It goes on, and all the work that the others had in hand is its own.
      const own = (): Promise<number> =>
        last.evaluate(() => stored.filter(({ content: [sender] }) => sender === 'last').length);
      const alone = await own();
      await last.evaluate(() => release());
      await expect.poll(own, often).toBeGreaterThan(alone + 20);
      await expect.poll(() => last.evaluate(() => handled.length), often).toBe(100);
      expect(new Set(await last.evaluate(() => handled)).size).toBe(100);

      const all = await last.evaluate(async () => {
        globalThis.isOver = true;
        await globalThis.talking;
        return stored;
      });
      const end = Math.max(...all.map(({ offset }) => offset));
      await expect.poll(() => last.evaluate(() => got.length), often).toBeGreaterThanOrEqual(end);
      const got = await heard(last);
      expect(got.map(({ offset }) => offset)).toEqual(range(got.length, 1));
      const wrong = all.filter(({ offset, content }) => String(got[offset - 1]?.content) !== String(content));
      expect(wrong).toEqual([]);
      for (const counts of Object.values(bySender(got))) expect(counts).toEqual(range(counts.length));
    });
  });
}

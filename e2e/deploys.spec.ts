import type { Page } from '@playwright/test';
import type { HostKind } from 'busline';
import { expect, test } from './support/tabs.ts';

declare global {
  var told: string[];
}

/** Which build a tab has loaded, by where it is served. */
type Build = 'dist' | 'rebuilt' | 'newer';

async function join(tab: Page, build: Build, kind: HostKind = 'shared-worker'): Promise<void> {
  await tab.evaluate(
    async ([from, host]) => {
      const { createBus } = (await import(`/${from}/index.js`)) as typeof busline;
      globalThis.bus = createBus({ hosts: [host as HostKind] });
      globalThis.told = [];
      bus.on('reload', () => told.push('reload'));
      globalThis.got = record(bus, 'room', { from: 'earliest' }).got;
    },
    [build, kind],
  );
}

const ready = (tab: Page): Promise<unknown> => tab.evaluate(() => bus.ready);
const say = (tab: Page, content: unknown): Promise<unknown> =>
  tab.evaluate((text) => bus.send({ channelId: 'room', content: text }), content);
const heard = (tab: Page): Promise<unknown[]> => tab.evaluate(() => got.map(({ content }) => content));

test.describe('a deploy', () => {
  test.use({ counted: 'pages' });

  test('that speaks the same protocol: tabs of both builds share the bus, whichever worker hosts it', async ({
    openTab,
  }) => {
    const [older, newer] = [await openTab(), await openTab()];
    await join(older, 'dist');
    await say(older, 1);
    await join(newer, 'rebuilt');
    await say(newer, 2);
    await say(older, 3);
    for (const tab of [older, newer]) await expect.poll(() => heard(tab)).toEqual([1, 2, 3]);
    await older.close();
    await say(newer, 4);
    const oldest = await openTab();
    await join(oldest, 'dist');
    await say(oldest, 5);
    for (const tab of [oldest, newer]) await expect.poll(() => heard(tab)).toEqual([1, 2, 3, 4, 5]);
  });

  test('that removed the worker of the older build: its tabs find the host of the newer one', async ({ openTab }) => {
    const [older, newer] = [await openTab(), await openTab()];
    await older.evaluate(async () => {
      // As it is served before the deploy, and after it.
      const script = (): string => (document.title === 'deployed' ? '/pages/gone.js' : '/dist/worker.js');
      globalThis.bus = busline.createBus({
        worker: (name) => new SharedWorker(script(), { type: 'module', name }),
        hosts: ['shared-worker'],
      });
      globalThis.got = record(bus, 'room', { from: 'earliest' }).got;
      await bus.send({ channelId: 'room', content: 1 });
      document.title = 'deployed';
      // Its host ends, as a worker may at any time.
      await navigator.locks.request('busline:busline:core', { steal: true }, () => undefined);
    });
    await join(newer, 'rebuilt');
    await ready(newer);
    await newer.evaluate(() => bus.on('host', ({ to }) => told.push(to)));
    await say(newer, 2);
    await say(older, 3);
    for (const tab of [older, newer]) await expect.poll(() => heard(tab)).toEqual([1, 2, 3]);
    // The older tab cannot load a worker of this name, and leaves the one alone that it finds under it.
    await say(older, 4);
    await say(newer, 5);
    for (const tab of [older, newer]) await expect.poll(() => heard(tab)).toEqual([1, 2, 3, 4, 5]);
    expect(await newer.evaluate(() => told)).toEqual([]);
  });

  for (const kind of ['shared-worker', 'leader-tab', 'page'] as const) {
    test(`that speaks a later protocol: the ${kind} of the older build drains and gives way, its tabs are told to reload`, async ({
      openTab,
    }) => {
      const older = await Promise.all([openTab(), openTab(), openTab()]);
      for (const tab of older) await join(tab, 'dist', kind);
      await Promise.all(older.map(ready));
      // What is under way while it happens is stored, or its sender is told that nobody knows.
      const sent = older.map((tab, n) =>
        tab.evaluate(async (from) => {
          const outcomes: Promise<[number, number | string]>[] = [];
          for (let k = 0; !told.includes('reload'); k++) {
            const content = from * 1e6 + k;
            outcomes.push(
              bus.send({ channelId: 'room', content }).then(
                ({ offset }): [number, number] => [content, offset],
                ({ code, accepted }: { code: string; accepted: unknown }): [number, string] => [
                  content,
                  `${code} ${String(accepted)}`,
                ],
              ),
            );
            await new Promise((resolve) => setTimeout(resolve));
          }
          return Promise.all(outcomes);
        }, n),
      );
      const newer = await openTab();
      await join(newer, 'newer', kind);
      await ready(newer);
      await say(newer, 'new');
      const outcomes = (await Promise.all(sent)).flat();
      const stored = new Map(
        await newer.evaluate(async () => {
          const all: [number, number][] = [];
          for await (const { content, offset } of bus.messages('room', { from: 'earliest' })) {
            if (content === 'new') break;
            all.push([content as number, offset]);
          }
          return all;
        }),
      );
      for (const [content, outcome] of outcomes) {
        if (typeof outcome === 'number') expect(stored.get(content)).toBe(outcome);
        else expect(outcome).toMatch(/^VERSION_MISMATCH (unknown|false)$/);
      }
      for (const tab of older) {
        expect(await tab.evaluate(() => told)).toEqual(['reload']);
        expect(await tab.evaluate(() => bus.status.getSnapshot())).toMatchObject({ host: 'closed' });
      }
      // One that opens an older page now, from a cache perhaps, is told, too.
      const late = await openTab();
      await join(late, 'dist', kind);
      expect(await late.evaluate(() => bus.ready.catch((error: { code: string }) => error.code))).toBe(
        'VERSION_MISMATCH',
      );
      await expect.poll(() => late.evaluate(() => told)).toEqual(['reload']);
      await say(newer, 'still there');
    });
  }
});

import type { HostKind } from 'busline';
import type { Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';

const kinds: readonly HostKind[] = ['shared-worker', 'leader-tab', 'service-worker', 'page'];

async function join(tab: Page, kind: HostKind): Promise<void> {
  await tab.evaluate(async (host) => {
    globalThis.bus = busline.createBus({ hosts: [host], workerUrl: '/pages/faulty-worker.js' });
    const { got, subscription } = record(bus, 'room', { from: 'earliest' });
    globalThis.got = got;
    await Promise.all([bus.ready, subscription.ready]);
  }, kind);
}

const say = (tab: Page, content: unknown): Promise<unknown> =>
  tab.evaluate((text) => bus.send({ channelId: 'room', content: text }), content);
const heard = (tab: Page): Promise<unknown[]> => tab.evaluate(() => got.map(({ content }) => content));
const host = (tab: Page): Promise<string> => tab.evaluate(() => bus.status.getSnapshot().host);

/** What is done to the host, wherever it runs. */
async function order(tab: Page, what: object): Promise<void> {
  await tab.evaluate((fault) => {
    const control = new BroadcastChannel('faults:busline');
    control.postMessage(fault);
    control.close();
  }, what);
}

for (const kind of kinds) {
  test.describe(kind, () => {
    test.use({ counted: 'pages' });

    test('is one host for all tabs, and is followed by another when the first tab goes', async ({ openTab }) => {
      const tabs = [await openTab(), await openTab(), await openTab()] as const;
      for (const tab of tabs) await join(tab, kind);
      for (const [n, tab] of tabs.entries()) await say(tab, n);
      for (const tab of tabs) {
        await expect.poll(() => heard(tab)).toEqual([0, 1, 2]);
        expect(await host(tab)).toBe(kind);
        await expect.poll(() => tab.evaluate(() => bus.status.getSnapshot().tabs)).toBe(3);
      }
      await tabs[0].close();
      await say(tabs[1], 'after');
      await say(tabs[2], 'much after');
      for (const tab of tabs.slice(1)) {
        await expect.poll(() => heard(tab)).toEqual([0, 1, 2, 'after', 'much after']);
        expect(await host(tab)).toBe(kind);
        await expect.poll(() => tab.evaluate(() => bus.status.getSnapshot().tabs)).toBe(2);
      }
    });

    test('hangs, is succeeded, and cannot write when it wakes', async ({ openTab }) => {
      const tabs = [await openTab(), await openTab(), await openTab()] as const;
      for (const tab of tabs) await join(tab, kind);
      await say(tabs[1], 'before');
      // There is only one service worker: it is waited for. The others are succeeded long before they wake.
      const hung = kind === 'service-worker' ? 2000 : 8000;
      // A page that hosts hangs with its host.
      if (kind === 'page') {
        await tabs[0].evaluate((ms) => {
          setTimeout(() => {
            const end = performance.now() + ms;
            while (performance.now() < end);
          });
        }, hung);
      } else {
        await tabs[1].evaluate(async (ms) => {
          const control = new BroadcastChannel('faults:busline');
          const told = new Promise((resolve) => control.addEventListener('message', resolve, { once: true }));
          control.postMessage({ hang: { when: 'before', ms } });
          await told;
          control.close();
        }, hung);
      }
      const took = await tabs[1].evaluate(async () => {
        const start = performance.now();
        await Promise.all([1, 2, 3].map((n) => bus.send({ channelId: 'room', content: n })));
        return performance.now() - start;
      });
      test.info().annotations.push({ type: 'succeeded after', description: `${Math.round(took)} ms` });
      if (kind !== 'service-worker') expect(took).toBeLessThan(hung);
      await say(tabs[2], 'after');
      await say(tabs[0], 'much later');
      for (const tab of tabs) {
        await expect.poll(() => heard(tab)).toEqual(['before', 1, 2, 3, 'after', 'much later']);
        expect(await host(tab)).toBe(kind);
      }
    });

    if (kind !== 'page') {
      for (const fault of ['kill', 'fail'] as const) {
        // A service worker cannot end itself.
        if (kind === 'service-worker' && fault === 'kill') continue;
        test(`${fault === 'kill' ? 'ends itself' : 'throws'}, and nothing is lost`, async ({ openTab }) => {
          const tabs = [await openTab(), await openTab()] as const;
          for (const tab of tabs) await join(tab, kind);
          const sent: Promise<unknown>[] = [];
          for (let n = 0; n < 20; n++) {
            sent.push(say(tabs[n % 2] as Page, n));
            if (n % 5 === 2) await order(tabs[0], { [fault]: true });
          }
          await Promise.all(sent);
          const orders = await Promise.all(
            tabs.map(async (tab) => {
              await expect.poll(async () => (await heard(tab)).length).toBe(20);
              return heard(tab);
            }),
          );
          expect(orders[0]).toEqual(orders[1]);
          expect(new Set(orders[0]).size).toBe(20);
        });
      }
    }
  });
}

test.describe('tabs that ask for different hosts', () => {
  test.use({ counted: 'pages' });

  test('meet at the one that is there, and at the next when it goes', async ({ openTab }) => {
    const tabs = await Promise.all(kinds.map(() => openTab()));
    for (const [n, tab] of tabs.entries()) await join(tab, kinds[n] as HostKind);
    const first = await host(tabs[0] as Page);
    expect(first).toBe('shared-worker');
    const said: unknown[] = [];
    while (tabs.length > 0) {
      for (const [n, tab] of tabs.entries()) {
        await say(tab, [tabs.length, n]);
        said.push([tabs.length, n]);
      }
      const hosts = await Promise.all(tabs.map(host));
      expect(new Set(hosts).size).toBe(1);
      for (const tab of tabs) await expect.poll(() => heard(tab)).toEqual(said);
      await tabs.shift()?.close();
    }
  });
});

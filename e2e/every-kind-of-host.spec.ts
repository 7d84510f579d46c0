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
  });
}

// Pages that the browser puts away: frozen, kept in the back-forward cache, brought back. Where a browser under test does not do
// so by itself, the page is told what it would be told.
import type { Page } from '@playwright/test';
import type { HostKind } from 'busline';
import { expect, test } from './support/tabs.ts';

async function join(tab: Page, kind: HostKind): Promise<void> {
  await tab.evaluate(async (host) => {
    globalThis.bus = busline.createBus({ hosts: [host] });
    globalThis.got = record(bus, 'room', { from: 'earliest' }).got;
    await bus.ready;
  }, kind);
}

const say = (tab: Page, content: unknown): Promise<unknown> =>
  tab.evaluate((text) => bus.send({ channelId: 'room', content: text }), content);
const heard = (tab: Page): Promise<unknown[]> => tab.evaluate(() => got.map(({ content }) => content));
const host = (tab: Page): Promise<string> => tab.evaluate(() => bus.status.getSnapshot().host);

const ways = {
  'frozen and thawed': [
    () => document.dispatchEvent(new Event('freeze', { bubbles: true })),
    () => document.dispatchEvent(new Event('resume', { bubbles: true })),
  ],
  'put into the back-forward cache and brought back': [
    () => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })),
    () => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })),
  ],
} as const;

test.use({ counted: 'pages' });

for (const kind of ['shared-worker', 'leader-tab', 'service-worker', 'page'] as const) {
  for (const [how, [away, back]] of Object.entries(ways)) {
    test(`a tab that brought about the ${kind} is ${how}: the others go on, and it goes on where it was`, async ({
      openTab,
    }) => {
      const [first, second] = [await openTab(), await openTab()];
      await join(first, kind);
      await join(second, kind);
      await say(first, 1);
      await first.evaluate(away);
      // What it says meanwhile waits in it, or goes out at once if it is not really away.
      const waiting = say(first, 'from away');
      await say(second, 2);
      await say(second, 3);
      expect(await host(second)).toBe(kind);
      await first.evaluate(back);
      await waiting;
      await say(first, 4);
      await expect.poll(async () => (await heard(first)).length).toBe(5);
      await expect.poll(() => heard(second)).toEqual(await heard(first));
      expect((await heard(first)).filter((content) => typeof content === 'number')).toEqual([1, 2, 3, 4]);
      expect(await host(first)).toBe(kind);
      await expect.poll(() => second.evaluate(() => bus.status.getSnapshot().tabs)).toBe(2);
    });
  }
}

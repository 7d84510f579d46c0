import type { Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';

test.use({ counted: 'pages' });

type Members = readonly { readonly userId: string; readonly tabs: number; readonly state?: unknown }[];

declare global {
  var members: Members;
}

async function enter(page: Page, author: string): Promise<void> {
  await page.evaluate((id) => {
    const bus = busline.createBus({ worker: busline.faulty, author: id });
    globalThis.bus = bus;
    const presence = bus.presence('room');
    const look = (): void => void (globalThis.members = presence.getSnapshot());
    presence.subscribe(look);
    look();
  }, author);
}

const seen = (page: Page) => (): Promise<Members> => page.evaluate(() => members);

test('typing is seen in other tabs, and goes at once when the tab is closed or crashes', async ({ openTab }) => {
  const [watcher, ada, bob, second] = [await openTab(), await openTab(), await openTab(), await openTab()];
  await enter(watcher, 'eve');
  await enter(ada, 'ada');
  await enter(bob, 'bob');
  await enter(second, 'ada');
  await ada.evaluate(() => bus.setPresence('room', { typing: true }));
  await bob.evaluate(() => bus.setPresence('room', { typing: true }));
  await second.evaluate(() => bus.joinChannel('room'));
  await expect.poll(seen(watcher)).toEqual([
    { userId: 'ada', tabs: 2, state: { typing: true } },
    { userId: 'bob', tabs: 1, state: { typing: true } },
  ]);
  await ada.close();
  await expect.poll(seen(watcher)).toEqual([
    { userId: 'ada', tabs: 1 },
    { userId: 'bob', tabs: 1, state: { typing: true } },
  ]);
  const crashed = bob.waitForEvent('crash');
  void bob.goto('chrome://crash').catch(() => undefined);
  await crashed;
  await expect.poll(seen(watcher)).toEqual([{ userId: 'ada', tabs: 1 }]);
  await second.evaluate(() => bus.leaveChannel('room'));
  await expect.poll(seen(watcher)).toEqual([]);
});

test('who is there is there again after the worker died', async ({ openTab }) => {
  const [watcher, ada] = [await openTab(), await openTab()];
  await enter(watcher, 'eve');
  await enter(ada, 'ada');
  await ada.evaluate(() => bus.setPresence('room', { cursor: 7 }));
  const there = [{ userId: 'ada', tabs: 1, state: { cursor: 7 } }];
  await expect.poll(seen(watcher)).toEqual(there);
  await watcher.evaluate(async () => {
    const replaced = new Promise<void>((resolve) => bus.on('host', () => resolve()));
    globalThis.members = [];
    const control = new BroadcastChannel('faults:busline');
    control.postMessage({ kill: true });
    control.close();
    await replaced;
  });
  await expect.poll(seen(watcher)).toEqual(there);
});

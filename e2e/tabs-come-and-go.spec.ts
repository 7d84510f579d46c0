import type { Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';

async function join(tab: Page, name: string): Promise<void> {
  await tab.evaluate(async (author) => {
    globalThis.bus = busline.createBus({ author });
    const { got, subscription } = record(bus, 'room', { from: 'earliest' });
    globalThis.got = got;
    await subscription.ready;
  }, name);
}

const say = (tab: Page, content: string): Promise<unknown> =>
  tab.evaluate((text) => bus.send({ channelId: 'room', content: text }), content);
const heard = (tab: Page): Promise<unknown[]> => tab.evaluate(() => got.map(({ content }) => content));

test('ten tabs hear each other, in the same order', async ({ openTab }) => {
  test.setTimeout(60_000);
  const tabs = await Promise.all(Array.from({ length: 10 }, () => openTab()));
  await Promise.all(tabs.map((tab, at) => join(tab, `tab ${at}`)));
  await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(() =>
        Promise.all(Array.from({ length: 50 }, (_, n) => bus.send({ channelId: 'room', content: n }))),
      ),
    ),
  );
  for (const tab of tabs) await expect.poll(async () => (await heard(tab)).length).toBe(500);
  const orders = await Promise.all(
    tabs.map((tab) => tab.evaluate(() => got.map(({ id, offset }) => `${offset} ${id}`).join())),
  );
  expect(new Set(orders).size).toBe(1);
  await expect.poll(() => (tabs[0] as Page).evaluate(() => bus.status.getSnapshot().tabs)).toBe(10);
  await Promise.all(tabs.slice(1).map((tab) => tab.close()));
  await expect.poll(() => (tabs[0] as Page).evaluate(() => bus.status.getSnapshot().tabs)).toBe(1);
});

test('reloading each tab in turn loses nothing', async ({ openTab }) => {
  const [a, b] = [await openTab(), await openTab()];
  await join(a, 'a');
  await join(b, 'b');
  await say(a, 'one');
  for (const [tab, other] of [
    [a, b],
    [b, a],
  ] as const) {
    await tab.reload();
    await expect(tab).toHaveTitle('ready');
    await say(other, 'while it was away');
    await join(tab, 'again');
    await say(tab, 'back');
  }
  const all = ['one', 'while it was away', 'back', 'while it was away', 'back'];
  await expect.poll(() => heard(a)).toEqual(all);
  await expect.poll(() => heard(b)).toEqual(all);
});

test('closing the tab that started the worker changes nothing for the others', async ({ openTab }) => {
  const [first, second] = [await openTab(), await openTab()];
  await join(first, 'first');
  await join(second, 'second');
  await say(first, 'one');
  await first.close();
  await say(second, 'two');
  await expect.poll(() => heard(second)).toEqual(['one', 'two']);
});

test.describe('a crash', () => {
  test.use({ counted: 'pages' });

  test('crashing the tab that started the worker changes nothing for the others', async ({ openTab }) => {
    const [first, second] = [await openTab(), await openTab()];
    await join(first, 'first');
    await join(second, 'second');
    await say(first, 'one');
    const crashed = first.waitForEvent('crash');
    void first.goto('chrome://crash').catch(() => undefined);
    await crashed;
    await say(second, 'two');
    await expect.poll(() => heard(second)).toEqual(['one', 'two']);
    await expect.poll(() => second.evaluate(() => bus.status.getSnapshot().tabs)).toBe(1);
  });
});

test('a page that comes back from the back-forward cache goes on where it was', async ({ openTab, site }) => {
  const [a, b] = [await openTab(), await openTab()];
  await join(a, 'a');
  await join(b, 'b');
  await say(a, 'one');
  await expect.poll(() => heard(b)).toEqual(['one']);
  await b.goto(`${site.url}/pages/empty.html`);
  await say(a, 'two');
  await b.goBack();
  // With or without the cache, which headless browsers may not have: the page is whole again.
  if (!(await b.evaluate(() => 'bus' in globalThis))) {
    await expect(b).toHaveTitle('ready');
    await join(b, 'b');
  }
  await say(a, 'three');
  await expect.poll(() => heard(b)).toEqual(['one', 'two', 'three']);
});

import type { Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';

/** All that lies in the databases of this origin, as text. */
function onDisk(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const ask = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.addEventListener('success', () => resolve(request.result));
        request.addEventListener('error', () => reject(request.error ?? new Error('failed')));
      });
    let found = '';
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await ask(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const all = await ask(database.transaction(store).objectStore(store).getAll());
        found += JSON.stringify(all);
      }
      database.close();
    }
    return found;
  });
}

test('a deleted message is gone from every tab and from disk, and its neighbours stay', async ({ openTab }) => {
  const [a, b] = [await openTab(), await openTab()];
  await b.evaluate(async () => {
    globalThis.bus = busline.createBus();
    const told: unknown[] = [];
    Object.assign(globalThis, { told, view: bus.live('room') });
    bus.on('message_deleted', (event) => told.push(event));
    await bus.subscribe('room', () => undefined).ready;
  });
  const id = await a.evaluate(async () => {
    globalThis.bus = busline.createBus();
    const sent = await Promise.all(
      ['before', 'a secret', 'after'].map((content) => bus.send({ channelId: 'room', content })),
    );
    return sent[1]?.id ?? '';
  });
  const view = (): Promise<readonly unknown[]> =>
    b.evaluate(() =>
      (globalThis as unknown as { view: ReturnType<typeof bus.live> }).view.getSnapshot().map(({ content }) => content),
    );
  await expect.poll(view).toEqual(['before', 'a secret', 'after']);
  expect(await onDisk(a)).toContain('a secret');
  await a.evaluate((own) => bus.deleteMessage(own, 'room'), id);
  await expect.poll(view).toEqual(['before', 'after']);
  await expect
    .poll(() => b.evaluate(() => (globalThis as unknown as { told: unknown[] }).told))
    .toEqual([{ messageId: id, channelId: 'room' }]);
  expect(await onDisk(a)).not.toContain('a secret');
  expect(await b.evaluate(async () => (await bus.history('room')).map(({ offset }) => offset))).toEqual([1, 3]);
});

test('a cleared channel is empty everywhere and on disk, and goes on', async ({ openTab }) => {
  const [a, b] = [await openTab(), await openTab()];
  await a.evaluate(async () => {
    globalThis.bus = busline.createBus();
    for (let n = 0; n < 300; n++) void bus.send({ channelId: 'room', content: `secret ${n}` });
    await bus.send({ channelId: 'other', content: 'stays' });
  });
  await b.evaluate(async () => {
    globalThis.bus = busline.createBus();
    globalThis.got = [];
    const resets: unknown[] = [];
    Object.assign(globalThis, { resets });
    const take = ({ content }: { content: unknown }): void => void got.push(content as never);
    await bus.subscribe('room', take, { from: 'earliest', onReset: ({ reason }) => resets.push(reason) }).ready;
  });
  await a.evaluate(() => bus.clearChannel('room'));
  expect(await onDisk(a)).not.toContain('secret');
  expect(await a.evaluate(() => bus.history('room'))).toEqual([]);
  await a.evaluate(() => bus.send({ channelId: 'room', content: 'new' }));
  await expect.poll(() => b.evaluate(() => got.at(-1))).toBe('new');
  expect(await b.evaluate(() => (globalThis as unknown as { resets: unknown[] }).resets)).toEqual(['cleared']);
  expect(await a.evaluate(async () => (await bus.history('other')).length)).toBe(1);
});

import { readFile } from 'node:fs/promises';
import { expect, test } from './support/chat.ts';
import type { ChatTab } from './support/chat.ts';

/** Keeps every transaction of the bus waiting, as a slow disk would, until it is released. */
async function holdDisk({ page }: ChatTab): Promise<() => Promise<void>> {
  await page.evaluate(async () => {
    const [{ name = '' } = {}] = await indexedDB.databases();
    const opened = indexedDB.open(name);
    await new Promise((resolve) => opened.addEventListener('success', resolve));
    const names = [...opened.result.objectStoreNames];
    const store = opened.result.transaction(names, 'readwrite').objectStore(names[0] ?? '');
    let held = true;
    globalThis.release = () => {
      held = false;
      opened.result.close();
    };
    await new Promise<void>((resolve) => {
      const again = (): void => {
        resolve();
        if (held) store.count().addEventListener('success', again);
      };
      store.count().addEventListener('success', again);
    });
  });
  return () => page.evaluate(() => release());
}

declare global {
  var release: () => void;
}

test.describe('between tabs', () => {
  test('what one tab writes appears in the other, ticked as stored, and both say what the bus holds', async ({
    openChat,
  }) => {
    const [a, b] = [await openChat(), await openChat()];
    await a.write('Good morning');
    await expect(a.message('Good morning').getByRole('img', { name: 'Stored' })).toBeVisible();
    await expect(b.message('Good morning')).toBeVisible();
    await b.write('And to you');
    await expect(a.messages).toContainText(['Good morning', 'And to you']);
    await expect(b.messages).toContainText(['Good morning', 'And to you']);
    for (const tab of [a, b]) await expect(tab.status).toHaveText('2 tabs · SharedWorker · 2 records stored');
    await b.page.close();
    await expect(a.status).toHaveText('1 tab · SharedWorker · 2 records stored');
  });

  test('a message is shown as queued until it is stored', async ({ openChat }) => {
    const tab = await openChat();
    await expect(tab.status).toHaveText('1 tab · SharedWorker · 0 records stored');
    const release = await holdDisk(await openChat());
    await tab.write('One moment');
    await expect(tab.message('One moment').getByRole('img', { name: 'Queued' })).toBeVisible();
    await expect(tab.status).toHaveText('2 tabs · SharedWorker · 0 records stored · 1 queued');
    await release();
    await expect(tab.message('One moment').getByRole('img', { name: 'Stored' })).toBeVisible();
    await expect(tab.status).toHaveText('2 tabs · SharedWorker · 1 record stored');
  });

  test('a message that finds no room on the disk says so, and is stored when tried again', async ({ openChat }) => {
    const tab = await openChat('disk full');
    await expect(tab.status).toContainText('SharedWorker');
    await tab.tellWorker('be full');
    await tab.write('Does it fit');
    await expect(tab.message('Does it fit').getByRole('alert')).toContainText('Not stored. The quota of this origin');
    await tab.tellWorker('go on');
    await tab.page.getByRole('button', { name: 'Retry' }).click();
    await expect(tab.message('Does it fit').getByRole('img', { name: 'Stored' })).toBeVisible();
    await expect(tab.messages).toHaveCount(1);
  });

  test('a message that could not be stored is sent again after a reload, once', async ({ openChat }) => {
    const tab = await openChat('disk full');
    await expect(tab.status).toContainText('SharedWorker');
    await tab.tellWorker('be full');
    await tab.write('Does it fit');
    await expect(tab.message('Does it fit').getByRole('alert')).toBeVisible();
    // Its worker goes with the page, and the next one finds room.
    await tab.page.reload();
    await expect(tab.tick('Does it fit', 'Stored')).toBeVisible();
    await tab.page.reload();
    await expect(tab.tick('Does it fit', 'Stored')).toBeVisible();
    await expect(tab.status).toHaveText('1 tab · SharedWorker · 1 record stored');
  });

  test('what cannot be stored can be put back and mended, or discarded', async ({ openChat }) => {
    const tab = await openChat('disk full');
    await expect(tab.status).toContainText('SharedWorker');
    await tab.tellWorker('be full');
    await tab.write('Frist');
    await tab.message('Frist').getByRole('button', { name: 'Edit' }).click();
    await expect(tab.messages).toHaveCount(0);
    await expect(tab.box).toHaveValue('Frist');
    await tab.write('First');
    await tab.message('First').getByRole('button', { name: 'Discard' }).click();
    await expect(tab.messages).toHaveCount(0);
    await expect(tab.box).toBeFocused();
    await tab.tellWorker('go on');
    await tab.write('Second');
    await expect(tab.tick('Second', 'Stored')).toBeVisible();
    await expect(tab.status).toHaveText('1 tab · SharedWorker · 1 record stored');
  });

  test('a message that is too large stays in the box, to be made shorter', async ({ openChat }) => {
    const tab = await openChat();
    await tab.write('x'.repeat(1_000_000));
    await expect(tab.page.getByRole('alert')).toContainText('Send less than 960 kB');
    await expect(tab.messages).toHaveCount(0);
    await expect(tab.box).toHaveValue(/^x{100}/);
    await tab.write('Shorter');
    await expect(tab.message('Shorter').getByRole('img', { name: 'Stored' })).toBeVisible();
  });

  test('a room made in one tab is there in the other, which counts what it has not read', async ({ openChat }) => {
    const [a, b] = [await openChat(), await openChat('none', { as: 'guest' })];
    await a.makeRoom('Trip to Malmö');
    await expect(a.page.getByRole('heading', { level: 1 })).toHaveText('Trip to Malmö');
    await a.write('First');
    await a.write('Second');
    await expect(b.room('Trip to Malmö')).toHaveAccessibleName('Trip to Malmö 2 unread');
    await expect(b.page).toHaveTitle('(2) Lobby · Busline chat');
    await b.room('Trip to Malmö').click();
    await expect(b.messages).toContainText(['First', 'Second']);
    await expect(b.room('Trip to Malmö')).toHaveAccessibleName('Trip to Malmö');
  });

  test('a new name is used in every tab', async ({ openChat }) => {
    const [a, b] = [await openChat(), await openChat()];
    await a.rename('Ada Lovelace');
    await expect(b.page.getByRole('button', { name: /^Ada Lovelace/ })).toBeVisible();
    await b.write('My name is known here');
    await expect(a.message('My name is known here')).toContainText('Ada Lovelace');
  });
});

test.describe('a reload', () => {
  test('keeps room, messages, name and theme', async ({ openChat }) => {
    const tab = await openChat();
    await tab.rename('Grace Hopper');
    await tab.makeRoom('Compilers');
    await tab.write('They said it could not be done');
    await expect(tab.message('They said').getByRole('img', { name: 'Stored' })).toBeVisible();
    await tab.page.getByRole('button', { name: 'Theme: auto' }).click();
    await tab.page.getByRole('button', { name: 'Theme: light' }).click();
    await tab.page.reload();
    await expect(tab.page.getByRole('heading', { level: 1 })).toHaveText('Compilers');
    await expect(tab.message('They said')).toContainText('Grace Hopper');
    await expect(tab.message('They said').getByRole('img', { name: 'Stored' })).toBeVisible();
    await expect(tab.page.getByRole('button', { name: 'Theme: dark' })).toBeVisible();
    await expect(tab.page.locator('html')).toHaveCSS('color-scheme', 'dark');
    await expect(tab.status).toHaveText('1 tab · SharedWorker · 1 record stored');
  });
});

test.describe('Docs', () => {
  for (const count of [2, 5]) {
    test(`answers a question once with ${count} tabs open, and says where it found the answer`, async ({
      openChat,
    }) => {
      const tabs = await Promise.all(Array.from({ length: count }, () => openChat()));
      const [first, last] = [tabs[0]!, tabs.at(-1)!];
      await first.page.getByRole('button', { name: 'What do the ticks mean?' }).click();
      for (const tab of tabs) {
        await expect(tab.messages).toHaveCount(2);
        await expect(tab.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
      }
      // Had the tabs answered too, their answers would stand before the next message.
      await last.write('Thanks');
      for (const tab of tabs) {
        await expect(tab.messages.last()).toContainText('Thanks');
        await expect(tab.messages).toHaveCount(3);
        // An answer is two records: its beginning and its end.
        await expect(tab.status).toHaveText(`${count} tabs · SharedWorker · 4 records stored`);
      }
    });
  }

  test('answers each question once, however often the worker dies', async ({ openChat }) => {
    const [a, b] = [await openChat('mortal'), await openChat('mortal')];
    for (let round = 1; round <= 5; round += 1) {
      await a.write(`What do the ticks mean? (${round})?`);
      await b.tellWorker('die');
    }
    for (const tab of [a, b]) {
      await expect(tab.messages).toHaveCount(10);
      await expect(tab.message('What the ticks mean')).toHaveCount(5);
    }
    await b.write('Thanks');
    for (const tab of [a, b]) {
      await expect(tab.messages.last()).toContainText('Thanks');
      await expect(tab.messages).toHaveCount(11);
      await expect(tab.status).toHaveText('2 tabs · SharedWorker · 16 records stored');
    }
  });

  test('quotes what really stands there', async ({ openChat }) => {
    const tab = await openChat();
    await tab.write('What happens when I close every tab?');
    const quote = await tab.messages.last().getByRole('blockquote').textContent();
    const document = await readFile(new URL('../demo/chat/README.md', import.meta.url), 'utf8');
    expect(document).toContain(quote);
  });

  test('says so when it finds nothing, and is silent when nobody asks', async ({ openChat }) => {
    const tab = await openChat();
    await tab.write('It is raining');
    await tab.write('What is the weather in Paris?');
    await expect(tab.messages).toContainText([
      'It is raining',
      'weather in Paris',
      'I found nothing about that in the docs.',
    ]);
    await tab.write('@docs keyboard');
    await expect(tab.messages.last()).toContainText('Enter sends, Shift+Enter starts a new line.');
    await expect(tab.messages).toHaveCount(5);
  });

  test('answers the very first message of a new browser', async ({ openChat }) => {
    const tab = await openChat('slow start');
    await tab.write('What survives a reload?');
    await tab.tellWorker('go on');
    await expect(tab.messages.last()).toContainText('Stored messages survive a reload');
  });
});

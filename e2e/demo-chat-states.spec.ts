import type { Locator, Page } from '@playwright/test';
import { expect, test } from './support/chat.ts';

/** Presses a key until it is there; the way must be short. */
async function keyTo(page: Page, key: string, target: Locator): Promise<void> {
  for (let presses = 0; presses < 20; presses += 1) {
    await page.keyboard.press(key);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  await expect(target).toBeFocused();
}

test.describe('where storage is blocked', () => {
  test('the chat says so, and tabs share messages until the last one closes', async ({ openChat }) => {
    const [a, b] = [await openChat('storage blocked'), await openChat('storage blocked')];
    for (const tab of [a, b]) {
      await expect(
        tab.page.getByText('Messages are not being kept. This browser refuses IndexedDB here'),
      ).toBeVisible();
    }
    await a.write('Only for now');
    await expect(b.message('Only for now')).toBeVisible();
    await expect(b.status).toHaveText('2 tabs · SharedWorker · 1 record in memory');
    await a.page.reload();
    await expect(a.message('Only for now')).toBeVisible();
    await a.page.close();
    await b.page.close();
    const later = await openChat('storage blocked');
    await expect(later.page.getByRole('heading', { name: 'No messages in Lobby yet' })).toBeVisible();
  });

  test('a page that may keep nothing at all works too', async ({ openChat, context }) => {
    await context.addInitScript(() => {
      const refuse = {
        get: () => {
          throw new DOMException('Not here.', 'SecurityError');
        },
      };
      Object.defineProperty(globalThis, 'localStorage', refuse);
    });
    const tab = await openChat('storage blocked');
    await tab.rename('Nobody');
    await tab.write('Still here');
    await expect(tab.message('Still here')).toContainText('Nobody');
  });
});

test('where storage is blocked and a page hosts, messages are kept in localStorage, and the chat says so', async ({
  openChat,
  context,
}) => {
  await context.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('Not here.', 'SecurityError');
    };
  });
  const tab = await openChat('none', { at: '/data' });
  await tab.chooseHost('One tab’s page');
  await expect(
    tab.page.getByText('There is little room for messages. This browser refuses IndexedDB here'),
  ).toContainText('kept in localStorage');
  await tab.go('Lobby');
  await tab.write('Kept all the same');
  await expect(tab.tick('Kept all the same', 'Stored')).toBeVisible();
  await tab.page.reload();
  await expect(tab.message('Kept all the same')).toBeVisible();
  await expect(tab.status).toHaveText('1 tab · one tab’s page · 1 record stored');
});

test.describe('without a SharedWorker', () => {
  for (const [lacking, missing] of [
    ['a tab leads', ['SharedWorker']],
    ['and without any other worker, a tab leads in its page', ['SharedWorker', 'Worker']],
  ] as const) {
    test(`${lacking}, which the line says with the reason, and Docs answers`, async ({ openChat, context }) => {
      await context.addInitScript((names) => {
        for (const name of names) Reflect.deleteProperty(globalThis, name);
      }, missing);
      const [a, b] = [await openChat(), await openChat()];
      await a.write('What do the ticks mean?');
      for (const tab of [a, b]) {
        await expect(tab.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
        await expect(tab.status).toHaveText('2 tabs · leader tab · 3 records stored');
        await tab.page.locator('footer summary').click();
        await expect(tab.page.locator('footer')).toContainText('Leader tab. This browser has no SharedWorker.');
      }
    });
  }
});

test('while the bus is being opened, the chat can be used already', async ({ openChat }) => {
  const tab = await openChat('slow start');
  await expect(tab.page.getByText('Loading messages …')).toBeAttached();
  await expect(tab.status).toHaveText('1 tab · connecting …');
  await tab.write('Early');
  await expect(tab.message('Early').getByRole('img', { name: 'Queued' })).toBeVisible();
  await tab.tellWorker('go on');
  await expect(tab.message('Early').getByRole('img', { name: 'Stored' })).toBeVisible();
});

test('everything can be reached and done with the keyboard alone, and one sees where one is', async ({ openChat }) => {
  const tab = await openChat();
  const { page } = tab;
  await expect(tab.box).toBeFocused();
  await page.keyboard.type('First line');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('second line');
  await page.keyboard.press('Enter');
  await expect(tab.message('First line\nsecond line')).toBeVisible();
  await expect(tab.box).toHaveValue('');

  await keyTo(page, 'Shift+Tab', tab.room('Help desk'));
  await expect(tab.room('Help desk')).toHaveCSS('outline-style', 'solid');
  await page.keyboard.press('ArrowUp');
  await expect(tab.room('Ideas')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(tab.title).toHaveText('Ideas');
  await expect(tab.box).toBeFocused();

  await keyTo(page, 'Shift+Tab', page.getByRole('textbox', { name: 'Name of a new room' }));
  await page.keyboard.type('Night shift');
  await page.keyboard.press('Enter');
  await expect(tab.title).toHaveText('Night shift');
  await expect(tab.box).toBeFocused();

  const name = page.getByRole('button', { name: 'change your name' });
  await keyTo(page, 'Shift+Tab', name);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Your name' })).toBeFocused();
  await page.keyboard.type('Katherine');
  await page.keyboard.press('Escape');
  await expect(name).toBeFocused();
  await expect(name).not.toContainText('Katherine');
  await page.keyboard.press('Space');
  await expect(page.getByRole('textbox', { name: 'Your name' })).toBeFocused();
  await page.keyboard.type('Katherine');
  await page.keyboard.press('Enter');
  await expect(name).toContainText('Katherine');
  await expect(name).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Theme: light' })).toBeFocused();

  const skip = page.getByRole('link', { name: 'Skip to the message box' });
  await keyTo(page, 'Shift+Tab', skip);
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(tab.box).toBeFocused();
  await expect(tab.title).toHaveText('Night shift');
});

test.describe('on a screen 360 pixels wide', () => {
  test.use({ viewport: { width: 360, height: 640 } });

  test('nothing has to be scrolled sideways, and the rooms are one press away', async ({ openChat }) => {
    const tab = await openChat();
    await expect(tab.page.getByRole('button', { name: 'What do the ticks mean?' })).toBeInViewport({ ratio: 1 });
    await tab.expectNoSidewaysScroll();
    await tab.write(`${'Donaudampfschiff'.repeat(12)} https://example.org/${'path/'.repeat(30)}`);
    await tab.write('What do the ticks mean?');
    await expect(tab.messages).toHaveCount(3);
    await tab.expectNoSidewaysScroll();

    const menu = tab.page.getByRole('button', { name: 'Rooms' });
    await menu.focus();
    await tab.page.keyboard.press('Enter');
    await expect(tab.page.getByRole('dialog', { name: 'Rooms and you' })).toBeVisible();
    await expect(tab.room('Lobby')).toBeFocused();
    await tab.expectNoSidewaysScroll();
    await tab.page.keyboard.press('Escape');
    await expect(tab.page.getByRole('dialog')).toHaveCount(0);
    await expect(menu).toBeFocused();

    await menu.click();
    await tab.makeRoom('A room with a rather long name');
    await expect(tab.page.getByRole('dialog')).toHaveCount(0);
    await expect(tab.title).toHaveText('A room with a rather long name');
    await tab.expectNoSidewaysScroll();
    await tab.page.setViewportSize({ width: 320, height: 480 });
    await expect(tab.box).toBeInViewport({ ratio: 1 });
    await tab.expectNoSidewaysScroll();
  });

  test('nor where storage is blocked', async ({ openChat }) => {
    const tab = await openChat('storage blocked');
    await expect(tab.page.getByText('Messages are not being kept.')).toBeVisible();
    await tab.expectNoSidewaysScroll();
  });
});

test.describe('axe finds nothing wrong', () => {
  // Looking at everything takes its time on a busy machine.
  test.beforeEach(() => test.slow());

  test('when a room is empty, in a conversation, while a name is changed', async ({ openChat }) => {
    const [tab, other] = [await openChat(), await openChat('none', { as: 'guest' })];
    await expect(tab.page.getByRole('button', { name: 'What do the ticks mean?' })).toBeVisible();
    await tab.expectAccessible();
    await tab.writeLines(20);
    await tab.write('What do the ticks mean?');
    await expect(tab.messages).toHaveCount(22);
    await other.makeRoom('News');
    await other.write('Unread');
    await expect(tab.room('News')).toContainText('1');
    await tab.page.getByRole('button', { name: 'change your name' }).click();
    await tab.expectAccessible();
    await tab.log.evaluate((log) => log.scrollTo(0, 0));
    await other.room('Lobby').click();
    await other.write('Below');
    await expect(tab.page.getByRole('button', { name: '1 new' })).toBeVisible();
    await tab.expectAccessible();
  });

  test('while the bus is opened, and where storage is blocked', async ({ openChat, browser }) => {
    const loading = await openChat('slow start');
    await expect(loading.page.locator('.loading')).toHaveCSS('opacity', '1');
    await loading.write('Early');
    await loading.expectAccessible();
    const context = await browser.newContext();
    const blocked = await openChat('storage blocked', { context });
    await expect(blocked.page.getByText('Messages are not being kept.')).toBeVisible();
    await blocked.expectAccessible();
    await context.close();
  });

  test('when a message could not be stored', async ({ openChat }) => {
    const tab = await openChat('disk full');
    await expect(tab.status).toContainText('SharedWorker');
    await tab.tellWorker('be full');
    await tab.write('Does it fit');
    await expect(tab.messages.getByRole('alert')).toBeVisible();
    await tab.write('x'.repeat(1_000_000));
    await expect(tab.page.getByRole('alert').getByText('It was not sent.')).toBeVisible();
    await tab.expectAccessible();
  });

  test('on a narrow screen, with the rooms open', async ({ openChat }) => {
    const tab = await openChat();
    await tab.page.setViewportSize({ width: 360, height: 640 });
    await tab.expectAccessible();
    await tab.page.getByRole('button', { name: 'Rooms' }).click();
    await expect(tab.room('Lobby')).toBeFocused();
    await tab.page
      .locator('.drawer')
      .evaluate((drawer) => Promise.all(drawer.getAnimations().map(({ finished }) => finished)));
    await tab.expectAccessible();
  });
});

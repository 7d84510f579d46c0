import { expect, test } from './support/chat.ts';

test.describe('further up', () => {
  test('older messages come as one scrolls, and what is read stays where it is', async ({ openChat }) => {
    // Writing many lines takes its time on a busy machine.
    test.slow();
    const tab = await openChat();
    await tab.writeLines(130);
    await expect(tab.tick(/Line 130$/, 'Stored')).toBeVisible();
    await tab.page.reload();
    await expect(tab.message(/Line 130$/)).toBeInViewport();
    await expect(tab.messages).toHaveCount(50);
    const line85 = tab.message(/Line 85$/);
    const top = (row: Element): number => Math.round(row.getBoundingClientRect().top);
    const before = await line85.evaluate((row) => {
      row.closest('.log')?.scrollTo(0, 100);
      return Math.round(row.getBoundingClientRect().top);
    });
    await expect(tab.messages).toHaveCount(100);
    expect(Math.abs((await line85.evaluate(top)) - before)).toBeLessThan(3);
    await expect(line85).toBeInViewport();
    await tab.log.evaluate((log) => log.scrollTo(0, 0));
    await expect(tab.messages).toHaveCount(130);
    await tab.log.evaluate((log) => log.scrollTo(0, 0));
    await expect(tab.message(/Line 1$/)).toBeInViewport();
    await expect(tab.page.getByRole('button', { name: 'Show earlier messages' })).toHaveCount(0);
  });

  test('one is told how many are new, and is led to the latest', async ({ openChat }) => {
    const [a, b] = [await openChat(), await openChat('none', { as: 'guest' })];
    await a.writeLines(40);
    await expect(b.message(/Line 40$/)).toBeInViewport();
    await b.log.evaluate((log) => log.scrollTo(0, 0));
    const latest = b.page.getByRole('button', { name: 'go there' });
    await expect(latest).toContainText('Latest');
    await a.write('News');
    await a.write('More news');
    await expect(latest).toContainText('2 new');
    await expect(b.message('More news')).not.toBeInViewport();
    // What was not seen was not read.
    await expect(a.tick('More news', 'Stored')).toBeVisible();
    await latest.click();
    await expect(b.message('More news')).toBeInViewport();
    await expect(latest).toHaveCount(0);
    await expect(a.tick('More news', /Read/)).toBeVisible();
  });
});

test('what was begun in each room is there when one comes back, after a reload too', async ({ openChat }) => {
  const tab = await openChat();
  await tab.box.fill('Half a thought');
  await tab.go('Ideas');
  await expect(tab.box).toHaveValue('');
  await tab.box.fill('Another');
  await tab.page.reload();
  await expect(tab.box).toHaveValue('Another');
  await tab.go('Lobby');
  await expect(tab.box).toHaveValue('Half a thought');
  await tab.box.press('Enter');
  await expect(tab.message('Half a thought')).toBeVisible();
  await tab.page.reload();
  await expect(tab.message('Half a thought')).toBeVisible();
  await expect(tab.box).toHaveValue('');
});

test.describe('a search', () => {
  test('finds words in all rooms, and leads to the message however far back it is', async ({ openChat }) => {
    test.slow();
    const tab = await openChat();
    await tab.go('Ideas');
    await tab.write('A hovercraft full of eels');
    await tab.writeLines(120);
    await expect(tab.tick(/Line 120$/, 'Stored')).toBeVisible();
    await tab.go('Lobby');
    await tab.write('No eels here');
    await expect(tab.tick('No eels here', 'Stored')).toBeVisible();
    await tab.page.keyboard.press('Control+k');
    const dialog = tab.page.getByRole('dialog', { name: 'Search' });
    const box = dialog.getByRole('searchbox');
    await expect(box).toBeFocused();
    await box.fill('eels');
    await expect(dialog.getByRole('status')).toHaveText('2 found');
    await expect(dialog.locator('mark').first()).toHaveText('eels');
    await box.fill('hovercr');
    await dialog.getByRole('button', { name: /hovercraft/ }).click();
    await expect(dialog).toHaveCount(0);
    await expect(tab.title).toHaveText('Ideas');
    await expect(tab.message('hovercraft')).toBeInViewport();
    await expect(tab.message('hovercraft')).toBeFocused();
    await expect(tab.message('hovercraft')).toHaveAttribute('data-found', 'true');
  });

  test('says when nothing is found, and gives the focus back when it is closed', async ({ openChat }) => {
    const tab = await openChat();
    const open = tab.page.getByRole('button', { name: 'Search' });
    await open.click();
    const dialog = tab.page.getByRole('dialog', { name: 'Search' });
    await dialog.getByRole('searchbox').fill('walrus');
    await expect(dialog.getByRole('status')).toHaveText('No message has these words.');
    await tab.page.keyboard.press('Escape');
    await tab.page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    await expect(open).toBeFocused();
  });
});

test.describe('a message', () => {
  test('can be copied, and deleted for everybody by who wrote it', async ({ openChat, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const [ada, guest] = [await openChat(), await openChat('none', { as: 'guest' })];
    await ada.write('To be copied');
    await ada.write('Regretted');
    await guest.message('Regretted').hover();
    await expect(guest.message('Regretted').getByRole('button', { name: 'Delete the message' })).toHaveCount(0);
    await ada.message('To be copied').hover();
    await ada.message('To be copied').getByRole('button', { name: 'Copy the text' }).click();
    await expect(ada.page.getByRole('status').getByText('Copied.')).toBeVisible();
    expect(await ada.page.evaluate(() => navigator.clipboard.readText())).toBe('To be copied');
    await ada.message('Regretted').hover();
    await ada.message('Regretted').getByRole('button', { name: 'Delete the message' }).click();
    const dialog = ada.page.getByRole('dialog', { name: 'Delete this message?' });
    await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    for (const tab of [ada, guest]) {
      await expect(tab.message('Regretted')).toHaveCount(0);
      await expect(tab.message('To be copied')).toBeVisible();
    }
    await expect(ada.box).toBeFocused();
    await guest.page.reload();
    await expect(guest.message('To be copied')).toBeVisible();
    await expect(guest.message('Regretted')).toHaveCount(0);
  });

  test('is reached by the arrow keys, and its buttons by Tab', async ({ openChat }) => {
    const tab = await openChat();
    for (const text of ['One', 'Two', 'Three']) await tab.write(text);
    await expect(tab.tick('Three', 'Stored')).toBeVisible();
    const { keyboard } = tab.page;
    await keyboard.press('Shift+Tab');
    await keyboard.press('Shift+Tab');
    await keyboard.press('Shift+Tab');
    await expect(tab.message('Three')).toBeFocused();
    await keyboard.press('ArrowUp');
    await expect(tab.message('Two')).toBeFocused();
    await keyboard.press('Home');
    await expect(tab.message('One')).toBeFocused();
    await keyboard.press('Tab');
    await expect(tab.message('One').getByRole('button', { name: 'Copy the text' })).toBeFocused();
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await expect(tab.page.getByRole('dialog', { name: 'Delete this message?' })).toBeVisible();
    await keyboard.press('Escape');
    await expect(tab.message('One').getByRole('button', { name: 'Delete the message' })).toBeFocused();
  });
});

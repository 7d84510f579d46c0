import { expect, test } from './support/chat.ts';

test.describe('what is unread', () => {
  test('is counted for each person and each room, and the count outlives a reload', async ({ openChat }) => {
    const [ada, guest] = [await openChat(), await openChat('none', { as: 'guest' })];
    await guest.write('One');
    await expect(guest.tick('One', /Read/)).toBeVisible();
    await ada.go('Ideas');
    await guest.write('Two');
    await guest.write('Three');
    await guest.go('Help desk');
    await guest.write('Four');
    await expect(ada.room('Lobby')).toHaveAccessibleName('Lobby 2 unread');
    await expect(ada.room('Help desk')).toHaveAccessibleName('Help desk 1 unread');
    await ada.page.reload();
    await expect(ada.room('Lobby')).toHaveAccessibleName('Lobby 2 unread');
    await expect(ada.page).toHaveTitle('(3) Ideas · Busline chat');
    await ada.room('Lobby').click();
    await expect(ada.room('Lobby')).toHaveAccessibleName('Lobby');
    await expect(ada.page).toHaveTitle('(1) Lobby · Busline chat');
    // Nobody's own messages are news to them.
    await expect(guest.room('Lobby')).toHaveAccessibleName('Lobby');
  });

  test('is read in all tabs of a person when it is read in one', async ({ openChat }) => {
    const [first, second] = [await openChat('none', { at: 'ideas' }), await openChat('none', { at: 'ideas' })];
    const guest = await openChat('none', { as: 'guest' });
    await guest.write('News');
    await expect(first.room('Lobby')).toHaveAccessibleName('Lobby 1 unread');
    await expect(second.room('Lobby')).toHaveAccessibleName('Lobby 1 unread');
    await second.room('Lobby').click();
    await expect(first.room('Lobby')).toHaveAccessibleName('Lobby');
  });

  test('is not what was said before somebody came, and not what was deleted', async ({ openChat }) => {
    const ada = await openChat();
    await ada.write('Long ago');
    await expect(ada.tick('Long ago', 'Stored')).toBeVisible();
    const guest = await openChat('none', { as: 'guest', at: 'ideas' });
    await expect(guest.page.getByRole('navigation', { name: 'Rooms' })).toHaveAttribute('aria-busy', 'false');
    await ada.write('Now');
    await ada.write('Oops');
    await expect(guest.room('Lobby')).toHaveAccessibleName('Lobby 2 unread');
    await ada.message('Oops').hover();
    await ada.message('Oops').getByRole('button', { name: 'Delete the message' }).click();
    await ada.page.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(guest.room('Lobby')).toHaveAccessibleName('Lobby 1 unread');
  });
});

test.describe('who is here', () => {
  test('is listed with the number of their tabs, and gone with the last of them', async ({ openChat }) => {
    const [ada, guest] = [await openChat(), await openChat('none', { as: 'guest' })];
    await ada.rename('Ada');
    await guest.rename('Grace');
    const again = await openChat('none', { as: 'guest' });
    await expect(ada.page.getByText('2 here')).toBeVisible();
    await ada.page.getByText('2 here').click();
    const people = ada.page.locator('.here-list li');
    await expect(people.filter({ hasText: 'Ada' })).toContainText('you');
    await expect(people.filter({ hasText: 'Grace' })).toContainText('2 tabs');
    await again.page.close();
    await expect(people.filter({ hasText: 'Grace' })).toContainText('1 tab');
    await guest.go('Ideas');
    await expect(people).toHaveCount(1);
    await expect(ada.page.getByText('1 here')).toBeVisible();
  });

  test('keeps the focus where it was when the list closes', async ({ openChat }) => {
    const { page } = await openChat();
    const here = page.locator('summary', { hasText: 'here' });
    await here.focus();
    await page.keyboard.press('Enter');
    await expect(page.locator('.here-list')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.locator('.here-list')).toBeHidden();
    await expect(here).toBeFocused();
  });
});

test.describe('whoever is typing', () => {
  test('is named to the others until the text is sent or cleared', async ({ openChat }) => {
    const [ada, guest] = [await openChat(), await openChat('none', { as: 'guest' })];
    await guest.rename('Grace');
    const typing = ada.page.getByText('Grace is typing');
    await guest.box.pressSequentially('Hel');
    await expect(typing).toBeVisible();
    await expect(guest.page.getByText('is typing')).toHaveCount(0);
    await guest.box.fill('');
    await expect(typing).toHaveCount(0);
    await guest.box.fill('Hello');
    await expect(typing).toBeVisible();
    await guest.box.press('Enter');
    await expect(typing).toHaveCount(0);
    await expect(ada.message('Hello')).toBeVisible();
  });

  test('is not any more when their tab dies or they go elsewhere', async ({ openChat }) => {
    const ada = await openChat();
    const [grace, kay] = [await openChat('none', { as: 'grace' }), await openChat('none', { as: 'kay' })];
    await grace.rename('Grace');
    await kay.rename('Kay');
    await grace.box.fill('Hel');
    await kay.box.fill('Hel');
    await expect(ada.page.getByText('Grace and Kay are typing')).toBeVisible();
    await grace.page.close();
    await expect(ada.page.getByText('Kay is typing')).toBeVisible();
    await kay.go('Ideas');
    await expect(ada.page.getByText('is typing')).toHaveCount(0);
  });
});

test('a tick tells that a message is stored, then who has read it, for good', async ({ openChat }) => {
  const [ada, guest] = [await openChat(), await openChat('none', { as: 'guest', at: 'ideas' })];
  await guest.rename('Grace');
  await ada.write('Anybody there');
  await expect(ada.tick('Anybody there', 'Stored')).toBeVisible();
  await guest.room('Lobby').click();
  await expect(ada.tick('Anybody there', 'Read by Grace')).toBeVisible();
  await guest.page.close();
  await ada.page.reload();
  await expect(ada.tick('Anybody there', 'Read by Grace')).toBeVisible();
  await ada.write('And now');
  await expect(ada.tick('And now', 'Stored')).toBeVisible();
});

test('"Join as someone else" opens a tab of somebody new', async ({ openChat, context }) => {
  const ada = await openChat();
  await ada.rename('Ada');
  const opened = context.waitForEvent('page');
  await ada.page.getByRole('link', { name: 'Join as someone else' }).click();
  const other = await opened;
  await expect(other.getByRole('button', { name: 'change your name' })).not.toContainText('Ada');
  await expect(ada.page.getByText('2 here')).toBeVisible();
});

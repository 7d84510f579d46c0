import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from './support/chat.ts';

test.describe('the page of data', () => {
  test('exports all to a file, which another browser imports once', async ({ openChat, browser }, testInfo) => {
    const tab = await openChat();
    await tab.rename('Ada');
    await tab.write('To be kept');
    await tab.makeRoom('Attic');
    await tab.write('In a box');
    await expect(tab.tick('In a box', 'Stored')).toBeVisible();
    await tab.go('Data');
    const download = tab.page.waitForEvent('download');
    await tab.page.getByRole('button', { name: 'Export to a file' }).click();
    const file = testInfo.outputPath('chat.busline');
    await (await download).saveAs(file);
    await expect(tab.page.getByRole('status').getByText('exported, from all channels.')).toBeVisible();
    expect((await readFile(file)).length).toBeGreaterThan(100);

    const context = await browser.newContext();
    const other = await openChat('none', { context, at: '/data' });
    const choose = other.page.getByLabel('File to import');
    await choose.setInputFiles(file);
    await expect(other.page.getByRole('status').getByText(/imported, 0 known already\./)).toBeVisible();
    await other.page.getByRole('button', { name: 'Dismiss' }).click();
    await choose.setInputFiles(file);
    await expect(other.page.getByRole('status').getByText(/0 messages imported, \d+ known already\./)).toBeVisible();
    await other.room('Attic').click();
    await expect(other.message('In a box')).toContainText('Ada');
    await other.room('Lobby').click();
    await expect(other.message('To be kept')).toBeVisible();
    await context.close();
  });

  test('says what is wrong with a file that is none', async ({ openChat }, testInfo) => {
    const tab = await openChat('none', { at: '/data' });
    const file = testInfo.outputPath('letter.txt');
    await writeFile(file, 'Dear Sir or Madam,');
    await tab.page.getByLabel('File to import').setInputFiles(file);
    await expect(tab.page.getByRole('alert')).toContainText('The import failed. The file is no export of a bus');
  });

  test('shows how full the disk is', async ({ openChat }) => {
    const tab = await openChat('none', { at: '/data' });
    await expect(tab.page.getByRole('meter', { name: 'Storage' })).toBeVisible();
    await expect(tab.page.getByText(/of .* used\./)).toBeVisible();
  });

  test('clears a room in every tab, once that is confirmed', async ({ openChat }) => {
    const [a, b] = [await openChat(), await openChat()];
    await a.write('Here today');
    await a.go('Ideas');
    await a.write('This stays');
    await expect(a.tick('This stays', 'Stored')).toBeVisible();
    await a.go('Data');
    const clear = a.page.getByRole('button', { name: 'Clear Lobby' });
    await clear.click();
    const dialog = a.page.getByRole('dialog', { name: 'Clear Lobby?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(clear).toBeFocused();
    await expect(b.message('Here today')).toBeVisible();
    await clear.click();
    await dialog.getByRole('button', { name: 'Clear the room' }).click();
    await expect(a.page.getByRole('status').getByText('Lobby was cleared.')).toBeVisible();
    await expect(b.page.getByRole('heading', { name: 'No messages in Lobby yet' })).toBeVisible();
    await b.write('A new start');
    await expect(b.tick('A new start', 'Stored')).toBeVisible();
    await b.go('Ideas');
    await expect(b.message('This stays')).toBeVisible();
  });

  test('clears everything, and the chat goes on empty', async ({ openChat }) => {
    const [a, b] = [await openChat(), await openChat()];
    await a.makeRoom('Secrets');
    await a.write('Nobody must know');
    await expect(a.tick('Nobody must know', 'Stored')).toBeVisible();
    await b.room('Secrets').click();
    await expect(b.message('Nobody must know')).toBeVisible();
    await a.go('Data');
    await a.page.getByRole('button', { name: 'Clear everything' }).click();
    await a.page.getByRole('dialog').getByRole('button', { name: 'Clear everything' }).click();
    await expect(a.page.getByRole('status').getByText('Everything was cleared.')).toBeVisible();
    await expect(b.message('Nobody must know')).toHaveCount(0);
    await b.write('What do the ticks mean?');
    await expect(b.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
    await expect(b.messages).toHaveCount(2);
    await b.page.reload();
    await expect(b.messages).toHaveCount(2);
  });
});

test('the line at the foot names the host, and opens into what is wrong and what to do', async ({ openChat }) => {
  const tab = await openChat('storage blocked');
  await expect(tab.status).toContainText('SharedWorker');
  const foot = tab.page.locator('footer');
  await expect(foot).toContainText('Storage blocked');
  await foot.locator('summary').click();
  await expect(foot.getByText('messages live in memory, until the last tab closes')).toBeVisible();
});

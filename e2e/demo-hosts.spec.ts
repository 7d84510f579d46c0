import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from './support/server.ts';
import { expect, test } from './support/chat.ts';
import type { ChatTab } from './support/chat.ts';

const kinds = [
  ['SharedWorker', 'SharedWorker', 'All tabs of this origin share one worker.'],
  ['Leader tab', 'leader tab', 'One tab hosts the bus for all, in a worker of its own.'],
  ['Service worker', 'service worker', 'All tabs share the service worker'],
  ['One tab’s page', 'one tab’s page', 'while it is busy, everybody waits.'],
] as const;

const region = (tab: ChatTab, name: string) => tab.page.getByRole('region', { name, exact: true });
const hostNow = (tab: ChatTab) => region(tab, 'Host').getByRole('status');
const apply = (tab: ChatTab) => tab.page.getByRole('button', { name: 'Use it and reload' });

test.describe('the host that is chosen', () => {
  for (const [title, name, why] of kinds) {
    test(`${title}: all tabs have it, name it, and chat over it`, async ({ openChat }) => {
      test.slow();
      const [a, b] = [await openChat('none', { at: '/data' }), await openChat()];
      // Another one first, so that this one has to take over.
      await a.chooseHost(title === 'Leader tab' ? 'One tab’s page' : 'Leader tab');
      await a.chooseHost(title);
      for (const tab of [a, b]) await expect(tab.status).toContainText(`2 tabs · ${name}`);
      await expect(hostNow(a)).toContainText(`${title}.`);
      await expect(hostNow(a)).toContainText(why);
      await expect(hostNow(a)).not.toContainText('You chose');
      await expect(a.page.getByRole('radio', { name: title })).toBeChecked();
      await a.go('Lobby');
      await a.write('What do the ticks mean?');
      for (const tab of [a, b]) {
        await expect(tab.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
        await expect(tab.messages).toHaveCount(2);
        await expect(tab.status).toHaveText(`2 tabs · ${name} · 3 records stored`);
      }
      await b.page.locator('footer summary').click();
      await expect(b.page.locator('footer')).toContainText(why);
      await b.go('Agents');
      await expect(region(b, 'Agents')).toContainText(why);
      const later = await openChat();
      await expect(later.status).toHaveText(`3 tabs · ${name} · 3 records stored`);
    });
  }

  test('is explained before it is used, and arrow keys alone change nothing', async ({ openChat }) => {
    const tab = await openChat('none', { at: '/data' });
    await expect(tab.page.getByRole('radio', { name: /^Automatic: the first of these/ })).toBeChecked();
    await expect(apply(tab)).toBeDisabled();
    await tab.page.getByRole('radio', { name: 'Automatic' }).focus();
    await tab.page.keyboard.press('ArrowDown');
    await tab.page.keyboard.press('ArrowDown');
    await expect(tab.page.getByRole('radio', { name: /^Leader tab: one tab runs it/ })).toBeChecked();
    await expect(tab.status).toContainText('SharedWorker');
    const reloaded = tab.page.waitForEvent('load');
    await tab.page.keyboard.press('Enter');
    await reloaded;
    await expect(tab.status).toContainText('1 tab · leader tab');
  });

  test('is taken without losing what was begun or is not stored yet', async ({ openChat }) => {
    const [a, b] = [await openChat('slow start'), await openChat('slow start', { as: 'guest' })];
    await a.write('Not stored yet');
    await a.write('Nor this');
    await a.box.fill('Half a thought');
    await b.box.fill('Another half');
    await a.go('Data');
    await a.chooseHost('Leader tab');
    await expect(a.status).toHaveText('1 tab · connecting (leader tab) … · 2 queued');
    await a.go('Lobby');
    await expect(a.box).toHaveValue('Half a thought');
    await expect(b.box).toHaveValue('Another half');
    await expect(a.message('Not stored yet').getByRole('img', { name: 'Queued' })).toBeVisible();
    await a.tellWorker('go on');
    for (const tab of [a, b]) {
      await expect(tab.messages).toContainText(['Not stored yet', 'Nor this']);
      await expect(tab.status).toHaveText('2 tabs · leader tab · 2 records stored');
    }
    await b.page.close();
    await a.page.reload();
    await a.tellWorker('go on');
    await expect(a.messages).toHaveCount(2);
    await expect(a.status).toHaveText('1 tab · leader tab · 2 records stored');
  });

  test('says why another one had to do', async ({ openChat, context }) => {
    await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'));
    const tab = await openChat('none', { at: '/data' });
    await expect(region(tab, 'Without a network')).toContainText('This browser has no service workers.');
    await tab.chooseHost('Service worker');
    await expect(tab.status).toContainText('1 tab · SharedWorker');
    await expect(hostNow(tab)).toContainText(/SharedWorker\. This browser has no service workers?\./);
    await expect(hostNow(tab)).toContainText('You chose: service worker.');
  });

  test('ends the service worker that another one is to follow', async ({ openChat }) => {
    const tab = await openChat('none', { at: '/data' });
    const scopes = (): Promise<string[]> =>
      tab.page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope));
    await tab.chooseHost('Service worker');
    await expect(tab.status).toContainText('service worker');
    await expect.poll(scopes).toContainEqual(expect.stringContaining('/busline/busline-chat/'));
    await tab.chooseHost('Automatic');
    await expect.poll(scopes).not.toContainEqual(expect.stringContaining('/busline/busline-chat/'));
    // A browser that is watched, as here, stops it only later: what then hosts cannot be said.
  });

  test('cannot be changed where nothing can be kept, and the page says so', async ({ openChat, context }) => {
    await context.addInitScript(() => {
      const get = (): never => {
        throw new DOMException('Not here.', 'SecurityError');
      };
      for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, { get });
    });
    const tab = await openChat('none', { at: '/data' });
    await tab.page.getByRole('radio', { name: 'Leader tab' }).check();
    await expect(apply(tab)).toBeDisabled();
    await expect(region(tab, 'Host')).toContainText('a choice would not outlast the reload');
  });
});

test.describe('without a network', () => {
  const readiness = (tab: ChatTab) => region(tab, 'Without a network').getByRole('status');

  test('and without its server, the chat opens with all that was said; one can write, and the agents answer', async ({
    openChat,
    chatFolders,
  }) => {
    test.slow();
    const site = await serve(chatFolders);
    const tab = await openChat('none', { site });
    await tab.write('Said before');
    await expect(tab.tick('Said before', 'Stored')).toBeVisible();
    await tab.go('Data');
    await expect(readiness(tab)).toHaveText('Ready: this page opens without it, too.');
    await tab.go('Lobby');
    await site.close();

    await tab.page.reload();
    await expect(tab.message('Said before')).toBeVisible();
    // What the agents need was never loaded before.
    await tab.write('@plan What do the 3 ticks mean?');
    await expect(tab.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
    await expect(tab.messages.last()).toContainText('Numbers: 3');
    const guest = await openChat('none', { site, as: 'guest', at: 'lobby' });
    await guest.write('I came later');
    await expect(tab.message('I came later')).toBeVisible();
    await expect(tab.status).toContainText('2 tabs · SharedWorker');
  });

  for (const title of ['Leader tab', 'Service worker', 'One tab’s page'] as const) {
    test(`the host may be another: ${title}`, async ({ openChat, chatFolders }) => {
      test.slow();
      const site = await serve(chatFolders);
      const tab = await openChat('none', { site, at: '/data' });
      await tab.chooseHost(title);
      await expect(readiness(tab)).toHaveText('Ready: this page opens without it, too.');
      await expect(hostNow(tab)).toContainText(`${title}.`);
      await site.close();
      await tab.page.reload();
      await expect(hostNow(tab)).toContainText(`${title}.`);
      await tab.go('Lobby');
      await tab.write('@facts Ada Lovelace');
      await expect(tab.messages.last()).toContainText('Names: Ada Lovelace');
    });
  }

  test('the line at the foot says that all works, as long as the browser is offline', async ({ openChat, context }) => {
    const tab = await openChat('none', { at: '/data' });
    await expect(readiness(tab)).toHaveText(/^Ready/);
    await tab.go('Lobby');
    const foot = tab.page.locator('footer');
    await expect(foot.getByRole('status')).toBeEmpty();
    await context.setOffline(true);
    await expect(foot).toContainText('offline, all here still works');
    await expect(foot.getByRole('status')).toContainText('This browser is offline.');
    await tab.page.reload();
    await tab.write('What do the ticks mean?');
    await expect(tab.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
    await foot.locator('summary').click();
    await expect(foot.locator('.status-more')).toContainText('The bus is in it, with its messages and the agents');
    await context.setOffline(false);
    await expect(foot).not.toContainText('offline');
  });

  test('a new version is had at once, and is the one that is kept', async ({ openChat, chatFolders }) => {
    test.slow();
    const folder = await mkdtemp(join(tmpdir(), 'busline-versions-'));
    await cp(chatFolders['/none/'] ?? '', folder, { recursive: true });
    const site = await serve({ '/none/': `${folder}/` });
    const tab = await openChat('none', { site, at: '/data' });
    const version = () => tab.page.locator('meta[name=description]').getAttribute('content');
    const caches = () => tab.page.evaluate(() => globalThis.caches.keys());
    await expect(readiness(tab)).toHaveText(/^Ready/);
    const [first] = await caches();

    const change = async (file: string, from: string | RegExp, to: string): Promise<void> => {
      const text = await readFile(join(folder, file), 'utf8');
      await writeFile(join(folder, file), text.replace(from, to));
    };
    await change('index.html', 'A chat without a server', 'The second version');
    await change('companion.js', /"[0-9a-f]{16}"\);\s*$/, '"second");');
    await tab.page.reload();
    expect(await version()).toContain('The second version');
    await expect.poll(caches).toEqual([first?.replace(/[0-9a-f]{16}$/, 'second')]);
    await site.close();
    await tab.page.reload();
    expect(await version()).toContain('The second version');
    await rm(folder, { recursive: true });
  });
});

test.describe('the agents of a tab that closes', () => {
  for (const host of ['Automatic', 'Leader tab'] as const) {
    test(`are seen to move to the next one, and it is said (${host})`, async ({ openChat }) => {
      test.slow();
      const first = await openChat('none', { at: '/data' });
      if (host !== 'Automatic') await first.chooseHost(host);
      const [second, third] = [await openChat('none', { at: '/agents' }), await openChat('none', { at: '/agents' })];
      const stop = (tab: ChatTab, number: number) =>
        region(tab, 'Open tabs')
          .getByRole('listitem')
          .filter({ hasText: `Tab ${number}` });
      for (const tab of [second, third]) {
        await expect(stop(tab, 1)).toContainText('DocsFactsPlan');
        await expect(stop(tab, 2)).toContainText('no agent');
        await expect(stop(tab, 3)).toContainText('no agent');
        await expect(region(tab, 'Open tabs').getByRole('status')).toBeEmpty();
      }
      await expect(stop(second, 2)).toContainText('this one');
      await expect(stop(third, 3)).toContainText('this one');

      await first.page.close();
      for (const tab of [second, third]) {
        await expect(region(tab, 'Open tabs').getByRole('status')).toHaveText(
          /^\d\d:\d\d: Docs, Facts and Plan moved from tab 1, which was closed, to tab 2\.$/,
        );
        await expect(stop(tab, 1)).toHaveCount(0);
        await expect(stop(tab, 2)).toContainText('DocsFactsPlan');
        await expect(stop(tab, 3)).toContainText('no agent');
      }
      const docs = (tab: ChatTab) => tab.page.getByRole('article', { name: 'Docs' });
      await expect(docs(second)).toContainText('Ready in tab 2, this one. If that closes, tab 3 follows.');
      await expect(docs(third)).toContainText('Ready in tab 2. If that closes, tab 3 follows.');
      // Where it was said to be ready, it works.
      await third.go('Lobby');
      await third.write('What do the ticks mean?');
      await expect(third.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
      await expect(third.messages).toHaveCount(2);
    });
  }

  test('have the number of a tab that is gone left to the next one that opens', async ({ openChat }) => {
    const [a, b] = [await openChat('none', { at: '/agents' }), await openChat('none', { at: '/agents' })];
    const own = (tab: ChatTab) => region(tab, 'Open tabs').getByRole('listitem').filter({ hasText: 'this one' });
    await expect(own(b)).toContainText('Tab 2');
    await b.page.reload();
    await expect(own(b)).toContainText('Tab 2');
    await a.page.close();
    const c = await openChat('none', { at: '/agents' });
    await expect(own(c)).toContainText('Tab 1');
    await expect(own(b)).toContainText('DocsFactsPlan');
  });
});

import type { Locator } from '@playwright/test';
import { expect, test } from './support/chat.ts';
import type { ChatTab, Fault, Opening } from './support/chat.ts';

type Open = (fault?: Fault, more?: Opening) => Promise<ChatTab>;

/** What is on the screen when a state is looked at: nothing moves any more. */
async function settled(...shown: Locator[]): Promise<void> {
  for (const each of shown) await expect(each).toBeVisible();
}

const states: Record<string, (open: Open) => Promise<ChatTab>> = {
  'a conversation with answers, one of them stopped': async (open) => {
    const [tab, guest] = [await open(), await open('none', { as: 'guest' })];
    await guest.write(`${'Donaudampfschiff'.repeat(8)} https://example.org/${'path/'.repeat(20)}`);
    await tab.write('@plan What do the 3 ticks mean?');
    await expect(tab.messages.last()).toContainText('Numbers: 3');
    await tab.page.evaluate(() => (performance.now = () => 0));
    await tab.write('What happens when I close every tab?');
    await tab.messages.last().getByRole('button', { name: 'Stop' }).click();
    await settled(tab.page.getByText('Stopped before the end.'));
    await guest.box.fill('Hm');
    await settled(tab.page.getByText('is typing'));
    return tab;
  },
  'an answer while it is thought about or written': async (open) => {
    const tab = await open();
    // Its next word never comes.
    await tab.page.evaluate(() => {
      const { setTimeout: real } = globalThis;
      globalThis.setTimeout = ((task: () => void, ms: number) => (ms === 22 ? 0 : real(task, ms))) as typeof setTimeout;
    });
    await tab.write('What happens when I close every tab?');
    await settled(
      tab.messages.last().getByRole('button', { name: 'Stop' }),
      tab.page.getByText('The', { exact: true }),
    );
    return tab;
  },
  'the agents that can be asked': async (open) => {
    const tab = await open();
    await tab.box.pressSequentially('@');
    await settled(tab.page.getByRole('listbox'));
    return tab;
  },
  'who is here, and what the line at the foot says': async (open) => {
    const [tab, guest] = [await open(), await open('none', { as: 'guest' })];
    await guest.rename('Wolfeschlegelsteinhausenbergerdorff the 3rd');
    await tab.page.locator('footer summary').click();
    await tab.page.getByText('2 here').click();
    await settled(tab.page.locator('.here-list').getByText('Wolfeschlegel'));
    return tab;
  },
  'messages that could not be stored': async (open) => {
    const tab = await open('disk full');
    await expect(tab.status).toContainText('SharedWorker');
    await tab.tellWorker('be full');
    await tab.write('Does it fit');
    await settled(tab.messages.getByRole('alert'));
    await tab.write('x'.repeat(1_000_000));
    await settled(tab.page.getByText('It was not sent.'));
    return tab;
  },
  'a search with results': async (open) => {
    const tab = await open();
    await tab.write(`A hovercraft ${'full-of-eels-'.repeat(30)}`);
    await tab.write('Another hovercraft');
    await expect(tab.tick('Another', 'Stored')).toBeVisible();
    await tab.page.getByRole('button', { name: 'Search' }).click();
    await tab.page.getByRole('searchbox').fill('hovercraft');
    await settled(tab.page.getByText('2 found'));
    return tab;
  },
  'a message with its buttons, and the question before it is deleted': async (open) => {
    const tab = await open();
    await tab.write('Regretted');
    await expect(tab.tick('Regretted', 'Stored')).toBeVisible();
    await tab.message('Regretted').focus();
    await tab.page.keyboard.press('Tab');
    await tab.page.keyboard.press('Tab');
    await tab.page.keyboard.press('Enter');
    await settled(tab.page.getByRole('dialog', { name: 'Delete this message?' }));
    return tab;
  },
  'the agents, one at work and one paused': async (open) => {
    const tab = await open('none', { at: '/agents' });
    await tab.page.getByRole('button', { name: 'Pause Facts' }).click();
    await settled(tab.page.getByText('Paused', { exact: true }));
    const other = await open();
    await other.write('What do the ticks mean?');
    await expect(other.messages.last()).toContainText('What the ticks mean');
    await settled(tab.page.getByText('Ready in tab 1, this one. If that closes, tab 2 follows.').first());
    return tab;
  },
  'the agents after their tab was closed': async (open) => {
    const first = await open();
    const [tab] = [await open('none', { at: '/agents' }), await open(), await open('none', { as: 'guest' })];
    await settled(tab.page.getByText('Tab 4'), tab.page.getByText('Ready in tab 1.').first());
    await first.page.close();
    await settled(tab.page.getByText('moved from tab 1'));
    await tab.page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
    return tab;
  },
  'the hosts, where another is had than the chosen one': async (open) => {
    const tab = await open('none', { at: '/data' });
    await tab.page.evaluate(() => sessionStorage.setItem('lacking', 'yes'));
    await tab.page.addInitScript(() => {
      if (sessionStorage.getItem('lacking') !== null) Reflect.deleteProperty(Navigator.prototype, 'serviceWorker');
    });
    await tab.chooseHost('Service worker');
    await settled(tab.page.getByText('You chose: service worker.'));
    await tab.page.getByRole('radio', { name: 'Leader tab' }).check();
    return tab;
  },
  'the line at the foot while a chosen host is looked for': async (open) => {
    const tab = await open('slow start', { at: '/data' });
    await tab.chooseHost('Leader tab');
    await tab.page.locator('footer summary').click();
    await settled(tab.page.getByText('connecting (leader tab) …'), tab.page.locator('.status-more'));
    return tab;
  },
  'a browser that is offline, and the foot opened': async (open) => {
    const tab = await open();
    await tab.write('What do the ticks mean?');
    await expect(tab.messages.last()).toContainText('What the ticks mean');
    await tab.page.context().setOffline(true);
    await tab.page.locator('footer summary').click();
    await settled(tab.page.locator('.status-more').getByText('This browser is offline.'));
    return tab;
  },
  'the data, with a notice': async (open) => {
    const tab = await open();
    await tab.makeRoom('A room with a rather long name');
    await tab.page.goto(`${tab.page.url().split('#')[0]}#/data`);
    await tab.page.getByRole('button', { name: 'Clear Lobby' }).click();
    await tab.page.getByRole('button', { name: 'Clear the room' }).click();
    await settled(tab.page.getByText('Lobby was cleared.'), tab.page.getByRole('meter'));
    return tab;
  },
};

for (const [name, show] of Object.entries(states)) {
  test(`${name}: axe finds nothing wrong in the light and in the dark, and nothing has to be scrolled sideways`, async ({
    openChat,
  }) => {
    // Looking at everything takes its time on a busy machine.
    test.slow();
    const tab = await show(openChat);
    for (const width of [1280, 360]) {
      await tab.page.setViewportSize({ width, height: width === 360 ? 640 : 800 });
      await tab.expectNoSidewaysScroll();
      await tab.expectAccessible(async (colors) => {
        // Whoever wants to look at them, too.
        const shots = process.env['CHAT_SHOTS'];
        const file = `${name.replaceAll(/\W+/g, '-').slice(0, 40)}-${colors}-${width}.png`;
        if (shots !== undefined) await tab.page.screenshot({ path: `${shots}/${file}` });
      });
    }
  });
}

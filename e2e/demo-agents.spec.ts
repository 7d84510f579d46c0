import { expect, test } from './support/chat.ts';
import type { ChatTab } from './support/chat.ts';

const long = 'What happens when I close every tab?';

/** Makes the agents of every tab speak as slowly as somebody who reads aloud, so that there is time to interrupt. */
async function slowly(tabs: readonly ChatTab[]): Promise<void> {
  for (const { page } of tabs) {
    await page.evaluate(() => {
      const { setTimeout: real } = globalThis;
      // Words come by a timer of 22 ms; the clock that tells how many are due stands still.
      globalThis.setTimeout = ((task: () => void, ms: number) => real(task, ms === 22 ? 250 : ms)) as typeof setTimeout;
      performance.now = () => 0;
    });
  }
}

const answer = (tab: ChatTab) => tab.messages.filter({ has: tab.page.locator('.author', { hasText: 'Docs' }) }).last();

test.describe('an answer', () => {
  test('grows word by word in every tab, and one that is opened meanwhile has what was said before', async ({
    openChat,
  }) => {
    const [a, b] = [await openChat(), await openChat()];
    await slowly([a, b]);
    await a.write(long);
    for (const tab of [a, b]) {
      await expect(answer(tab)).toHaveAttribute('data-state', 'streaming');
      await expect(answer(tab)).toContainText('The docs say:');
      await expect(tab.log).toHaveAttribute('aria-busy', 'true');
    }
    const c = await openChat();
    await expect(answer(c)).toContainText('The docs say:');
    await expect(answer(c)).toHaveAttribute('data-state', 'streaming');
    const length = async (): Promise<number> => ((await answer(c).textContent()) ?? '').length;
    const before = await length();
    await expect.poll(length).toBeGreaterThan(before);
  });

  test('stops in every tab when somebody presses Stop, keeps what was said, and can be asked for again', async ({
    openChat,
  }) => {
    const [a, b] = [await openChat(), await openChat()];
    await slowly([a, b]);
    await a.write(long);
    await expect(answer(b)).toContainText('The docs say:');
    await answer(b).getByRole('button', { name: 'Stop' }).click();
    for (const tab of [a, b]) {
      await expect(answer(tab)).toContainText('Stopped before the end.');
      await expect(answer(tab)).toContainText('The docs say:');
      await expect(answer(tab)).not.toContainText('README.md');
      await expect(tab.log).toHaveAttribute('aria-busy', 'false');
    }
    await a.page.reload();
    await b.page.reload();
    await expect(answer(a)).toContainText('Stopped before the end.');
    await answer(a).getByRole('button', { name: 'Retry' }).click();
    await expect(answer(b)).toContainText('demo/chat/README.md › Closing every tab');
    await expect(b.message(long)).toHaveCount(2);
  });

  test('is finished by another tab when the one that writes it dies', async ({ openChat }) => {
    const [a, b] = [await openChat(), await openChat()];
    await slowly([a]);
    await b.write(long);
    await expect(answer(b)).toContainText('The docs say:');
    await a.page.close();
    await expect(answer(b)).toContainText('demo/chat/README.md › Closing every tab');
    await expect(b.messages).toHaveCount(2);
  });
});

test.describe('whom a message asks', () => {
  test('is offered in a list while an "@" is written', async ({ openChat }) => {
    const tab = await openChat();
    const { page } = tab;
    const options = page.getByRole('listbox', { name: 'Agents' }).getByRole('option');
    await tab.box.pressSequentially('@');
    await expect(options).toHaveText([/@docs/, /@facts/, /@plan/]);
    await page.keyboard.press('ArrowDown');
    await expect(options.nth(1)).toHaveAttribute('aria-selected', 'true');
    await expect(tab.box).toHaveAttribute('aria-activedescendant', 'completion-facts');
    await page.keyboard.press('Escape');
    await expect(options).toHaveCount(0);
    await tab.box.press('Backspace');
    await tab.box.pressSequentially('@pl');
    await expect(options).toHaveText([/@plan/]);
    await page.keyboard.press('Enter');
    await expect(tab.box).toHaveValue('@plan ');
    await expect(tab.messages).toHaveCount(0);
    await tab.box.fill('');
    await tab.box.pressSequentially('Ask @d');
    await options.first().click();
    await expect(tab.box).toHaveValue('Ask @docs ');
    await expect(tab.box).toBeFocused();
  });

  test('Facts finds names, dates and numbers', async ({ openChat }) => {
    const tab = await openChat();
    await tab.write('@facts Ada Lovelace was born on 10 December 1815 in London and wrote 3 notes');
    const last = tab.messages.last();
    await expect(last).toContainText('Names: Ada Lovelace');
    await expect(last).toContainText('Places: London');
    await expect(last).toContainText('Dates: 10 December 1815');
    await expect(last).toContainText('Numbers: 3');
    await expect(tab.messages).toHaveCount(2);
  });

  test('Plan asks the other two by requests, and joins their answers into one', async ({ openChat }) => {
    const [a, b] = [await openChat(), await openChat()];
    await a.write('@plan What do the 3 ticks mean?');
    for (const tab of [a, b]) {
      await expect(tab.messages.last()).toContainText('I asked Docs and Facts.');
      await expect(tab.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
      await expect(tab.messages.last()).toContainText('Numbers: 3');
      await expect(tab.messages).toHaveCount(2);
    }
  });
});

test.describe('the page of agents', () => {
  test('tells who is at work, in which tab, and which one would follow', async ({ openChat }) => {
    const a = await openChat();
    const b = await openChat('none', { at: '/agents' });
    const card = (tab: ChatTab, name: string) => tab.page.getByRole('article', { name });
    await expect(card(b, 'Docs')).toContainText('MiniSearch');
    await expect(card(b, 'Docs').getByRole('status')).toHaveText('Idle');
    await expect(card(b, 'Docs')).toContainText('Ready in tab 1. If that closes, tab 2 follows.');
    await slowly([a, b]);
    await a.write(long);
    await expect(card(b, 'Docs').getByRole('status')).toHaveText('Answering');
    await expect(card(b, 'Docs')).toContainText('At work in tab 1. If that closes, tab 2 follows.');
    await expect(card(b, 'Facts').getByRole('status')).toHaveText('Idle');
    await a.page.close();
    await expect(card(b, 'Docs')).toContainText('At work in tab 2, this one. No other tab is there to follow.');
    await expect(card(b, 'Docs').getByRole('status')).toHaveText('Answering');
  });

  test('tells the last error, which the room is told too', async ({ openChat, context }) => {
    const tab = await openChat();
    // The grammar is there, but is none.
    await context.route(/\/three-/, (route) => route.fulfill({ contentType: 'text/javascript', body: 'export {};' }));
    const page = await openChat('none', { at: '/agents' });
    await tab.write('@facts Ada Lovelace');
    const facts = page.page.getByRole('article', { name: 'Facts' });
    await expect(facts.getByRole('status')).toHaveText('Failed');
    await expect(facts).toContainText('is not a function');
    await expect(tab.messages.last()).toContainText('I could not answer that.');
  });

  test('pauses an agent in all tabs, also in those to come; what was asked meanwhile is answered later', async ({
    openChat,
  }) => {
    const [a, b] = [await openChat('none', { at: '/agents' }), await openChat('none', { at: '/agents' })];
    const docs = (tab: ChatTab) => tab.page.getByRole('article', { name: 'Docs' });
    await docs(a).getByRole('button', { name: 'Pause' }).click();
    for (const tab of [a, b]) {
      await expect(docs(tab).getByRole('status')).toHaveText('Paused');
      await expect(docs(tab)).toContainText('In no tab while it is paused.');
    }
    const c = await openChat();
    await c.write('What do the ticks mean?');
    await c.write('@facts Grace Hopper');
    await expect(c.messages.last()).toContainText('Names: Grace Hopper');
    await expect(c.messages).toHaveCount(3);
    await c.write('@plan the ticks');
    await expect(c.messages.last()).toContainText('Docs did not answer: it is paused.');
    await docs(b).getByRole('button', { name: 'Resume' }).click();
    for (const tab of [a, b]) await expect(docs(tab).getByRole('status')).not.toHaveText('Paused');
    await expect(c.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
  });
});

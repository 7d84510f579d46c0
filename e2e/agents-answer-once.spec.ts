import type { Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';

test.use({ trace: 'off', counted: 'pages' });

const questions = 1000;

declare global {
  /** Lets the asking tab go on until it has asked so many. */
  var askUpTo: (count: number) => void;
}

async function withAgent(page: Page): Promise<void> {
  await page.evaluate(() => {
    const bus = busline.createBus({ worker: busline.faulty, author: 'person' });
    globalThis.bus = bus;
    const answer = busline.agent({
      name: 'answerer',
      channels: ['questions'],
      async onMessage(message, attempt) {
        await attempt.reply(`answer to ${String(message.content)}`);
      },
    });
    bus.use(answer);
  });
}

async function asking(page: Page): Promise<void> {
  await page.evaluate((total) => {
    const bus = busline.createBus({ worker: busline.faulty, author: 'person' });
    const hosts: number[] = [];
    bus.on('host', ({ term }) => hosts.push(term));
    let allowed = 0;
    let goOn = (): void => undefined;
    const ask = async (): Promise<void> => {
      for (let at = 0; at < total; at++) {
        if (at === allowed) await new Promise<void>((resolve) => (goOn = resolve));
        await bus.send({ channelId: 'questions', content: `question ${at}` });
      }
    };
    const askUpTo = (count: number): void => {
      allowed = count;
      goOn();
    };
    Object.assign(globalThis, { bus, hosts, done: ask(), askUpTo });
  }, questions);
}

/** How many answers there are to each question. */
function answers(page: Page): Promise<{ readonly answered: number; readonly twice: number; readonly wrong: number }> {
  return page.evaluate(async () => {
    const all = await bus.history('questions', { limit: 100_000 });
    const asked = new Map(all.filter(({ authorId }) => authorId === 'person').map((message) => [message.id, message]));
    const replies = all.filter(({ authorId }) => authorId === 'answerer');
    const wrong = replies.filter(
      ({ inReplyTo = '', content }) => content !== `answer to ${String(asked.get(inReplyTo)?.content)}`,
    );
    const answered = new Set(replies.map(({ inReplyTo }) => inReplyTo)).size;
    return { answered, twice: replies.length - answered, wrong: wrong.length };
  });
}

test('ten tabs with the same agent answer 1,000 questions exactly once each, while tabs close and the worker is killed', async ({
  openTab,
}) => {
  test.setTimeout(180_000);
  const asker = await openTab();
  await asking(asker);
  const tabs: Page[] = [];
  for (let n = 0; n < 10; n++) {
    const tab = await openTab();
    await withAgent(tab);
    tabs.push(tab);
  }
  const hostsSeen = (): Promise<number> =>
    asker.evaluate(() => (globalThis as unknown as { hosts: number[] }).hosts.length);
  const rounds = 10;
  for (let round = 1; round <= rounds; round++) {
    await asker.evaluate((count) => askUpTo(count), (questions / rounds) * round);
    if (round % 2 === 0) {
      const before = await hostsSeen();
      await asker.evaluate(() => {
        const control = new BroadcastChannel('faults:busline');
        control.postMessage({ kill: true });
        control.close();
      });
      await expect.poll(hostsSeen, { timeout: 30_000, intervals: [10] }).toBeGreaterThan(before);
    } else {
      // The one that has been there longest is the one that answers.
      const oldest = tabs.shift();
      await oldest?.close({ runBeforeUnload: false });
      const another = await openTab();
      await withAgent(another);
      tabs.push(another);
    }
  }
  await asker.evaluate(() => done);
  await expect.poll(async () => (await answers(asker)).answered, { timeout: 90_000, intervals: [500] }).toBe(questions);
  expect(await answers(asker)).toEqual({ answered: questions, twice: 0, wrong: 0 });
});

import { expect, test } from './support/tabs.ts';

test.use({ counted: 'pages' });

test('an agent in the worker streams what it asked of another, and a worker that dies while it answers is followed by one that does', async ({
  openTab,
}) => {
  const [a, b] = [await openTab(), await openTab()];
  for (const tab of [a, b])
    await tab.evaluate(async () => {
      const bus = busline.createBus({
        author: 'person',
        worker: (name) => new SharedWorker('/pages/verbs-worker.js', { type: 'module', name }),
      });
      const texts: string[] = [];
      const hosts: number[] = [];
      bus.on('host', ({ term }) => hosts.push(term));
      Object.assign(globalThis, { bus, texts, hosts });
      await bus.streams('stories', async (stream) => {
        stream.done.then(
          ({ content }) => texts.push(String(content)),
          () => undefined,
        );
      }).ready;
    });
  const texts = (tab: typeof a) => (): Promise<readonly string[]> =>
    tab.evaluate(() => (globalThis as unknown as { texts: string[] }).texts);
  await a.evaluate(() => bus.send({ channelId: 'stories', content: 'tell' }));
  for (const tab of [a, b]) await expect.poll(texts(tab)).toEqual(['once upon a time attempt 1 ']);
  await b.evaluate(() => bus.send({ channelId: 'stories', content: 'die' }));
  for (const tab of [a, b])
    await expect.poll(texts(tab)).toEqual(['once upon a time attempt 1 ', 'once upon a time attempt 2 ']);
  const hosts = await a.evaluate(() => (globalThis as unknown as { hosts: number[] }).hosts.length);
  expect(hosts).toBe(2);
  const stories = await a.evaluate(async () => (await bus.history('stories')).map(({ content }) => content));
  expect(stories).toEqual(['tell', 'once upon a time attempt 1 ', 'die', 'once upon a time attempt 2 ']);
});

test('a request is answered by another tab when the one that was at it crashes, and says when nobody answers', async ({
  openTab,
}) => {
  const [asker, first, second] = [await openTab(), await openTab(), await openTab()];
  const responder = (own: string, hangs: boolean): void => {
    const bus = busline.createBus({ worker: busline.faulty, author: own });
    globalThis.bus = bus;
    globalThis.got = [];
    bus.respond('sums', async ({ content }) => {
      got.push(content as never);
      if (hangs) await new Promise(() => undefined);
      return { by: own, sum: (content as number[]).reduce((sum, n) => sum + n, 0) };
    });
  };
  await first.evaluate(`(${responder.toString()})('first', true)`);
  await asker.evaluate(() => {
    globalThis.bus = busline.createBus({ worker: busline.faulty, author: 'asker' });
    const answer = bus.request({ channelId: 'sums', content: [1, 2, 3] });
    Object.assign(globalThis, { answer });
  });
  await expect.poll(() => first.evaluate(() => got.length)).toBe(1);
  await second.evaluate(`(${responder.toString()})('second', false)`);
  const crashed = first.waitForEvent('crash');
  void first.goto('chrome://crash').catch(() => undefined);
  await crashed;
  const content = await asker.evaluate(
    async () => (await (globalThis as unknown as { answer: ReturnType<typeof bus.request> }).answer).content,
  );
  expect(content).toEqual({ by: 'second', sum: 6 });
  const nobody = await asker.evaluate(() =>
    bus.request({ channelId: 'nowhere', content: 1 }, { timeout: 300 }).catch((error: { code: string }) => error.code),
  );
  expect(nobody).toBe('NO_RESPONDER');
});

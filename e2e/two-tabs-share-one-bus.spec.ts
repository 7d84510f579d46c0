import { expect, test } from './support/tabs.ts';

test('a message sent in one tab arrives in the other, stored, with its offset', async ({ openTab }) => {
  const [a, b] = [await openTab(), await openTab()];
  await b.evaluate(async () => {
    globalThis.bus = busline.createBus();
    const { got, subscription } = record(bus, 'room:1');
    globalThis.got = got;
    await subscription.ready;
  });
  const message = await a.evaluate(async () => {
    globalThis.bus = busline.createBus({ author: 'ada' });
    return bus.send({ channelId: 'room:1', content: { text: 'hello' } });
  });
  expect(message).toMatchObject({ offset: 1, authorId: 'ada', content: { text: 'hello' } });
  await expect
    .poll(() => b.evaluate(() => got))
    .toEqual([{ channelId: 'room:1', offset: 1, content: { text: 'hello' }, id: message.id }]);
  const status = await a.evaluate(async () => ({ ...(await bus.ready), ...bus.status.getSnapshot() }));
  expect(status).toMatchObject({ host: 'shared-worker', durability: 'disk', tabs: 2, term: 1 });
});

test.describe('when nobody is left', () => {
  test.use({ counted: 'pages' });

  test('after all tabs were closed, everything is still there', async ({ openTab }) => {
    const first = await openTab();
    await first.evaluate(async () => {
      globalThis.bus = busline.createBus();
      await Promise.all(Array.from({ length: 1000 }, (_, n) => bus.send({ channelId: `room:${n % 3}`, content: n })));
    });
    await first.close();
    const second = await openTab();
    const found = await second.evaluate(async () => {
      globalThis.bus = busline.createBus();
      const history = await bus.history('room:1', { limit: 1000 });
      return {
        history: history.map(({ content }) => content),
        term: (await bus.ready).term,
        info: await bus.admin.channels('room:*'),
      };
    });
    expect(found.history).toEqual(Array.from({ length: 333 }, (_, n) => n * 3 + 1));
    expect(found.term).toBe(2);
    expect(found.info.map(({ channelId, head }) => [channelId, head])).toEqual([
      ['room:0', 334],
      ['room:1', 333],
      ['room:2', 333],
    ]);
  });
});

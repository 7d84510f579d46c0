import { expect, test } from './support/tabs.ts';

test('retention drops the oldest messages, and tells a reader that comes too late', async ({ openTab }) => {
  const [a, b] = [await openTab(), await openTab()];
  const first = await a.evaluate(async () => {
    globalThis.bus = busline.createBus({ retention: { count: 10 } });
    const sent = [];
    for (let n = 1; n <= 30; n++) sent.push(await bus.send({ channelId: 'room', content: n }));
    return (await bus.admin.channels('room'))[0]?.logId;
  });
  await expect.poll(() => a.evaluate(async () => (await bus.admin.channels('room'))[0]?.first)).toBe(21);
  const late = await b.evaluate(async (logId) => {
    globalThis.bus = busline.createBus();
    const resets: string[] = [];
    const onReset = ({
      reason,
      had,
      now,
    }: {
      reason: string;
      had: { offset: number };
      now: { offset: number };
    }): void => {
      resets.push(`${reason} ${had.offset} → ${now.offset}`);
    };
    const { got: received, subscription } = record(bus, 'room', { from: { logId: logId ?? '', offset: 5 }, onReset });
    await subscription.ready;
    return { resets, contents: received.map(({ content }) => content) };
  }, first);
  expect(late).toEqual({ resets: ['trimmed 5 → 20'], contents: [21, 22, 23, 24, 25, 26, 27, 28, 29, 30] });
});

test('small segments are merged when the log is idle, and read the same', async ({ openTab }) => {
  const tab = await openTab();
  const segments = (): Promise<number> =>
    tab.evaluate(async () => {
      const open = indexedDB.open('busline:busline');
      await new Promise((resolve) => open.addEventListener('success', resolve));
      const count = open.result.transaction('segments').objectStore('segments').count();
      await new Promise((resolve) => count.addEventListener('success', resolve));
      open.result.close();
      return count.result;
    });
  await tab.evaluate(async () => {
    globalThis.bus = busline.createBus();
    for (let n = 0; n < 100; n++) await bus.send({ channelId: 'room', content: n });
  });
  await expect.poll(segments).toBe(1);
  const history = await tab.evaluate(async () =>
    (await bus.history('room', { limit: 100 })).map(({ content }) => content),
  );
  expect(history).toEqual(Array.from({ length: 100 }, (_, n) => n));
});

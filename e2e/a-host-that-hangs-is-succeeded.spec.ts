import { expect, test } from './support/tabs.ts';

test.use({ counted: 'pages' });

for (const when of ['before', 'after'] as const) {
  test(`a host that hangs ${when} the transaction of an append is succeeded at once, and cannot write when it wakes`, async ({
    openTab,
  }) => {
    const [a, b] = [await openTab(), await openTab()];
    for (const tab of [a, b]) {
      await tab.evaluate(async () => {
        globalThis.bus = busline.createBus({ worker: busline.faulty });
        const { got, subscription } = record(bus, 'room');
        globalThis.got = got;
        await Promise.all([bus.ready, subscription.ready]);
      });
    }
    await a.evaluate(() => bus.send({ channelId: 'room', content: 'before' }));
    const hang = 4000;
    const took = await a.evaluate(
      async (how) => {
        const control = new BroadcastChannel('faults:busline');
        // The worker says that it heard, so that the next append is surely the one it hangs in.
        const heard = new Promise((resolve) => control.addEventListener('message', resolve, { once: true }));
        control.postMessage({ hang: how });
        await heard;
        control.close();
        const start = performance.now();
        await Promise.all([1, 2, 3].map((n) => bus.send({ channelId: 'room', content: n })));
        return performance.now() - start;
      },
      { when, ms: hang },
    );
    test.info().annotations.push({ type: 'succeeded after', description: `${Math.round(took)} ms` });
    expect(took, 'the hung worker did not hold its successor up').toBeLessThan(hang);
    await b.evaluate(() => bus.send({ channelId: 'room', content: 'after' }));
    // The old worker has woken when its lock is free.
    await a.evaluate(() => new Promise((resolve) => void navigator.locks.request('faults:hung', resolve)));
    await a.evaluate(() => bus.send({ channelId: 'room', content: 'much later' }));
    const expected = ['before', 1, 2, 3, 'after', 'much later'];
    for (const tab of [a, b]) {
      await expect.poll(() => tab.evaluate(() => got.map(({ content }) => content))).toEqual(expected);
      expect(
        await tab.evaluate(async () => (await bus.history('room')).map(({ content, offset }) => [offset, content])),
      ).toEqual(expected.map((content, at) => [at + 1, content]));
    }
    expect(await a.evaluate(async () => bus.status.getSnapshot().host)).toBe('shared-worker');
  });
}

import { expect, test } from './support/tabs.ts';

test('an adapter in the worker answers each message once for all tabs, and what it throws is told to them', async ({
  openTab,
}) => {
  const tabs = [await openTab(), await openTab(), await openTab()];
  for (const tab of tabs) {
    await tab.evaluate(async () => {
      const worker = (name: string): SharedWorker =>
        new SharedWorker('/pages/agent-worker.js', { type: 'module', name });
      globalThis.bus = busline.createBus({ worker });
      const { got, subscription } = record(bus, 'questions', { from: 'earliest' });
      globalThis.got = got;
      await subscription.ready;
    });
  }
  await Promise.all(
    tabs.map((tab, n) => tab.evaluate((content) => bus.send({ channelId: 'questions', content }), `from ${n}`)),
  );
  for (const tab of tabs) {
    await expect.poll(() => tab.evaluate(() => got.length)).toBe(6);
    const answers = await tab.evaluate(() =>
      got.map(({ content }) => String(content)).filter((text) => text.startsWith('you')),
    );
    expect(new Set(answers)).toEqual(new Set(['you said: from 0', 'you said: from 1', 'you said: from 2']));
  }
  await tabs[0]?.evaluate(() => bus.send({ channelId: 'questions', content: 'fail' }));
  for (const tab of tabs) {
    await expect.poll(() => tab.evaluate(() => bus.status.getSnapshot().problem?.code)).toBe('ADAPTER_FAILED');
  }
});

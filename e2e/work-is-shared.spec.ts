import type { CDPSession, Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';

test.use({ trace: 'off', counted: 'pages' });

const total = 10_000;
const poison = 500;

interface Call {
  readonly tab: number;
  readonly n: number;
  readonly attempt: number;
  readonly kind: 'began' | 'ended';
}

declare global {
  var calls: Call[];
  var mended: boolean;
}

/** Tells of every call, and goes on when it is known: what a tab posted just before it crashed may not have arrived. */
async function member(page: Page, tab: number): Promise<void> {
  await page.evaluate(
    ([own, each]) => {
      const bus = busline.createBus({ worker: busline.faulty, author: `tab ${own}` });
      const report = new BroadcastChannel('calls');
      const heard = new BroadcastChannel(`heard by ${own}`);
      const waiting: (() => void)[] = [];
      heard.addEventListener('message', () => waiting.shift()?.());
      globalThis.bus = bus;
      globalThis.mended = false;
      report.addEventListener('message', ({ data }) => {
        if (data === 'mended') globalThis.mended = true;
      });
      const options = { group: 'workers', concurrency: 4, maxAttempts: 3, backoff: { initial: 5, max: 20 } };
      bus.consume('work', options, async (message, { attempt }) => {
        const n = Number(message.content);
        report.postMessage({ tab: own, n, attempt, kind: 'began' });
        if (n % 7 === 0) await new Promise((resolve) => setTimeout(resolve));
        if (n % each === 0 && !globalThis.mended) throw new Error(`poison ${n}`);
        report.postMessage({ tab: own, n, attempt, kind: 'ended' });
        await new Promise<void>((resolve) => waiting.push(resolve));
      });
    },
    [tab, poison] as const,
  );
}

test('10,000 messages over six tabs, three of which crash: each is handled, none by two that live, poison is put aside and comes back', async ({
  openTab,
}) => {
  test.setTimeout(180_000);
  const watcher = await openTab();
  await watcher.evaluate(() => {
    globalThis.calls = [];
    const heard = [0, 1, 2, 3, 4, 5].map((tab) => new BroadcastChannel(`heard by ${tab}`));
    new BroadcastChannel('calls').addEventListener('message', ({ data }: MessageEvent<Call | 'mended'>) => {
      if (data === 'mended') return;
      calls.push(data);
      if (data.kind === 'ended') heard[data.tab]?.postMessage('');
    });
    globalThis.bus = busline.createBus({ worker: busline.faulty, author: 'watcher' });
  });
  const tabs = await Promise.all([0, 1, 2, 3, 4, 5].map(() => openTab()));
  for (const [at, tab] of tabs.entries()) await member(tab, at);
  await watcher.evaluate(async (count) => {
    const sendings: Promise<unknown>[] = [];
    for (let n = 0; n < count; n++) sendings.push(bus.send({ channelId: 'work', content: n }));
    await Promise.all(sendings);
  }, total);
  const ended = (): Promise<number> =>
    watcher.evaluate(() => new Set(calls.filter(({ kind }) => kind === 'ended').map(({ n }) => n)).size);
  for (const [at, tab] of tabs.slice(0, 3).entries()) {
    await expect.poll(ended, { timeout: 60_000, intervals: [20] }).toBeGreaterThan(1500 * (at + 1));
    const session: CDPSession = await tab.context().newCDPSession(tab);
    const crashed = tab.waitForEvent('crash');
    session.send('Page.crash').catch(() => undefined);
    await crashed;
  }
  await expect.poll(ended, { timeout: 90_000, intervals: [100] }).toBe(total - total / poison);
  const groups = (): Promise<{ members: number; pending: number; lag: number } | undefined> =>
    watcher.evaluate(async () => (await bus.admin.groups('work'))[0]);
  await expect.poll(groups, { timeout: 30_000 }).toMatchObject({ members: 3, pending: 0, lag: 0 });
  const dead = await watcher.evaluate(async () =>
    (await bus.admin.deadLetters({ group: 'workers' })).map(({ message, reason, attempts }) => [
      message.content,
      reason,
      attempts,
    ]),
  );
  expect(dead).toHaveLength(total / poison);
  // One whose last member crashed says that instead.
  for (const [content, reason, attempts] of dead) {
    expect(reason).toMatch(new RegExp(`^(poison ${String(content)}|Its member died\\.)$`));
    expect(attempts).toBe(3);
  }
  const twice = (): Promise<readonly Call[]> =>
    watcher.evaluate(() => {
      const seen = new Set<number>();
      return calls.filter(({ tab, n, kind }) => {
        if (kind !== 'ended' || tab < 3) return false;
        if (seen.has(n)) return true;
        seen.add(n);
        return false;
      });
    });
  expect(await twice()).toEqual([]);
  const back = await watcher.evaluate(async () => {
    const report = new BroadcastChannel('calls');
    report.postMessage('mended');
    report.close();
    return bus.admin.redrive({ group: 'workers' });
  });
  expect(back).toBe(total / poison);
  await expect.poll(ended, { timeout: 30_000 }).toBe(total);
  expect(await twice()).toEqual([]);
  expect(await watcher.evaluate(() => bus.admin.deadLetters())).toEqual([]);
});

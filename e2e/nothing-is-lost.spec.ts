import type { Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';
import type { Received } from './support/tabs.ts';

const channels = ['work:a', 'work:b', 'work:c'];

// A trace of thousands of polls is larger than what it would explain.
test.use({ trace: 'off', counted: 'pages' });

/**
 * Sends in bursts. With `keyed`, each message has an id of its own, so that after a reload the tab can go on from what it knows
 * to be acknowledged: what was stored without its knowing is recognised.
 */
async function sendAll(page: Page, sender: string, count: number, keyed: boolean, share: number): Promise<void> {
  await page.evaluate(
    ([name, total, names, withIds, first]) => {
      const bus = busline.createBus({ worker: busline.faulty, author: name });
      globalThis.bus = bus;
      const acknowledged = Number(sessionStorage.getItem('acknowledged') ?? 0);
      let at = acknowledged;
      let reached = acknowledged;
      let allowed = first;
      let goOn = (): void => undefined;
      const send = async (): Promise<void> => {
        while (at < total) {
          if (at >= allowed * total) await new Promise<void>((resolve) => (goOn = resolve));
          const burst: Promise<unknown>[] = [];
          const from = at;
          const to = Math.min(total, at + 1 + Math.floor(Math.random() * 600));
          for (; at < to; at++) {
            const own = withIds ? { id: `${name}:${at}` } : {};
            burst.push(
              bus.send({ ...own, channelId: names[at % names.length] as string, content: { sender: name, n: at } }),
            );
          }
          await Promise.all(burst);
          reached = from + burst.length;
          sessionStorage.setItem('acknowledged', String(reached));
        }
      };
      const done = send();
      const allow = (to: number): void => {
        allowed = to;
        goOn();
      };
      Object.assign(globalThis, { done, allow });
    },
    [sender, count, channels, keyed, share] as const,
  );
}

declare global {
  var done: Promise<void>;
  /** Lets a sender go on until it has sent this share of its messages. */
  var allow: (share: number) => void;
}

/** Everything that is wrong with what was received; a matcher for each message would take longer than the test. */
function faultsOf(got: readonly Received[], expected: number): readonly string[] {
  const faults: string[] = [];
  const ids = new Set(got.map(({ id }) => id));
  if (ids.size !== got.length) faults.push(`${got.length - ids.size} came twice`);
  if (got.length !== expected) faults.push(`${got.length} of ${expected} arrived`);
  const last = new Map<string, number>();
  for (const { channelId, content } of got) {
    const { sender, n } = content as { sender: string; n: number };
    const key = `${channelId}/${sender}`;
    if (n <= (last.get(key) ?? -1)) faults.push(`${n} came after ${last.get(key)} in ${key}`);
    last.set(key, n);
  }
  return faults.slice(0, 10);
}

test('100,000 messages from two tabs arrive in a third, once and in order, while tabs reload and the worker is killed thirty times', async ({
  openTab,
}) => {
  test.setTimeout(180_000);
  const [many, keyed] = [92_000, 8_000];
  const total = many + keyed;
  const [a, b, reader] = [await openTab(), await openTab(), await openTab()];
  await reader.evaluate(async () => {
    const bus = busline.createBus({ worker: busline.faulty });
    globalThis.bus = bus;
    const hosts: number[] = [];
    const problems: string[] = [];
    bus.on('host', ({ term }) => hosts.push(term));
    bus.on('error', (error) => problems.push(error.message));
    bus.on('reset', (reset) => problems.push(JSON.stringify(reset)));
    const { got, subscription } = record(bus, 'work:*');
    Object.assign(globalThis, { got, hosts, problems });
    await subscription.ready;
  });
  await sendAll(a, 'a', many, false, 0);
  await sendAll(b, 'b', keyed, true, 0);
  const kill = (): Promise<void> =>
    reader.evaluate(() => {
      const control = new BroadcastChannel('faults:busline');
      control.postMessage({ kill: true });
      control.close();
    });
  const hostsSeen = (): Promise<number> =>
    reader.evaluate(() => (globalThis as unknown as { hosts: number[] }).hosts.length);
  for (let killed = 0; killed < 30; killed++) {
    // Each worker dies somewhere within its thirtieth of the messages, at a moment that nobody chose.
    const share = (killed + 1) / 30;
    await Promise.all([a, b].map((tab) => tab.evaluate((to) => allow(to), share)));
    await kill();
    await expect.poll(hostsSeen, { timeout: 30_000, intervals: [5] }).toBeGreaterThan(killed + 1);
    if (killed % 6 !== 5) continue;
    await b.reload();
    await expect(b).toHaveTitle('ready');
    await sendAll(b, 'b', keyed, true, share);
  }
  await Promise.all([a.evaluate(() => done), b.evaluate(() => done)]);
  await expect.poll(() => reader.evaluate(() => got.length), { timeout: 30_000 }).toBeGreaterThanOrEqual(total);
  // As one string: Playwright's own copying of 200,000 objects takes minutes.
  const found = await reader.evaluate(async (names) => {
    const all = await Promise.all(names.map((name) => bus.history(name, { limit: 1_000_000 })));
    const { hosts: terms, problems: wrong } = globalThis as unknown as { hosts: number[]; problems: string[] };
    const history = all.flat().map(({ channelId, offset, content, id }) => ({ channelId, offset, content, id }));
    return JSON.stringify({ got, hosts: terms, problems: wrong, history });
  }, channels);
  const { got, hosts, problems, history } = JSON.parse(found) as {
    got: Received[];
    hosts: number[];
    problems: string[];
    history: Received[];
  };
  expect(problems).toEqual([]);
  expect(hosts.length, 'hosts seen').toBeGreaterThan(30);
  expect(faultsOf(got, total)).toEqual([]);
  // Line by line: a matcher's own report of two lists of this length would take longer than the test.
  const inOrder = (list: readonly Received[]): readonly string[] =>
    channels.flatMap((name) =>
      list.filter(({ channelId }) => channelId === name).map((message) => JSON.stringify(message)),
    );
  const [received, stored] = [inOrder(got), inOrder(history)];
  expect(received.length).toBe(stored.length);
  const different = received.findIndex((line, at) => line !== stored[at]);
  expect(
    [received[different], stored[different]],
    'the first difference between what was delivered and what is stored',
  ).toEqual([undefined, undefined]);
});

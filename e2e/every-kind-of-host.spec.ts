import type { Bus, HostKind } from 'busline';
import type { Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';
import type { Received } from './support/tabs.ts';

declare global {
  /** Several buses of one tab, and what each of them heard. */
  var buses: Bus[];
  var heardOn: Received[][];
}

const kinds: readonly HostKind[] = ['shared-worker', 'leader-tab', 'service-worker', 'page'];

async function join(tab: Page, kind: HostKind): Promise<void> {
  await tab.evaluate(async (host) => {
    globalThis.bus = busline.createBus({ hosts: [host], workerUrl: '/pages/faulty-worker.js' });
    const { got, subscription } = record(bus, 'room', { from: 'earliest' });
    globalThis.got = got;
    await Promise.all([bus.ready, subscription.ready]);
  }, kind);
}

const say = (tab: Page, content: unknown): Promise<unknown> =>
  tab.evaluate((text) => bus.send({ channelId: 'room', content: text }), content);
const heard = (tab: Page): Promise<unknown[]> => tab.evaluate(() => got.map(({ content }) => content));
const host = (tab: Page): Promise<string> => tab.evaluate(() => bus.status.getSnapshot().host);

/** What is done to the host, wherever it runs. */
async function order(tab: Page, what: object): Promise<void> {
  await tab.evaluate((fault) => {
    const control = new BroadcastChannel('faults:busline');
    control.postMessage(fault);
    control.close();
  }, what);
}

for (const kind of kinds) {
  test.describe(kind, () => {
    test.use({ counted: 'pages' });

    test('is one host for all tabs, and is followed by another when the first tab goes', async ({ openTab }) => {
      const tabs = [await openTab(), await openTab(), await openTab()] as const;
      for (const tab of tabs) await join(tab, kind);
      for (const [n, tab] of tabs.entries()) await say(tab, n);
      for (const tab of tabs) {
        await expect.poll(() => heard(tab)).toEqual([0, 1, 2]);
        expect(await host(tab)).toBe(kind);
        await expect.poll(() => tab.evaluate(() => bus.status.getSnapshot().tabs)).toBe(3);
      }
      await tabs[0].close();
      await say(tabs[1], 'after');
      await say(tabs[2], 'much after');
      for (const tab of tabs.slice(1)) {
        await expect.poll(() => heard(tab)).toEqual([0, 1, 2, 'after', 'much after']);
        expect(await host(tab)).toBe(kind);
        await expect.poll(() => tab.evaluate(() => bus.status.getSnapshot().tabs)).toBe(2);
      }
    });

    test('hosts one bus for each name, however it is written', async ({ openTab }) => {
      const names = [
        'a',
        'a/b',
        'a%2Fb',
        'a%2fb',
        'a:b',
        'a%3Ab',
        'a~b',
        'a~2Fb',
        'a.b',
        '..',
        'a b',
        'a+b',
        'ä',
        '日本/🚌',
      ];
      const tabs = [await openTab(), await openTab()] as const;
      for (const [at, tab] of tabs.entries()) {
        await tab.evaluate(
          async ([author, own, all]) => {
            globalThis.buses = all.map((name) => busline.createBus({ name, author, hosts: [own] }));
            globalThis.heardOn = buses.map((bus) => record(bus, 'room', { from: 'earliest' }).got);
            await Promise.all(
              buses.map((bus, n) => bus.send({ channelId: 'room', content: `${author} on ${all[n]}` })),
            );
          },
          [`tab ${at}`, kind, names] as const,
        );
      }
      for (const tab of tabs) {
        await expect
          .poll(() => tab.evaluate(() => heardOn.map((got) => got.map(({ content }) => content))))
          .toEqual(names.map((name) => [`tab 0 on ${name}`, `tab 1 on ${name}`]));
        const status = (): Promise<unknown> =>
          tab.evaluate(() =>
            buses.map((bus) => bus.status.getSnapshot()).map((snapshot) => [snapshot.host, snapshot.tabs]),
          );
        await expect.poll(status).toEqual(names.map(() => [kind, 2]));
      }
    });

    test('hangs, is succeeded, and cannot write when it wakes', async ({ openTab }) => {
      const tabs = [await openTab(), await openTab(), await openTab()] as const;
      for (const tab of tabs) await join(tab, kind);
      await say(tabs[1], 'before');
      // There is only one service worker: it is waited for. The others are succeeded long before they wake.
      const hung = kind === 'service-worker' ? 2000 : 8000;
      // A page that hosts hangs with its host.
      if (kind === 'page') {
        await tabs[0].evaluate((ms) => {
          setTimeout(() => {
            const end = performance.now() + ms;
            while (performance.now() < end);
          });
        }, hung);
      } else {
        await tabs[1].evaluate(async (ms) => {
          const control = new BroadcastChannel('faults:busline');
          const told = new Promise((resolve) => control.addEventListener('message', resolve, { once: true }));
          control.postMessage({ hang: { when: 'before', ms } });
          await told;
          control.close();
        }, hung);
      }
      const took = await tabs[1].evaluate(async () => {
        const start = performance.now();
        await Promise.all([1, 2, 3].map((n) => bus.send({ channelId: 'room', content: n })));
        return performance.now() - start;
      });
      test.info().annotations.push({ type: 'succeeded after', description: `${Math.round(took)} ms` });
      if (kind !== 'service-worker') expect(took).toBeLessThan(hung);
      await say(tabs[2], 'after');
      await say(tabs[0], 'much later');
      for (const tab of tabs) {
        await expect.poll(() => heard(tab)).toEqual(['before', 1, 2, 3, 'after', 'much later']);
        expect(await host(tab)).toBe(kind);
      }
    });

    if (kind !== 'page') {
      for (const fault of ['kill', 'fail'] as const) {
        // A service worker cannot end itself.
        if (kind === 'service-worker' && fault === 'kill') continue;
        test(`${fault === 'kill' ? 'ends itself' : 'throws'}, and nothing is lost`, async ({ openTab }) => {
          const tabs = [await openTab(), await openTab()] as const;
          for (const tab of tabs) await join(tab, kind);
          const sent: Promise<unknown>[] = [];
          for (let n = 0; n < 20; n++) {
            sent.push(say(tabs[n % 2] as Page, n));
            if (n % 5 === 2) await order(tabs[0], { [fault]: true });
          }
          await Promise.all(sent);
          const orders = await Promise.all(
            tabs.map(async (tab) => {
              await expect.poll(async () => (await heard(tab)).length).toBe(20);
              return heard(tab);
            }),
          );
          expect(orders[0]).toEqual(orders[1]);
          expect(new Set(orders[0]).size).toBe(20);
        });
      }
    }
  });
}

test.describe('tabs that ask for different hosts', () => {
  test.use({ counted: 'pages' });

  test('meet at the one that is there, and at the next when it goes', async ({ openTab }) => {
    const tabs = await Promise.all(kinds.map(() => openTab()));
    for (const [n, tab] of tabs.entries()) await join(tab, kinds[n] as HostKind);
    const first = await host(tabs[0] as Page);
    expect(first).toBe('shared-worker');
    const said: unknown[] = [];
    while (tabs.length > 0) {
      for (const [n, tab] of tabs.entries()) {
        await say(tab, [tabs.length, n]);
        said.push([tabs.length, n]);
      }
      const hosts = await Promise.all(tabs.map(host));
      expect(new Set(hosts).size).toBe(1);
      for (const tab of tabs) await expect.poll(() => heard(tab)).toEqual(said);
      await tabs.shift()?.close();
    }
  });
});

test.describe('a service worker that is unregistered while it hosts', () => {
  test.use({ counted: 'pages' });

  test('is registered again, and the work goes on', async ({ openTab }) => {
    const tabs = [await openTab(), await openTab()] as const;
    for (const tab of tabs) await join(tab, 'service-worker');
    await say(tabs[0], 'before');
    const unregistered = await tabs[1].evaluate(async () => {
      const all = await navigator.serviceWorker.getRegistrations();
      return Promise.all(all.map((registration) => registration.unregister()));
    });
    expect(unregistered).toEqual([true]);
    await say(tabs[0], 'after');
    await say(tabs[1], 'much after');
    for (const tab of tabs) {
      await expect.poll(() => heard(tab)).toEqual(['before', 'after', 'much after']);
      expect(await host(tab)).toBe('service-worker');
    }
  });
});

/** The contexts that hold the bus, and that wait for it. */
const contexts = (tab: Page): Promise<{ held: (string | undefined)[]; pending: (string | undefined)[] }> =>
  tab.evaluate(async () => {
    const { held = [], pending = [] } = await navigator.locks.query();
    const ofCore = (locks: LockInfo[]): (string | undefined)[] =>
      locks.filter(({ name }) => name === 'busline:busline:core').map(({ clientId }) => clientId);
    return { held: ofCore(held), pending: ofCore(pending) };
  });

test.describe('a host that hangs while another stands by', () => {
  test.use({ counted: 'pages' });

  for (const kind of ['shared-worker', 'leader-tab'] as const) {
    test(`is succeeded by it, in the tabs of both: a ${kind}`, async ({ openTab }) => {
      const tabs = [await openTab(), await openTab()] as const;
      await join(tabs[0], kind);
      await say(tabs[0], 'before');
      // The worker of another build is another worker: it waits for the bus while its tab is served by the first.
      await tabs[1].evaluate(async () => {
        globalThis.bus = busline.createBus({ hosts: ['shared-worker'], workerUrl: '/rebuilt/worker.js' });
        globalThis.got = record(bus, 'room', { from: 'earliest' }).got;
        await bus.ready;
      });
      expect(await host(tabs[1])).toBe(kind);
      const { held, pending } = await contexts(tabs[0]);
      expect(held).toHaveLength(1);
      expect(pending).toHaveLength(1);
      const hung = 6000;
      await tabs[0].evaluate(async (ms) => {
        const control = new BroadcastChannel('faults:busline');
        const told = new Promise((resolve) => control.addEventListener('message', resolve, { once: true }));
        control.postMessage({ hang: { when: 'before', ms } });
        await told;
        control.close();
      }, hung);
      const took = await Promise.all(
        tabs.map((tab, at) =>
          tab.evaluate(async (author) => {
            const start = performance.now();
            await Promise.all([1, 2, 3].map((n) => bus.send({ channelId: 'room', content: [author, n] })));
            return performance.now() - start;
          }, at),
        ),
      );
      test
        .info()
        .annotations.push({ type: 'succeeded after', description: `${took.map(Math.round).join(' and ')} ms` });
      for (const ms of took) expect(ms).toBeLessThan(hung);
      expect((await contexts(tabs[0])).held).toEqual(pending);
      for (const tab of tabs) expect(await host(tab)).toBe('shared-worker');
      // It has woken and cannot write, or its tab has ended it.
      await tabs[0].evaluate(() => new Promise((resolve) => void navigator.locks.request('faults:hung', resolve)));
      await say(tabs[0], 'after');
      await say(tabs[1], 'much after');
      for (const tab of tabs) {
        await expect.poll(async () => (await heard(tab)).slice(-2)).toEqual(['after', 'much after']);
        const all = await heard(tab);
        expect(all[0]).toBe('before');
        for (const author of [0, 1])
          expect(all.filter((content) => Array.isArray(content) && content[0] === author)).toEqual(
            [1, 2, 3].map((n) => [author, n]),
          );
        expect(all).toHaveLength(9);
      }
    });
  }
});

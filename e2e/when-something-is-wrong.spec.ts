import type { Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';

/** What a send ends with: the offset, or the code of the error. */
const trySend = (tab: Page, content: unknown = 'hello'): Promise<unknown> =>
  tab.evaluate(
    (value) =>
      bus.send({ channelId: 'room', content: value }).then(
        ({ offset }) => offset,
        (error: unknown) => (busline.isBusError(error) ? error.code : String(error)),
      ),
    content,
  );

const problem = (tab: Page): Promise<string | undefined> => tab.evaluate(() => bus.status.getSnapshot().problem?.code);

async function start(
  tab: Page,
  options: { worker?: string; hosts?: ('shared-worker' | 'page')[] } = {},
): Promise<void> {
  await tab.evaluate(({ worker, hosts }) => {
    globalThis.bus = busline.createBus({
      ...(worker !== undefined && { worker: (name: string) => new SharedWorker(worker, { type: 'module', name }) }),
      ...(hosts !== undefined && { hosts }),
    });
    const { got } = record(bus, 'room', { from: 'earliest' });
    const told: string[] = [];
    bus.on('reset', ({ reason, had, now }) => told.push(`${reason} ${had.offset} ${now.offset}`));
    bus.on('reload', () => told.push('reload'));
    bus.on('error', ({ code }) => told.push(code));
    Object.assign(globalThis, { got, told });
  }, options);
}

const told = (tab: Page): Promise<string[]> => tab.evaluate(() => (globalThis as unknown as { told: string[] }).told);
const heard = (tab: Page): Promise<unknown[]> => tab.evaluate(() => got.map(({ content }) => content));

test('storage that is blocked: messages live in memory, and the status says so', async ({ openTab }) => {
  const [a, b] = [await openTab(), await openTab()];
  for (const tab of [a, b]) await start(tab, { worker: '/pages/blocked-worker.js' });
  expect(await trySend(a)).toBe(1);
  await expect.poll(() => heard(b)).toEqual(['hello']);
  expect(await problem(b)).toBe('STORAGE_BLOCKED');
  expect(await b.evaluate(() => bus.status.getSnapshot().durability)).toBe('memory');
});

test('a database of a newer build is left alone, and the page is told to reload', async ({ openTab }) => {
  const tab = await openTab();
  await tab.evaluate(async () => {
    const request = indexedDB.open('busline:busline', 99);
    await new Promise((resolve) => request.addEventListener('success', resolve));
    request.result.close();
  });
  await start(tab);
  expect(await trySend(tab)).toBe('STORAGE_NEWER');
  expect(await told(tab)).toEqual(['reload']);
  expect(await tab.evaluate(async () => (await indexedDB.databases()).map(({ version }) => version))).toEqual([99]);
});

test('a full disk refuses what does not fit; what was acknowledged stays, and later messages are taken again', async ({
  openTab,
  site,
}) => {
  const tab = await openTab();
  // Set before the database is opened: Chromium looks at the quota then, and again only after a while.
  const client = await tab.context().newCDPSession(tab);
  await client.send('Storage.overrideQuotaForOrigin', { origin: site.url, quotaSize: 1_000_000 });
  await start(tab);
  expect(await trySend(tab, 'before')).toBe(1);
  const outcomes = await tab.evaluate(async () => {
    // Random, because the browser compresses what it stores.
    const large = Array.from(crypto.getRandomValues(new Uint32Array(16_000)), (n) => n.toString(36)).join('');
    const ends = await Promise.allSettled(
      Array.from({ length: 40 }, (_, n) => bus.send({ channelId: 'room', content: `${n}${large}` })),
    );
    return ends.map((end) => (end.status === 'fulfilled' ? end.value.offset : (end.reason as { code: string }).code));
  });
  expect(outcomes).toContain('STORAGE_FULL');
  await client.send('Storage.overrideQuotaForOrigin', { origin: site.url });
  const stored = outcomes.filter((outcome) => typeof outcome === 'number').length;
  expect(await trySend(tab, 'after')).toBe(stored + 2);
  const offsets = await tab.evaluate(async () => (await bus.history('room')).map(({ offset }) => offset));
  expect(offsets).toEqual(Array.from({ length: stored + 2 }, (_, at) => at + 1));
});

test('whatever another script posts to the worker is dropped, reported and harms nobody', async ({ openTab }) => {
  const [tab, stranger] = [await openTab(), await openTab()];
  await start(tab);
  expect(await trySend(tab)).toBe(1);
  await stranger.evaluate(() => {
    const { port } = new SharedWorker('/dist/worker.js', { type: 'module', name: 'busline/0/busline' });
    port.start();
    const proto = JSON.parse('{"type":"__proto__","n":1}') as unknown;
    for (const frame of [
      null,
      7,
      'text',
      {},
      [null],
      [[]],
      [{ type: 'push' }],
      [{ type: 'hello', min: 1, max: 1, clientId: 'stranger', lock: 'none' }],
      [{ type: 'push', n: 1, ack: 'stored', block: { header: { channelId: '*' } } }],
      [proto],
      [{ type: 'toString' }],
    ]) {
      port.postMessage(frame);
    }
  });
  await expect.poll(() => problem(tab)).toBe('MALFORMED_FRAME');
  // Those before its hello, at least: whoever says hello with a lock that nobody holds is gone at once.
  await expect.poll(() => tab.evaluate(() => bus.status.getSnapshot().problems)).toBeGreaterThanOrEqual(7);
  expect(await trySend(tab, 'still here')).toBe(2);
  await expect.poll(() => heard(tab)).toEqual(['hello', 'still here']);
});

test('a host of another version: the page is told to reload, and nothing hangs', async ({ openTab }) => {
  const tab = await openTab();
  await start(tab, { worker: '/pages/older-worker.js' });
  expect(await trySend(tab)).toBe('VERSION_MISMATCH');
  expect(await told(tab)).toEqual(['reload']);
});

test.describe('a worker that gives way', () => {
  test.use({ counted: 'pages' });

  test('a page of another version is told so by the host', async ({ openTab }) => {
    const tab = await openTab();
    const answer = await tab.evaluate(async () => {
      const { port } = new SharedWorker('/dist/worker.js', { type: 'module', name: 'busline/0/busline' });
      const frames: { type: string; error?: { code: string } }[] = [];
      const bye = new Promise<void>((resolve) => {
        port.onmessage = ({ data }: MessageEvent<typeof frames>) => {
          frames.push(...data);
          if (data.some(({ type }) => type === 'bye')) resolve();
        };
      });
      port.postMessage([{ type: 'hello', min: 98, max: 99, clientId: 'newer', lock: 'newer' }]);
      await bye;
      return frames.map(({ type, error }) => error?.code ?? type);
    });
    expect(answer).toEqual(['hi', 'VERSION_MISMATCH']);
  });
});

test.describe('a bus that is deleted', () => {
  test.use({ counted: 'pages' });

  test('deleting the bus empties it for all tabs, and tells those that listen', async ({ openTab }) => {
    const [a, b] = [await openTab(), await openTab()];
    for (const tab of [a, b]) await start(tab);
    expect(await trySend(a, 'secret')).toBe(1);
    await expect.poll(() => heard(b)).toEqual(['secret']);
    await b.evaluate(() => busline.deleteBus());
    expect(await trySend(a, 'afresh')).toBe(1);
    await expect.poll(() => heard(b)).toEqual(['secret', 'afresh']);
    expect(await told(b)).toContain('replaced 1 0');
    expect(await b.evaluate(async () => (await bus.history('room')).map(({ content }) => content))).toEqual(['afresh']);
  });
});

test('a page that hosts keeps its log and serves the others; the next one takes its place', async ({ openTab }) => {
  const first = await openTab();
  await start(first, { hosts: ['page'] });
  expect(await trySend(first, 'one')).toBe(1);
  expect(await first.evaluate(() => bus.status.getSnapshot().host)).toBe('page');
  const second = await openTab();
  await start(second, { hosts: ['page'] });
  expect(await trySend(second, 'two')).toBe(2);
  await expect.poll(() => heard(first)).toEqual(['one', 'two']);
  await first.close();
  expect(await trySend(second, 'three')).toBe(3);
  await expect.poll(() => heard(second)).toEqual(['one', 'two', 'three']);
  expect(await problem(second)).toBeUndefined();
});

test('a worker that cannot be loaded: the page hosts without one, and says why', async ({ openTab }) => {
  const tab = await openTab();
  await start(tab, { worker: '/pages/no-such-worker.js' });
  expect(await trySend(tab)).toBe(1);
  expect(await tab.evaluate(() => bus.status.getSnapshot())).toMatchObject({
    host: 'page',
    durability: 'disk',
    why: expect.stringMatching(/A page hosts the bus itself/),
  });
  expect(await told(tab)).toContain('WORKER_FAILED');
});

test('no host that works: every promise settles with the reason', async ({ openTab }) => {
  const tab = await openTab();
  await start(tab, { worker: '/pages/no-such-worker.js', hosts: ['shared-worker'] });
  expect(await trySend(tab)).toBe('NO_HOST');
  expect(await tab.evaluate(() => bus.ready.catch((error: { code: string }) => error.code))).toBe('NO_HOST');
  const unknown = await tab.evaluate(() => {
    try {
      return busline.createBus({ hosts: ['teapot' as 'page'] });
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
  expect(unknown).toBe('UNKNOWN_HOST');
});

test('a worker that ignores the name it is given is refused: it hosts another bus, which comes to no harm', async ({
  openTab,
}) => {
  const [good, bad] = [await openTab(), await openTab()];
  await start(good);
  expect(await trySend(good)).toBe(1);
  await bad.evaluate(() => {
    const worker = (): SharedWorker => new SharedWorker('/dist/worker.js', { type: 'module', name: 'mine' });
    globalThis.bus = busline.createBus({ name: 'other', worker, hosts: ['shared-worker'] });
  });
  const reason = await bad.evaluate(() =>
    bus.send({ channelId: 'room', content: 1 }).catch(({ message }: Error) => message),
  );
  expect(reason).toMatch(
    /^None of shared-worker works: .*The worker hosts another bus: pass the name that `worker` is given on to it\..*\[NO_HOST\]/,
  );
  expect(await trySend(good)).toBe(2);
  await expect.poll(() => heard(good)).toEqual(['hello', 'hello']);
});

test('a page without Web Locks says what it needs', async ({ openTab, site }) => {
  const tab = await openTab();
  // Not localhost, and not https: the browser itself withholds them.
  await tab.route('http://busline.test/**', async (route) => {
    const response = await route.fetch({ url: route.request().url().replace('http://busline.test', site.url) });
    await route.fulfill({ response });
  });
  await tab.goto('http://busline.test/pages/bus.html');
  await expect(tab).toHaveTitle('ready');
  expect(await tab.evaluate(() => 'locks' in navigator)).toBe(false);
  await start(tab);
  expect(await trySend(tab)).toBe('NO_HOST');
  expect(await tab.evaluate(() => bus.status.getSnapshot())).toMatchObject({
    host: 'closed',
    why: expect.stringMatching(/Web Locks need a secure context: serve the page over https or from localhost\./),
  });
});

test('a frame that is refused Web Locks says so', async ({ openTab }) => {
  const tab = await openTab();
  // A sandboxed frame has an origin of its own, to which scripts must be given.
  await tab.route('**/*', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), 'access-control-allow-origin': '*' } });
  });
  await tab.evaluate(() => {
    const frame = document.createElement('iframe');
    frame.sandbox.add('allow-scripts');
    frame.src = '/pages/bus.html';
    document.body.append(frame);
    return new Promise((resolve) => frame.addEventListener('load', resolve));
  });
  const [, frame] = tab.frames();
  const reason = await frame?.evaluate(async () => {
    const bus = busline.createBus();
    const refused: unknown = await bus.send({ channelId: 'room', content: 1 }).catch((error: unknown) => error);
    return busline.isBusError(refused) && [refused.code, refused.message, bus.status.getSnapshot().host];
  });
  expect(reason).toEqual(['NO_HOST', expect.stringMatching(/^Web Locks are refused here\./), 'closed']);
});

for (const [what, script] of [
  ['whose registration never settles', undefined],
  ['that never becomes active', '/pages/stuck-service-worker.js'],
] as const) {
  test(`a service worker ${what} is given up: the page hosts, and says why`, async ({ context, openTab }) => {
    // It is waited for half a minute, which here passes as fast as the page can.
    await context.clock.install();
    const tab = await openTab();
    await tab.evaluate((from) => {
      globalThis.bus = busline.createBus({
        hosts: ['service-worker', 'page'],
        serviceWorker: () =>
          from === undefined
            ? new Promise(() => undefined)
            : navigator.serviceWorker.register(from, { scope: '/pages/stuck/' }),
      });
      globalThis.sent = [bus.send({ channelId: 'room', content: 1 })];
    }, script);
    const host = async (): Promise<string> => {
      await tab.clock.runFor(1000);
      return tab.evaluate(() => bus.status.getSnapshot().host);
    };
    await expect.poll(host, { intervals: [25] }).toBe('page');
    expect(await tab.evaluate(async () => (await sent[0])?.offset)).toBe(1);
    expect(await tab.evaluate(() => bus.status.getSnapshot().why)).toMatch(/^The host does not begin\./);
  });
}

test('a worker script that takes its time is waited for: the tabs share it all the same', async ({ openTab, site }) => {
  const [a, b] = [await openTab(), await openTab()];
  for (const tab of [a, b]) await start(tab, { worker: `${site.url}/slow/3000/dist/worker.js` });
  const [first, second] = await Promise.all([trySend(a, 'from a'), trySend(b, 'from b')]);
  expect(new Set([first, second])).toEqual(new Set([1, 2]));
  for (const tab of [a, b]) {
    await expect.poll(async () => (await heard(tab)).length).toBe(2);
    expect(await tab.evaluate(() => bus.status.getSnapshot())).toMatchObject({ host: 'shared-worker', tabs: 2 });
    expect(await told(tab)).toEqual([]);
  }
});

test.describe('a read', () => {
  test.use({ counted: 'pages' });

  test('one read that fails costs the host, not the tab: the next one reads it', async ({ openTab }) => {
    const tab = await openTab();
    const read = await tab.evaluate(async () => {
      const first = busline.createBus({ worker: busline.faulty });
      for (let n = 0; n < 5; n++) await first.send({ channelId: 'c', content: n });
      const bus = busline.createBus({ worker: busline.faulty });
      await bus.ready;
      // What was written lately is read from memory: it is asked for by a host that has written nothing.
      const replaced = new Promise<void>((resolve) => bus.on('host', ({ term }) => term === 2 && resolve()));
      const control = new BroadcastChannel('faults:busline');
      control.postMessage({ kill: true });
      await replaced;
      const armed = new Promise((resolve) => control.addEventListener('message', resolve, { once: true }));
      control.postMessage({ failReads: 1 });
      await armed;
      control.close();
      const got: unknown[] = [];
      await new Promise<void>((resolve) => {
        bus.subscribe('c', ({ content }) => void (got.push(content) === 5 && resolve()), { from: 'earliest' });
      });
      return [got.slice(), (await bus.send({ channelId: 'c', content: 'more' })).offset];
    });
    expect(read).toEqual([[0, 1, 2, 3, 4], 6]);
  });
});

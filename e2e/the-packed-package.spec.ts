import { readdir } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, test } from './support/package.ts';
import './support/tabs.ts';

// One worker for the whole file: the package is packed and installed once.
test.describe.configure({ mode: 'default' });

/** What is sent in one tab arrives in the other, through one host for both. */
async function expectOneBus(a: Page, b: Page): Promise<void> {
  await b.evaluate(async () => {
    globalThis.got = [];
    await bus.subscribe('room:1', (message) => got.push(message)).ready;
  });
  const { id } = await a.evaluate(() => bus.send({ channelId: 'room:1', content: { text: 'hello' } }));
  await expect.poll(() => b.evaluate(() => got)).toMatchObject([{ id, offset: 1, content: { text: 'hello' } }]);
  await expect.poll(() => a.evaluate(() => bus.status.getSnapshot())).toMatchObject({ host: 'shared-worker', tabs: 2 });
  await expect.poll(() => b.evaluate(() => bus.status.getSnapshot())).toMatchObject({ host: 'shared-worker', tabs: 2 });
  expect(await a.evaluate(async () => (await bus.ready).storeId)).toBe(
    await b.evaluate(async () => (await bus.ready).storeId),
  );
}

/** The adapter in the worker answers, once for both tabs. */
async function expectOneAnswer(a: Page, b: Page): Promise<void> {
  for (const tab of [a, b]) {
    await tab.evaluate(async () => {
      globalThis.got = [];
      await bus.subscribe('room:1', (message) => got.push(message)).ready;
    });
  }
  const { id } = await a.evaluate(() => bus.send({ channelId: 'room:1', content: { text: 'hello' } }));
  const answer = { content: { text: 'hello!' }, authorId: 'host', inReplyTo: id, hops: 1 };
  for (const tab of [a, b]) await expect.poll(() => tab.evaluate(() => got)).toMatchObject([{ id }, answer]);
  // What is stored behind it shows that no second answer was on its way.
  await b.evaluate(() => bus.send({ channelId: 'room:1', content: { text: 'and again' } }));
  await expect
    .poll(() => a.evaluate(async () => (await bus.history('room:1')).map(({ content }) => content)))
    .toEqual([{ text: 'hello' }, { text: 'hello!' }, { text: 'and again' }, { text: 'and again!' }]);
  await expect.poll(() => a.evaluate(() => bus.status.getSnapshot())).toMatchObject({ host: 'shared-worker', tabs: 2 });
}

/** What a page downloads only when it hosts the bus itself is found, too. */
async function expectOwnHost(page: Page): Promise<void> {
  const { offset } = await page.evaluate(() => bus.send({ channelId: 'room:1', content: { text: 'hello' } }));
  expect(offset).toBe(1);
  expect(await page.evaluate(() => bus.status.getSnapshot())).toMatchObject({ host: 'page', durability: 'disk' });
}

test.describe('in an app that Vite serves', () => {
  test('two tabs share one bus', async ({ openTab, sharedWorkers, viteDev, consumer }) => {
    const url = `${viteDev.url}/`;
    await expectOneBus(await openTab(url), await openTab(url));
    expect(await sharedWorkers(viteDev)).toHaveLength(1);
    expect(consumer.warnings).toEqual([]);
  });

  test("a user's own worker answers once for both tabs", async ({ openTab, sharedWorkers, viteDev, consumer }) => {
    const url = `${viteDev.url}/own-worker.html`;
    await expectOneAnswer(await openTab(url), await openTab(url));
    expect(await sharedWorkers(viteDev)).toEqual([expect.stringContaining('/src/my-worker.js')]);
    expect(consumer.warnings).toEqual([]);
  });

  test('a page can be its own host', async ({ openTab, viteDev }) => {
    await expectOwnHost(await openTab(`${viteDev.url}/alone.html`));
  });
});

test.describe('in an app that Vite built', () => {
  test('two tabs share one bus, in a worker file of its own', async ({
    openTab,
    sharedWorkers,
    viteBuilt,
    consumer,
  }) => {
    const url = `${viteBuilt.url}/`;
    await expectOneBus(await openTab(url), await openTab(url));
    const files = await readdir(`${viteBuilt.folder}/assets`);
    const worker = files.filter((file) => /^worker-.*\.js$/.test(file));
    // One for the tabs to share, or for the one that leads; and a copy as it is, to be registered as a service worker.
    expect(worker).toHaveLength(2);
    const [shared, ...more] = await sharedWorkers(viteBuilt);
    expect(more).toEqual([]);
    expect(worker.map((file) => `/assets/${file}`)).toContain(shared);
    expect(consumer.warnings).toEqual([]);
  });

  test("a user's own worker answers once for both tabs", async ({ openTab, sharedWorkers, viteBuilt }) => {
    const url = `${viteBuilt.url}/own-worker.html`;
    await expectOneAnswer(await openTab(url), await openTab(url));
    expect(await sharedWorkers(viteBuilt)).toEqual([expect.stringMatching(/^\/assets\/my-worker-.*\.js$/)]);
  });

  test('a page can be its own host', async ({ openTab, viteBuilt }) => {
    await expectOwnHost(await openTab(`${viteBuilt.url}/alone.html`));
  });
});

test.describe('on a page without a bundler', () => {
  for (const [how, page, worker] of [
    ['imported by its path', 'by-path.html', '/node_modules/busline/dist/worker.js'],
    ['imported by its name, through an import map', 'import-map.html', '/node_modules/busline/dist/worker.js'],
    ['with a copy of busline/worker.js as its worker', 'worker-url.html', '/static/copied-worker.js'],
  ] as const) {
    test(`two tabs share one bus, ${how}`, async ({ openTab, sharedWorkers, plain }) => {
      const url = `${plain.url}/static/${page}`;
      await expectOneBus(await openTab(url), await openTab(url));
      expect(await sharedWorkers(plain)).toEqual([worker]);
    });
  }

  test('a page can be its own host', async ({ openTab, plain }) => {
    await expectOwnHost(await openTab(`${plain.url}/static/alone.html`));
  });
});

test.describe('in Node', () => {
  test('a bus for pages is made, says what is wrong at its first use, and holds nothing open', async ({ consumer }) => {
    expect(await consumer.node('node/on-a-server.js')).toEqual({ before: 'connecting', code: 'NOT_A_BROWSER' });
  });

  test('busline/core is a whole bus', async ({ consumer }) => {
    expect(await consumer.node('node/core.js')).toEqual([{ offset: 1, content: 'hello' }]);
  });
});

test.describe('in TypeScript', () => {
  const resolutions = [
    { module: 'esnext', moduleResolution: 'bundler' },
    { module: 'nodenext', moduleResolution: 'nodenext' },
  ];
  // What the package asks of its users' `lib`: the year it is built for, and the DOM only for pages.
  const uses = [
    { entry: 'busline', file: 'types/page.ts', lib: ['ES2022', 'DOM'] },
    { entry: 'busline/worker', file: 'types/worker.ts', lib: ['ES2022'] },
    { entry: 'busline/core', file: 'types/core.ts', lib: ['ES2022'] },
    { entry: 'busline/testing', file: 'types/testing.ts', lib: ['ES2022'] },
  ];
  for (const { module, moduleResolution } of resolutions) {
    for (const { entry, file, lib } of uses) {
      test(`${entry} has types for moduleResolution ${moduleResolution}`, async ({ consumer }) => {
        expect(await consumer.typeCheck(file, { module, moduleResolution, target: 'es2022', lib })).toBe('');
      });
    }
  }
});

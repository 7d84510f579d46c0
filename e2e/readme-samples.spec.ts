import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test as base } from '@playwright/test';
import type { Page } from '@playwright/test';
import { rolldown } from 'rolldown';
import { transformWithOxc } from 'vite';
import { allPrograms, printedBy } from '../test/readme/samples.ts';
import type { Program } from '../test/readme/samples.ts';
import { serve } from './support/server.ts';
import type { Server } from './support/server.ts';
import { openWindow } from './support/window.ts';

type Calls = [id: string, values: unknown[]][];

declare global {
  var printedCalls: Calls;
}

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const screen = 'preact/compat';
const programs = allPrograms().filter(({ kind }) => kind === 'page' || kind === 'worker');

/** Where each entry of the package is served: what a bundler finds out for its users. */
async function addresses(): Promise<ReadonlyMap<string, string>> {
  const { exports } = JSON.parse(await readFile(folder('../package.json'), 'utf8')) as {
    exports: Record<string, string | { default: string }>;
  };
  const own = Object.entries(exports).map(
    ([entry, target]) =>
      [entry.replace('.', 'busline'), (typeof target === 'string' ? target : target.default).slice(1)] as const,
  );
  return new Map([...own, [screen, '/modules/screen.js']]);
}

/** What a sample shows a list with, as one file. */
async function writeScreen(directory: string): Promise<void> {
  const bundle = await rolldown({ input: screen, cwd: folder('..'), platform: 'browser' });
  await bundle.write({ file: join(directory, 'modules/screen.js'), format: 'esm' });
  await bundle.close();
}

const test = base.extend<{ runSample: (program: Program) => Promise<Page> }, { samples: Server }>({
  samples: [
    async ({ browserName: _browserName }, use) => {
      const entries = await addresses();
      await mkdir(folder('../test-results/'), { recursive: true });
      const written = await mkdtemp(folder('../test-results/samples-'));
      for (const { name, telling } of programs) {
        const { code } = await transformWithOxc(telling, `${name}.ts`);
        const linked = code.replace(
          /(from\s*)(["'])((?:busline|preact)[^"']*)\2/g,
          (_, from: string, quote: string, entry: string) => {
            const address = entries.get(entry);
            if (address === undefined) throw new Error(`${name}: nobody serves ${entry}`);
            return `${from}${quote}${address}${quote}`;
          },
        );
        await mkdir(join(written, dirname(name)), { recursive: true });
        await writeFile(join(written, `${name}.ts`), linked);
      }
      await writeScreen(written);
      const dist = folder('../dist/');
      const site = await serve({
        '/samples/': `${written}/`,
        '/modules/': `${written}/modules/`,
        '/dist/': dist,
        '/busline/': dist,
        '/pages/': folder('pages/'),
      });
      await use(site);
      await site.close();
      await rm(written, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
  runSample: async ({ context, samples }, use) => {
    const failures: Error[] = [];
    context.on('weberror', (failure) => failures.push(failure.error()));
    await use(async ({ name }) => {
      const page = await openWindow(context);
      await page.goto(`${samples.url}/pages/empty.html`);
      await page.evaluate(async (url) => {
        globalThis.printedCalls = [];
        globalThis.said = (id, ...values) => void printedCalls.push([id, values]);
        await import(url);
      }, `/samples/${name}.ts`);
      return page;
    });
    expect(failures).toEqual([]);
  },
});

async function expectPrinted(page: Page, program: Program): Promise<void> {
  const promised = program.promised.map(({ text }) => text);
  const printed = async (): Promise<unknown> => printedBy(program, await page.evaluate(() => printedCalls));
  await expect.poll(printed).toEqual(promised);
  // Nothing more comes after it.
  await page.waitForTimeout(100);
  expect(await printed()).toEqual(promised);
}

for (const program of programs.filter(({ kind }) => kind === 'page')) {
  test(`${program.name} prints what it says`, async ({ runSample }) => {
    await expectPrinted(await runSample(program), program);
  });
}

test('the five lines, in two tabs and after a reload', async ({ runSample }) => {
  const program = programs.find(({ name }) => name === 'readme/five-lines-to-a-working-bus/page')!;
  const heard = (page: Page): Promise<unknown[]> =>
    page.evaluate(
      ([id]) => printedCalls.filter(([line]) => line === id).map(([, values]) => values),
      [program.promised[0]?.id],
    );
  const [a, b] = [await runSample(program), await runSample(program)];
  const two = [1, 2].map((offset) => [offset, 'hello']);
  for (const tab of [a, b]) await expect.poll(() => heard(tab)).toEqual(two);
  await a.close();
  await b.close();
  const later = await runSample(program);
  await expect.poll(() => heard(later)).toEqual([...two, [3, 'hello']]);
});

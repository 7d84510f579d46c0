// The package as its users get it: packed, installed into a project of its own outside this folder, and used from there.

import { execFile } from 'node:child_process';
import { copyFile, cp, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test as base, expect } from '@playwright/test';
import type { Page } from '@playwright/test';
import { build, createLogger, createServer } from 'vite';
import type { InlineConfig, Logger } from 'vite';
import { serve } from './server.ts';
import type { Server } from './server.ts';
import { openWindow } from './window.ts';

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A folder with the user's project in it, and room for what is made of it. */
class Consumer {
  readonly #folder: string;
  /** Where `npm install` was run. */
  readonly project: string;
  readonly #logger: Logger = createLogger('silent');
  /** What Vite warned of. */
  readonly warnings: string[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.project = join(folder, 'project');
    const warn = (message: string): void => void this.warnings.push(message);
    Object.assign(this.#logger, { warn, warnOnce: warn, error: warn });
  }

  static async make(): Promise<Consumer> {
    return new Consumer(await realpath(await mkdtemp(join(tmpdir(), 'busline-package-'))));
  }

  async install(): Promise<void> {
    await cp(here('../fixtures/consumer'), this.project, { recursive: true });
    await this.#npm(here('../../'), 'pack', '--ignore-scripts', '--pack-destination', this.#folder);
    const tarball = (await readdir(this.#folder)).find((name) => name.endsWith('.tgz'));
    await this.#npm(this.project, 'install', '--offline', '--no-audit', '--no-fund', `../${tarball}`);
    const worker = join(this.project, 'node_modules/busline/dist/worker.js');
    await copyFile(worker, join(this.project, 'static/copied-worker.js'));
  }

  /** The project as it lies there. */
  serveStatically(): Promise<Server> {
    return serve({ '/': this.project });
  }

  async startVite(): Promise<Server> {
    const vite = await createServer({
      ...this.#viteConfig('dev'),
      server: { host: '127.0.0.1', port: 0 },
    });
    await vite.listen();
    const url = vite.resolvedUrls?.local[0];
    if (url === undefined) throw new Error('Vite has no address.');
    return { url: url.replace(/\/$/, ''), close: () => vite.close() };
  }

  /** Builds the project; tells where the output is. */
  async buildWithVite(): Promise<string> {
    const outDir = join(this.#folder, 'built');
    const pages = ['index.html', 'own-worker.html', 'alone.html'].map((page) => join(this.project, page));
    await build({
      ...this.#viteConfig('build'),
      build: { outDir, emptyOutDir: true, rolldownOptions: { input: pages } },
    });
    return outDir;
  }

  /** Runs a script of the project; resolves with what it printed, once it has ended by itself. */
  async node(script: string): Promise<unknown> {
    // Without the test runner's own environment: Node warns on stderr of colours both asked for and refused.
    const env = { PATH: process.env['PATH'] };
    const { stdout, stderr } = await run(process.execPath, [script], { cwd: this.project, timeout: 10_000, env });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }

  /** Type-checks a file of the project, the declarations of the package included; resolves with the complaints. */
  async typeCheck(file: string, compilerOptions: object): Promise<string> {
    const config = join(this.project, `tsconfig.${crypto.randomUUID()}.json`);
    const strictest = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, types: [], noEmit: true };
    await writeFile(
      config,
      JSON.stringify({ compilerOptions: { ...strictest, ...compilerOptions }, files: [join(this.project, file)] }),
    );
    return run(process.execPath, [
      here('../../node_modules/typescript/bin/tsc'),
      '-p',
      config,
      '--pretty',
      'false',
    ]).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    );
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  #viteConfig(use: string): InlineConfig {
    return {
      configFile: false,
      root: this.project,
      cacheDir: join(this.#folder, `vite-${use}`),
      customLogger: this.#logger,
      logLevel: 'warn',
    };
  }

  async #npm(cwd: string, ...args: string[]): Promise<void> {
    await run('npm', [...args, '--cache', join(this.#folder, 'npm')], { cwd });
  }
}

interface Workers {
  consumer: Consumer;
  viteDev: Server;
  viteBuilt: Server & { readonly folder: string };
  plain: Server;
}

export const test = base.extend<
  { openTab: (url: string) => Promise<Page>; sharedWorkers: (site: Server) => Promise<string[]> },
  Workers
>({
  consumer: [
    async ({ browserName: _browserName }, use) => {
      const consumer = await Consumer.make();
      try {
        await consumer.install();
        await use(consumer);
      } finally {
        await consumer.remove();
      }
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  viteDev: [
    async ({ consumer }, use) => {
      const site = await consumer.startVite();
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],
  viteBuilt: [
    async ({ consumer }, use) => {
      const folder = await consumer.buildWithVite();
      const site = await serve({ '/': folder });
      await use({ ...site, folder });
      await site.close();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  plain: [
    async ({ consumer }, use) => {
      const site = await consumer.serveStatically();
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],
  openTab: async ({ context }, use) => {
    const complaints: string[] = [];
    await use(async (url) => {
      const page = await openWindow(context);
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      await page.goto(url);
      await expect(page).toHaveTitle('ready');
      return page;
    });
    expect(complaints).toEqual([]);
  },
  /** The addresses of the shared workers that run now. */
  sharedWorkers: async ({ browser }, use) => {
    const devtools = await browser.newBrowserCDPSession();
    await use(async ({ url }) => {
      const { targetInfos } = await devtools.send('Target.getTargets');
      return targetInfos
        .filter((target) => target.type === 'shared_worker' && target.url.startsWith(url))
        .map((target) => target.url.slice(url.length));
    });
    await devtools.detach();
  },
});

export { expect };

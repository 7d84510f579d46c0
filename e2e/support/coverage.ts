// What of dist ran in a test, in pages and in workers, as V8 counts it. `npm test` sets the folder that it goes to.

import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from '@playwright/test';

interface Script {
  readonly url: string;
  readonly functions: unknown;
}

/** One shared worker, through the browser's debugging protocol: Playwright itself does not speak to them. */
interface WorkerTarget {
  take(): Promise<readonly Script[]>;
}

async function watchWorkers(
  browser: Browser,
): Promise<{ readonly workers: readonly WorkerTarget[]; stop(): Promise<void> }> {
  const session = await browser.newBrowserCDPSession();
  const workers: WorkerTarget[] = [];
  const answers = new Map<string, (result: { result?: readonly Script[] }) => void>();
  let calls = 0;
  session.on('Target.receivedMessageFromTarget', ({ sessionId, message }) => {
    const { id, result } = JSON.parse(message) as { id?: number; result?: { result?: readonly Script[] } };
    answers.get(`${sessionId} ${id}`)?.(result ?? {});
  });
  // A worker that has ended cannot say what it ran, and must not be waited for.
  const ended = new Set<string>();
  session.on('Target.detachedFromTarget', ({ sessionId }) => {
    ended.add(sessionId);
    for (const [asked, answer] of answers) if (asked.startsWith(sessionId)) answer({});
  });
  session.on('Target.targetCreated', ({ targetInfo }) => {
    if (targetInfo.type === 'shared_worker') void attach(targetInfo.targetId).catch(() => undefined);
  });
  async function attach(targetId: string): Promise<void> {
    const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
    const ask = async (method: string, params = {}): Promise<{ result?: readonly Script[] }> => {
      const id = (calls += 1);
      const answer = new Promise<{ result?: readonly Script[] }>((resolve) =>
        answers.set(`${sessionId} ${id}`, resolve),
      );
      await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) });
      return ended.has(sessionId) ? {} : answer;
    };
    await ask('Profiler.enable');
    await ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    workers.push({ take: async () => (await ask('Profiler.takePreciseCoverage')).result ?? [] });
  }
  await session.send('Target.setDiscoverTargets', { discover: true });
  return { workers, stop: () => session.detach() };
}

const nobody = { workers: [], stop: () => Promise.resolve() };

/** What is counted of a test: what ran in its pages, or in their workers too. */
export type Counted = 'all' | 'pages';

export class Coverage {
  readonly #folder: string;
  readonly #pages: Page[] = [];
  readonly #watched: Awaited<ReturnType<typeof watchWorkers>>;

  private constructor(folder: string, watched: Awaited<ReturnType<typeof watchWorkers>>) {
    this.#folder = folder;
    this.#watched = watched;
  }

  /** Undefined unless it is asked for. */
  static async start(browser: Browser, counted: Counted): Promise<Coverage | undefined> {
    const folder = process.env['BUSLINE_COVERAGE'];
    if (folder === undefined) return undefined;
    return new Coverage(folder, counted === 'all' ? await watchWorkers(browser) : nobody);
  }

  async add(page: Page): Promise<void> {
    await page.coverage.startJSCoverage({ resetOnNavigation: false });
    this.#pages.push(page);
  }

  /** To be called while the pages are open: their workers die with them. */
  async save(): Promise<void> {
    const open = this.#pages.filter((page) => !page.isClosed());
    const taken = await Promise.all([
      ...this.#watched.workers.map((worker) => worker.take().catch(() => [])),
      ...open.map((page) => page.coverage.stopJSCoverage().catch(() => [])),
    ]);
    await this.#watched.stop();
    const scripts = taken.flat().filter(({ url }) => url.includes('/dist/'));
    await mkdir(this.#folder, { recursive: true });
    await writeFile(
      join(this.#folder, `${randomUUID()}.json`),
      JSON.stringify(scripts.map(({ url, functions }) => ({ url, functions }))),
    );
  }
}

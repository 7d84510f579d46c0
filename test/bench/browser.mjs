// A real Chromium with a profile on disk: in a private window IndexedDB would be memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { args, executablePath } from '../../scripts/chromium.mjs';

const minute = 60_000;

export async function chromiumVersion() {
  const browser = await chromium.launch({ executablePath, args });
  const version = browser.version();
  await browser.close();
  return version;
}

export async function openBrowser(origin) {
  const profile = await mkdtemp(join(tmpdir(), 'busline-profile-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args });
  // Uses no bus; stays open, so that the browser stays open when all tabs of a sample are closed.
  const lookout = await openTab(context, origin);
  let names = 0;
  return {
    workerHeap: (name) => workerHeap(context.browser(), name),
    /** Gives `use` that many new tabs and a name not used before; they are closed and their host is gone afterwards. */
    async withTabs(count, use) {
      const tabs = [];
      try {
        for (let at = 0; at < count; at++) tabs.push(await openTab(context, origin));
        return await within(2 * minute, use(tabs, `bench-${++names}`));
      } finally {
        for (const tab of tabs) await tab.close();
        await within(minute, lookout.call('lookout', 'untilNoLocks'));
      }
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, maxRetries: 3 });
    },
  };
}

async function openTab(context, origin) {
  const page = await context.newPage();
  await page.goto(origin);
  return {
    /** Calls an exported function of a file in pages/; arguments and result are JSON. */
    call: (file, name, ...given) =>
      page.evaluate(
        async ([from, what, with_]) => (await import(`/pages/${from}.js`))[what](...with_),
        [file, name, given],
      ),
    close: () => page.close(),
  };
}

/** Bytes that the objects of the SharedWorker of this bus take, without what is garbage. */
async function workerHeap(browser, name) {
  const devtools = await browser.newBrowserCDPSession();
  const { targetInfos } = await devtools.send('Target.getTargets', { filter: [{}] });
  const { targetId } = targetInfos.find(({ type, title }) => type === 'shared_worker' && title.endsWith(`/${name}`));
  // Playwright has no session for a SharedWorker: its messages go through the browser's.
  const { sessionId } = await devtools.send('Target.attachToTarget', { targetId, flatten: false });
  const answers = new Map();
  devtools.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message);
    answers.get(id)?.(result);
  });
  const ask = (method) =>
    new Promise((resolve, reject) => {
      const id = answers.size + 1;
      answers.set(id, resolve);
      devtools.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) }).catch(reject);
    });
  // What a collection finalizes is free after the next.
  for (let round = 0; round < 3; round++) await ask('HeapProfiler.collectGarbage');
  const { usedSize } = await ask('Runtime.getHeapUsage');
  await devtools.detach();
  return usedSize;
}

async function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a sample took longer than ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

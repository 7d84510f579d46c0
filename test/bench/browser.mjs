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

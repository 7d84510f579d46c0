// Chromium, through Playwright, with a profile on disk: in a private window IndexedDB would be memory.
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as driver } from 'playwright-core';
import type { Page } from 'playwright-core';
import { args, executablePath } from '../../../scripts/chromium.mjs';
import { isProgram, missing } from './engine.ts';
import type { Engine } from './engine.ts';

/** Where to write what ran, if anybody counts. */
const counted = process.env['BUSLINE_COVERAGE'];

async function save(page: Page): Promise<void> {
  if (counted === undefined) return;
  const scripts = await page.coverage.stopJSCoverage();
  await mkdir(counted, { recursive: true });
  await writeFile(join(counted, `${randomUUID()}.json`), JSON.stringify(scripts));
}

export const chromium: Engine = {
  name: 'Chromium',
  hasQuota: true,
  async start(quota) {
    if (!isProgram(executablePath)) throw missing(executablePath, 'chromium');
    const profile = await mkdtemp(join(tmpdir(), 'busline-chromium-'));
    const pages: Page[] = [];
    const context = await driver.launchPersistentContext(profile, { executablePath, args });
    return {
      version: context.browser()?.version() ?? '',
      async open(url) {
        const page = await context.newPage();
        if (counted !== undefined) {
          await page.coverage.startJSCoverage();
          pages.push(page);
        }
        await page.goto(url);
        if (quota !== undefined) {
          const devtools = await context.newCDPSession(page);
          await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(url).origin, quotaSize: quota });
        }
        return { evaluate: (expression) => page.evaluate<string>(expression) };
      },
      async close() {
        for (const page of pages) await save(page);
        await context.close();
        await rm(profile, { recursive: true, maxRetries: 5 });
      },
    };
  },
};

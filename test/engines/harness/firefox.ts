// Firefox, through WebDriver BiDi, on a profile that Puppeteer makes and removes.
import { launch } from 'puppeteer-core';
import { program } from './engine.ts';
import type { Engine } from './engine.ts';

export const firefox: Engine = {
  name: 'Firefox',
  hasQuota: true,
  async start(quota) {
    const executablePath = program('firefox-esr', 'firefox-esr');
    const browser = await launch({
      browser: 'firefox',
      executablePath,
      protocolTimeout: 300_000,
      // In kilobytes, for all origins; one of them gets a part of it, and at least 10 MB.
      extraPrefsFirefox:
        quota === undefined ? {} : { 'dom.quotaManager.temporaryStorage.fixedLimit': Math.ceil(quota / 1024) },
    });
    return {
      version: await browser.version(),
      async open(url) {
        const page = await browser.newPage();
        await page.goto(url, { waitUntil: 'load' });
        return { evaluate: async (expression) => (await page.evaluate(expression)) as string };
      },
      close: () => browser.close(),
    };
  },
};

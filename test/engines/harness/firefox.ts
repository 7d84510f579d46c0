// Firefox, through WebDriver BiDi, on a profile that Puppeteer makes and removes.
import puppeteer from 'puppeteer-core';
import { program } from './engine.ts';
import type { Engine } from './engine.ts';

export const firefox: Engine = {
  name: 'Firefox',
  async start() {
    const executablePath = program('firefox-esr', 'firefox-esr');
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath,
      protocolTimeout: 300_000,
      extraPrefsFirefox: process.env['FXQ']
        ? { 'dom.quotaManager.temporaryStorage.fixedLimit': Number(process.env['FXQ']) }
        : {},
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

// The demo as its users get it: built, served as static files, and driven through what they see.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect } from '@playwright/test';
import type { BrowserContext, Locator, Page } from '@playwright/test';
import { build } from 'vite';
import { serve } from './server.ts';
import type { Server } from './server.ts';
import { openWindow } from './window.ts';

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What a worker can be made to suffer, as code that runs in it before its own. */
const faults = {
  none: '',
  'storage blocked': `
    IDBFactory.prototype.open = () => { throw new DOMException('Not here.', 'SecurityError'); };`,
  'disk full': `
    let full = false;
    const add = IDBObjectStore.prototype.add;
    IDBObjectStore.prototype.add = function (...args) {
      if (full) throw new DOMException('Full.', 'QuotaExceededError');
      return add.apply(this, args);
    };
    told = (what) => { full = what === 'be full'; };`,
  mortal: `
    told = () => self.close();`,
  'slow start': `
    const query = LockManager.prototype.query;
    const gate = new Promise((resolve) => { told = resolve; });
    LockManager.prototype.query = async function () { await gate; return query.call(this); };`,
} as const;

export type Fault = keyof typeof faults;

const hearing = `
  let told = () => undefined;
  const ear = new BroadcastChannel('test');
  ear.onmessage = ({ data }) => { if (data.say) { ear.postMessage({ heard: data.say }); told(data.say); } };`;

const mountOf = (fault: Fault): string => `/${fault.replaceAll(' ', '-')}/`;

async function buildChat(outDir: string): Promise<Record<string, string>> {
  await build({ configFile: folder('../../vite.config.ts'), logLevel: 'error', build: { outDir: `${outDir}/none` } });
  const mounts: Record<string, string> = {};
  for (const [name, code] of Object.entries(faults)) {
    const variant = `${outDir}/${name.replaceAll(' ', '-')}/`;
    mounts[mountOf(name as Fault)] = variant;
    if (code === '') continue;
    await cp(`${outDir}/none`, variant, { recursive: true });
    for (const file of await readdir(`${variant}assets`)) {
      if (!file.startsWith('worker-')) continue;
      await writeFile(
        `${variant}assets/${file}`,
        `${hearing}${code}\n${await readFile(`${variant}assets/${file}`, 'utf8')}`,
      );
    }
  }
  return mounts;
}

/** One tab of the chat. */
export class ChatTab {
  readonly page: Page;
  readonly log: Locator;
  readonly messages: Locator;
  readonly status: Locator;
  readonly box: Locator;
  readonly title: Locator;

  constructor(page: Page) {
    this.page = page;
    this.log = page.getByRole('log');
    this.messages = this.log.getByRole('listitem').and(page.locator('.message'));
    this.status = page.locator('footer .status-words');
    this.box = page.getByRole('textbox', { name: /^Message to/ });
    this.title = page.getByRole('heading', { level: 1 });
  }

  message(text: string | RegExp): Locator {
    return this.messages.filter({ hasText: text });
  }

  room(title: string): Locator {
    return this.page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: title });
  }

  async write(text: string): Promise<void> {
    await this.box.fill(text);
    await this.box.press('Enter');
  }

  tick(text: string | RegExp, name: string | RegExp): Locator {
    return this.message(text).getByRole('img', { name });
  }

  async go(link: string): Promise<void> {
    await this.page.getByRole('link', { name: link, exact: true }).click();
    await expect(this.title).toHaveText(link);
  }

  /** Types and sends "Line 1" and so on, faster than keys can be pressed from outside. */
  async writeLines(count: number): Promise<void> {
    await this.box.evaluate(async (box, lines) => {
      for (let n = 1; n <= lines; n += 1) {
        (box as HTMLTextAreaElement).value = `Line ${n}`;
        box.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((resolve) => setTimeout(resolve));
        box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
        await new Promise((resolve) => setTimeout(resolve));
      }
    }, count);
  }

  async makeRoom(title: string): Promise<void> {
    await this.page.getByRole('textbox', { name: 'Name of a new room' }).fill(title);
    await this.page.getByRole('button', { name: 'Make the room' }).click();
  }

  /** On the page of data. Resolves when the page after the reload is there. */
  async chooseHost(name: string): Promise<void> {
    const { page } = this;
    await page.getByRole('radio', { name }).check();
    const reloaded = page.waitForEvent('load');
    await page.getByRole('button', { name: 'Use it and reload' }).click();
    await reloaded;
    await expect(this.title).toBeVisible();
  }

  async rename(name: string): Promise<void> {
    await this.page.getByRole('button', { name: 'change your name' }).click();
    await this.page.getByRole('textbox', { name: 'Your name' }).fill(name);
    await this.page.getByRole('button', { name: 'Save' }).click();
  }

  /** Resolves when the worker has heard it; one that is only starting is told again. */
  async tellWorker(what: string): Promise<void> {
    await this.page.evaluate(
      (say) =>
        new Promise<void>((resolve) => {
          const channel = new BroadcastChannel('test');
          const tell = (): void => channel.postMessage({ say });
          const again = setInterval(tell, 20);
          channel.addEventListener('message', ({ data }) => {
            if (data.heard !== say) return;
            clearInterval(again);
            channel.close();
            resolve();
          });
          tell();
        }),
      what,
    );
  }

  /** In the light by every rule; in the dark, only the colours are others. `look` is called with each of them. */
  async expectAccessible(look = async (_colors: 'light' | 'dark'): Promise<void> => undefined): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme });
      await this.page.evaluate(() => {
        const changes = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
        return Promise.all(changes.map(({ finished }) => finished.catch(() => undefined)));
      });
      await look(colorScheme);
      const axe = new AxeBuilder({ page: this.page });
      const { violations } = await (colorScheme === 'dark' ? axe.withRules('color-contrast') : axe).analyze();
      expect(violations.map(({ id, nodes }) => [colorScheme, id, nodes.map(({ html }) => html)])).toEqual([]);
    }
  }

  async expectNoSidewaysScroll(): Promise<void> {
    const beyond = await this.page.evaluate(() =>
      [...document.querySelectorAll('body *:not(.for-readers)')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
        .map((element) => element.outerHTML.slice(0, 200)),
    );
    expect(beyond).toEqual([]);
    expect(await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    for (const box of await this.page.locator('.log, .page').all())
      expect(await box.evaluate((inner) => inner.scrollWidth - inner.clientWidth)).toBe(0);
  }
}

export interface Opening {
  readonly context?: BrowserContext;
  /** Whoever is not named is the person that this browser belongs to. */
  readonly as?: string;
  /** The room or page to begin with, as its address names it. */
  readonly at?: string;
  /** Instead of the one that all tests share: one that the test may stop. */
  readonly site?: Server;
}

interface ChatFixtures {
  openChat: (fault?: Fault, more?: Opening) => Promise<ChatTab>;
}

export const test = base.extend<ChatFixtures, { chatFolders: Record<string, string>; chatSite: Server }>({
  chatFolders: [
    async ({ browserName: _browserName }, use) => {
      const outDir = await mkdtemp(join(tmpdir(), 'busline-chat-'));
      await use(await buildChat(outDir));
      await rm(outDir, { recursive: true });
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  chatSite: [
    async ({ chatFolders }, use) => {
      const site = await serve(chatFolders);
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],
  openChat: async ({ context, chatSite }, use) => {
    const complaints: string[] = [];
    await use(async (fault = 'none', { context: within = context, as, at, site = chatSite } = {}) => {
      const page = await openWindow(within);
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      const [person, place] = [as === undefined ? '' : `?as=${as}`, at === undefined ? '' : `#${at}`];
      await page.goto(site.url + mountOf(fault) + person + place);
      const tab = new ChatTab(page);
      await expect(tab.title).toBeVisible();
      return tab;
    });
    // Among them is whatever the Content-Security-Policy refused.
    expect(complaints).toEqual([]);
  },
});

export { expect };

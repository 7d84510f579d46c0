// Tabs of one browser profile, with the package in them.

import { fileURLToPath } from 'node:url';
import { test as base, expect } from '@playwright/test';
import type { BrowserContext, Page } from '@playwright/test';
import { serve } from './server.ts';
import type { Server } from './server.ts';
import type { Bus, BusError, BusOptions, Message } from 'busline';

interface Received {
  readonly channelId: string;
  readonly offset: number;
  readonly content: unknown;
  readonly id: string;
}

declare global {
  var busline: {
    createBus(options?: BusOptions): Bus;
    deleteBus(name?: string): Promise<void>;
    isBusError(value: unknown): value is BusError;
    faulty(name: string): SharedWorker;
  };
  var record: (
    bus: Bus,
    channel: string,
    options?: object,
  ) => { got: Received[]; subscription: ReturnType<Bus['subscribe']> };
  var bus: Bus;
  var got: Received[];
  var sent: Promise<Message>[];
}

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const test = base.extend<{ openTab: (context?: BrowserContext) => Promise<Page> }, { site: Server }>({
  site: [
    async ({}, use) => {
      const site = await serve({ '/dist/': folder('../../dist/'), '/pages/': folder('../pages/') });
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],
  openTab: async ({ context, site }, use) => {
    await use(async (within = context) => {
      const page = await within.newPage();
      await page.goto(`${site.url}/pages/bus.html`);
      await expect(page).toHaveTitle('ready');
      return page;
    });
  },
});

export { expect };
export type { Received };

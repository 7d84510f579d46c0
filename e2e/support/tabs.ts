// Tabs of one browser profile, with the package in them.

import { fileURLToPath } from 'node:url';
import { test as base, expect } from '@playwright/test';
import type { BrowserContext, Page } from '@playwright/test';
import { Coverage } from './coverage.ts';
import type { Counted } from './coverage.ts';
import { serve } from './server.ts';
import type { Server } from './server.ts';
import type { Adapter, AgentOptions, Bus, BusError, BusOptions, Message } from 'busline';
import { openWindow } from './window.ts';

interface Received {
  readonly channelId: string;
  readonly offset: number;
  readonly content: unknown;
  readonly id: string;
}

declare global {
  var busline: {
    agent(options: AgentOptions): Adapter;
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

export const test = base.extend<
  { counted: Counted; openTab: (context?: BrowserContext) => Promise<Page> },
  { site: Server }
>({
  site: [
    async ({}, use) => {
      const dist = folder('../../dist/');
      const site = await serve(
        { '/dist/': dist, '/pages/': folder('../pages/'), '/rebuilt/': dist, '/newer/': dist },
        // Another build that speaks the same versions of the protocol, and one that speaks only a later one.
        { '/rebuilt/': (text) => text, '/newer/': (text) => text.replaceAll('min:1,max:1', 'min:2,max:2') },
      );
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],
  /** A worker that is watched by a debugger does not die as others do: tests that kill count what ran in pages alone. */
  counted: ['all', { option: true }],
  openTab: async ({ browser, context, site, counted }, use) => {
    const coverage = await Coverage.start(browser, counted);
    await use(async (within = context) => {
      const page = await openWindow(within);
      await coverage?.add(page);
      await page.goto(`${site.url}/pages/bus.html`);
      await expect(page).toHaveTitle('ready');
      return page;
    });
    await coverage?.save();
  },
});

export { expect };
export type { Received };

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext } from '@playwright/test';
import { createServer } from 'vite';
import { serveDemo } from '../scripts/serve-demo.mjs';
import { ChatTab, expect, test } from './support/chat.ts';
import { openWindow } from './support/window.ts';

let folder = '';
test.beforeEach(async () => {
  test.slow();
  folder = await mkdtemp(join(tmpdir(), 'busline-start-'));
});
test.afterEach(() => rm(folder, { recursive: true, force: true }));

async function expectChat(context: BrowserContext, url = ''): Promise<void> {
  const tabs = [new ChatTab(await openWindow(context)), new ChatTab(await openWindow(context))] as const;
  for (const { page } of tabs) await page.goto(url);
  await tabs[0].write('What do the ticks mean?');
  for (const shown of tabs) {
    await expect(shown.messages).toHaveCount(2, { timeout: 20_000 });
    await expect(shown.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
    await expect(shown.status).toHaveText('2 tabs · SharedWorker · 3 records stored');
  }
}

test('from a fresh checkout, `npm start` serves the chat with its worker and its agents', async ({ context }) => {
  const server = await serveDemo({ outDir: folder, port: 0 });
  try {
    await expectChat(context, server.resolvedUrls?.local[0]);
  } finally {
    await server.close();
  }
});

test('`npm start -- --dev` serves its source', async ({ context }) => {
  const server = await createServer({
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    cacheDir: folder,
    logLevel: 'error',
    server: { port: 0 },
  });
  await server.listen();
  try {
    await expectChat(context, server.resolvedUrls?.local[0]);
  } finally {
    await server.close();
  }
});

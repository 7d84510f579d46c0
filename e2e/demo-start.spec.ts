import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { ChatTab, expect, test } from './support/chat.ts';

test('from a fresh checkout, `npm start` serves the chat with its worker and its agent', async ({ page, context }) => {
  test.slow();
  const cacheDir = await mkdtemp(join(tmpdir(), 'busline-vite-'));
  const server = await createServer({
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    cacheDir,
    logLevel: 'error',
    server: { port: 0 },
  });
  await server.listen();
  try {
    const url = server.resolvedUrls?.local[0] ?? '';
    await page.goto(url);
    const tab = new ChatTab(page);
    const second = await context.newPage();
    await second.goto(url);
    await tab.write('What do the ticks mean?');
    for (const shown of [tab, new ChatTab(second)]) {
      await expect(shown.messages).toHaveCount(2, { timeout: 20_000 });
      await expect(shown.messages.last()).toContainText('demo/chat/README.md › What the ticks mean');
      await expect(shown.status).toHaveText('2 tabs · SharedWorker · 3 records stored');
    }
  } finally {
    await server.close();
    await rm(cacheDir, { recursive: true, force: true });
  }
});

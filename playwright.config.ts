import { defineConfig } from '@playwright/test';
import { args, executablePath } from './scripts/chromium.mjs';

// Fixtures start their own servers on free loopback ports: nothing here knows a port, so runs never collide.
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results/playwright',
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    actionTimeout: 20_000,
    navigationTimeout: 30_000,
    trace: 'off',
  },
  projects: [
    {
      name: 'chromium',
      use: {
        browserName: 'chromium',
        launchOptions: { executablePath, args },
      },
    },
  ],
});

import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// Tests import the source by the names that users write.
const alias = [
  { find: /^busline$/, replacement: here('src/index.ts') },
  { find: /^busline\/worker$/, replacement: here('src/browser/start-host.ts') },
  { find: /^busline\/(core|node|testing)$/, replacement: here('src/$1/index.ts') },
];
const built = 'test/architecture/built.test.ts';
const engines = 'test/engines/**/*.test.ts';
/** With real servers and processes of their own. */
const contract = 'test/node/**/*.test.ts';
const nodeFaults = 'test/node-faults/**/*.test.ts';
/** What is long when it is run by hand, and short in `npm test`: they know by the variable. */
const enginesLong = ['test/engines/faults.test.ts', 'test/engines/hosts.test.ts'];
const faults = ['test/faults/runs.test.ts', 'test/faults/planted.test.ts'];

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, built, engines, contract, nodeFaults, ...faults],
        },
      },
      { extends: true, test: { name: 'built', include: [built] } },
      {
        extends: true,
        // Most of them wait most of the time: for a deadline, a lease, a server.
        test: { name: 'contract', include: [contract], maxWorkers: 4, testTimeout: 120_000, hookTimeout: 60_000 },
      },
      {
        extends: true,
        test: { name: 'node-faults', include: [nodeFaults], maxWorkers: 2, testTimeout: 120_000, hookTimeout: 60_000 },
      },
      { extends: true, test: { name: 'faults', include: faults, testTimeout: 180_000, hookTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: 'engines',
          include: [engines],
          // One of them waits for a minute, most of them for a browser.
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'engines-long',
          include: enginesLong,
          env: { BUSLINE_ENGINES: 'long' },
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      // Files of src/browser that only a real browser can run are covered by e2e/; add here the ones that unit tests run.
      include: ['src/core/**/*.ts', 'src/protocol/**/*.ts', 'src/testing/**/*.ts'],
      reportsDirectory: 'test-results/coverage',
      reporter: [['text', { skipFull: true }], 'json-summary'],
      thresholds: {
        'src/core/**': { statements: 100 },
        'src/{protocol,testing}/**': { statements: 90 },
      },
    },
  },
});

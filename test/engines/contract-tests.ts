// The contract suite of logs as a list: its tests run one by one in a page, and are named one by one outside of it.
import { testLog } from '../../src/testing/index.ts';
import type { Expectation, LogSetup } from '../../src/testing/index.ts';

export function contractTests(
  setup: LogSetup,
  expect: (value: unknown) => Expectation,
): ReadonlyMap<string, () => Promise<void>> {
  const tests = new Map<string, () => Promise<void>>();
  const path: string[] = [];
  testLog(
    {
      describe(name, body) {
        path.push(name);
        body();
        path.pop();
      },
      test(name, body) {
        const full = [...path, name].join(' › ');
        if (tests.has(full)) throw new Error(`two tests are called "${full}"`);
        tests.set(full, body);
      },
      expect,
    },
    setup,
  );
  return tests;
}

// Contract suites as lists: their tests run one by one in a page, and are named one by one outside of it.
import { testHost, testLog } from '../../src/testing/index.ts';
import type { HostSetup, LogSetup, Runner } from '../../src/testing/index.ts';

type Tests = ReadonlyMap<string, () => Promise<void>>;

export function contractTests(setup: LogSetup, expect: Runner['expect']): Tests {
  return listed((runner) => testLog(runner, setup), expect);
}

export function hostContractTests<B>(setup: HostSetup<B>, expect: Runner['expect']): Tests {
  return listed((runner) => testHost(runner, setup), expect);
}

function listed(register: (runner: Runner) => void, expect: Runner['expect']): Tests {
  const tests = new Map<string, () => Promise<void>>();
  const path: string[] = [];
  register({
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
  });
  return tests;
}

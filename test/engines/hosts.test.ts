// Every kind of host keeps the contract of hosts, in the engines themselves: in `npm test`, in those that e2e/ does not
// run in.
import { describe, expect, test } from 'vitest';
import type { HostKind } from '../../src/index.ts';
import { hostContractTests } from './contract-tests.ts';
import { engines, inEveryEngine, isLong, otherEngines } from './harness/engines.ts';

const kinds: readonly HostKind[] = ['shared-worker', 'leader-tab', 'service-worker', 'page'];
const never = (): never => {
  throw new Error('it runs in the page');
};
const setup = { kind: 'page', begin: never, open: never, opened: never, endHost: never } as const;
const names = [...hostContractTests(setup, never).keys()];

inEveryEngine(
  'a host',
  (lab) => {
    describe.each(kinds)('that is a %s', (kind) => {
      test.each(names)('%s', async (name) => {
        await expect(lab().call('runHostTest', kind, name)).resolves.toBe(null);
      });
    });
  },
  isLong ? engines : otherEngines,
);

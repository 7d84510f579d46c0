// The contract suite of logs, on IndexedDB. A log that is opened again takes over from one that was never closed.
import type { Log } from '../../../src/core/log.ts';
import { contractTests } from '../contract-tests.ts';
import { expect } from './expect.ts';
import { deleteDatabase, newName, openLog } from './logs.ts';

let bus = '';

const tests = contractTests(
  {
    open: (): Promise<Log> => openLog((bus = newName())),
    reopen: () => openLog(bus),
    cleanup: () => deleteDatabase(bus),
  },
  expect,
);

export async function runContractTest(name: string): Promise<void> {
  const test = tests.get(name);
  if (test === undefined) throw new Error('there is no such test');
  await test();
}

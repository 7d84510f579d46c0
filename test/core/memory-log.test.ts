// The memory log keeps the contract of logs, with blocks as they are in one process and as they come from others.
import { MemoryLog } from 'busline/core';
import { testLog } from 'busline/testing';
import { describe, expect, test } from 'vitest';
import { blockOf } from '../../src/testing/sender.ts';
import { encodedLog, numbers } from './support.ts';

const runner = { describe, test, expect };
// It outlives nothing, but the object itself can be taken up again: what a log must know is in it.
const reopen = <T>(log: T): Promise<T> => Promise.resolve(log);

describe('the memory log', () => {
  testLog(runner, { open: () => Promise.resolve(new MemoryLog()), reopen });
});

test('the memory log gives large messages in pages that do not fill memory', async () => {
  const log = encodedLog();
  for (const n of numbers(1, 30)) await log.append([{ block: blockOf('a', [`${n}`.padEnd(200_000)]) }]);
  const { blocks } = await log.read('a', 0, 10_000);
  expect(blocks.length).toBeGreaterThan(1);
  expect(blocks.length).toBeLessThan(10);
});

describe('a memory log of encoded blocks', () => {
  testLog(runner, { open: () => Promise.resolve(encodedLog()), cleanup: () => undefined });
});

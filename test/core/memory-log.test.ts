// The memory log keeps the contract of logs, with blocks as they are in one process and as they come from others.
import { MemoryLog } from 'busline/core';
import { testLog } from 'busline/testing';
import { describe, expect, test } from 'vitest';
import { encodedLog } from './support.ts';

const runner = { describe, test, expect };
// It outlives nothing, but the object itself can be taken up again: what a log must know is in it.
const reopen = <T>(log: T): Promise<T> => Promise.resolve(log);

describe('the memory log', () => {
  testLog(runner, { open: () => Promise.resolve(new MemoryLog()), reopen });
});

describe('a memory log of encoded blocks', () => {
  testLog(runner, { open: () => Promise.resolve(encodedLog()), cleanup: () => undefined });
});

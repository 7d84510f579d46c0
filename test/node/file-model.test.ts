// Several logs on one folder do whatever may be done, one after the other and at the same time: all of them say the same.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FileLog } from 'busline/node';
import { checkModel } from './model.ts';

test('three logs on one folder say the same, whatever is done with them', { timeout: 60_000 }, async () => {
  const next = async () => {
    const directory = await mkdtemp(join(tmpdir(), 'busline-model-'));
    return {
      open: () => FileLog.open({ directory, segmentSize: 2500, poll: 10 }),
      done: () => rm(directory, { recursive: true, force: true }),
    };
  };
  expect(await checkModel(next, 40)).toBeGreaterThan(40);
});

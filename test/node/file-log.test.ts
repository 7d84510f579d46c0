import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { testLog } from 'busline/testing';
import { FileLog } from '../../src/node/file-log/file-log.ts';

const folders: string[] = [];
const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'busline-files-'));
  folders.push(folder);
  return folder;
};
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

describe.each([
  ['with room', 4_000_000],
  ['that begins a file after every few records', 1000],
])('a log in files %s', (_name, segmentSize) => {
  testLog(
    { describe, test, expect: expect as never },
    {
      open: async () => FileLog.open({ directory: await newFolder(), segmentSize }),
      reopen: () => FileLog.open({ directory: folders.at(-1) as string, segmentSize }),
    },
  );
});

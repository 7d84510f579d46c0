// What is not as it should be with the folder of a log: looked at by writing there what a log writes.

import { randomUUID } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isBusError } from '../../core/errors.ts';
import { prepared } from '../file-log/directory.ts';
import type { Finding } from '../finding.ts';

const megabyte = 1024 * 1024;
/** With less left, a hub is about to refuse messages. */
const little = 100;

/** Makes the folder if it is not there. */
export async function directoryFindings(directory: string): Promise<readonly Finding[]> {
  try {
    return await prepared(directory, async () => {
      await writeThere(directory);
      return roomFindings(directory);
    });
  } catch (error) {
    if (!isBusError(error)) throw error;
    return [{ level: 'problem', what: error.message.replace(/ \[[A-Z_]+\].*/s, ''), advice: error.advice }];
  }
}

async function writeThere(directory: string): Promise<void> {
  const path = join(directory, `.doctor-${randomUUID()}`);
  const file = await open(path, 'ax');
  try {
    await file.write('busline\n');
    await file.datasync();
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

async function roomFindings(directory: string): Promise<readonly Finding[]> {
  const { bavail, bsize } = await statfs(directory);
  const left = Math.round((bavail * bsize) / megabyte);
  if (left >= little) return [];
  return [
    {
      level: 'warning',
      what: `There are ${left} MB left where ${directory} is.`,
      advice: 'Make room: a full disk refuses messages.',
    },
  ];
}

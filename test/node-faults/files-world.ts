// A folder that all processes share: on a disk of its own, which can be full, where one may be mounted.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { World } from './world.ts';
import { sleep } from './world.ts';

const run = promisify(execFile);

/** Large enough for what a run writes. */
const diskSize = '96m';
/** Small enough that two writers often begin the next one at once. */
const segmentSize = 40_000;

/** `full` is called before the disk is. */
export async function openFiles(full: () => void): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'busline-faults-'));
  const isMounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${diskSize}`, 'tmpfs', directory]).then(
    () => true,
    () => false,
  );
  let isFull = false;
  return {
    placeFor: () => Promise.resolve({ directory: join(directory, 'bus'), segmentSize }),
    gone: () => Promise.resolve(),
    faults: {
      'fill disk': async ({ ms }) => {
        if (!isMounted || isFull) return false;
        isFull = true;
        full();
        const ballast = join(directory, 'ballast');
        try {
          // Others write meanwhile: what is left is filled up in pieces, and the last one is cut short.
          for (let n = 0; n < 3; n += 1) {
            const { bavail, bsize } = await statfs(directory);
            await writeFile(ballast, Buffer.alloc(bavail * bsize), { flag: 'a' }).catch(() => undefined);
          }
          await sleep(ms);
        } finally {
          await rm(ballast, { force: true });
          isFull = false;
        }
        return true;
      },
    },
    async close() {
      if (isMounted) await run('umount', ['-l', directory]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

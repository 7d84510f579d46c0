// What the code of test/faults/page finds in a page, for a process: its setup in the address, and a pipe to the driver. What
// was said has left the process when `report` returns, so nothing that it did is unknown, however it ends.

import { writeSync } from 'node:fs';

function report(text: string): void {
  const bytes = Buffer.from(`${text}\n`);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      // The pipe is full: whoever reads it is busy.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

Object.assign(globalThis, {
  location: { hash: process.argv[2] },
  report,
  // No process is put aside and comes back.
  addEventListener: () => undefined,
});

// A process of its own with a bus in it, that says all that happens to it on its standard output, one line each, before
// anything follows from it. What a killed process could not say any more is missing at the end of its story only.

import { writeSync } from 'node:fs';
import { MessageBusCore } from 'busline/core';
import type { Log } from 'busline/core';
import { FileLog, RedisLog } from 'busline/node';

export interface Job {
  readonly log: { readonly directory: string; readonly segmentSize: number } | { readonly url: string };
  readonly life: string;
  /** How many messages it sends in a burst, again and again; 0: it only reads. */
  readonly burst: number;
  /** After so many it sends no more. */
  readonly upTo: number;
  readonly group: boolean;
  /** How many milliseconds it works on a message of its group; default: a turn of the event loop. */
  readonly slow?: number;
  /** In milliseconds; default 5000. */
  readonly lease?: number;
}

export type Fact =
  | { readonly t: 'ready' }
  | { readonly t: 'sent'; readonly n: number }
  | { readonly t: 'stored'; readonly n: number; readonly offset: number }
  | { readonly t: 'refused'; readonly n: number; readonly code: string }
  | { readonly t: 'got'; readonly offset: number; readonly life: string; readonly n: number }
  | { readonly t: 'began' | 'ended'; readonly offset: number; readonly attempt: number }
  | { readonly t: 'trouble'; readonly code: string }
  | { readonly t: 'drained' };

const tell = (fact: Fact): void => {
  const bytes = Buffer.from(`${JSON.stringify(fact)}\n`);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      // The pipe is full: whoever reads it is busy.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
};

function openLog({ log }: Job): Promise<Log> {
  const onLoss = (loss: object): void => console.error('lost:', loss);
  if ('url' in log) return RedisLog.open({ ...log, deadline: 1000, recheck: 500, onLoss });
  return FileLog.open({ ...log, poll: 50 });
}

async function run(job: Job): Promise<void> {
  const bus = new MessageBusCore({ log: await openLog(job) });
  const subscription = bus.subscribe(
    'room',
    ({ offset, content }) => tell({ t: 'got', offset, ...(content as { life: string; n: number }) }),
    { from: 'earliest' },
  );
  bus.on('error', ({ code }) => tell({ t: 'trouble', code }));
  await subscription.ready;
  if (job.group)
    bus.consume(
      'room',
      { group: 'w', from: 'earliest', concurrency: 8, lease: job.lease ?? 5000 },
      async ({ offset }, { attempt }) => {
        tell({ t: 'began', offset, attempt });
        await new Promise((resolve) =>
          job.slow === undefined ? setImmediate(resolve) : setTimeout(resolve, job.slow),
        );
        tell({ t: 'ended', offset, attempt });
      },
    );
  tell({ t: 'ready' });
  for (let n = 0; n < job.upTo;) {
    const sends = Array.from({ length: job.burst }, () => {
      n += 1;
      const number = n;
      tell({ t: 'sent', n: number });
      return bus.send({ channelId: 'room', content: { life: job.life, n: number } }).then(
        ({ offset }) => tell({ t: 'stored', n: number, offset }),
        (error: { code: string }) => tell({ t: 'refused', n: number, code: error.code }),
      );
    });
    await Promise.all(sends);
    // Not as fast as it can: whoever begins later reads all of it.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  tell({ t: 'drained' });
}

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
await run(JSON.parse(process.argv[2] as string) as Job);

// A process of its own with a bus on Redis in it, that says all that happens to it on its standard output, one line each,
// before anything follows from it.

import { writeSync } from 'node:fs';
import { MessageBusCore } from 'busline/core';
import { RedisLog } from 'busline/node';
import type { Fact } from '../lives/main.ts';

export interface RedisJob {
  readonly url: string;
  readonly life: string;
  /** How many messages it sends in a burst, again and again. */
  readonly burst: number;
  /** After so many it sends no more. */
  readonly upTo: number;
}

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

async function run(job: RedisJob): Promise<void> {
  const { url, life, burst } = job;
  const onLoss = (loss: object): void => console.error('lost:', loss);
  const bus = new MessageBusCore({ log: await RedisLog.open({ url, deadline: 1000, recheck: 500, onLoss }) });
  const subscription = bus.subscribe(
    'room',
    ({ offset, content }) => tell({ t: 'got', offset, ...(content as { life: string; n: number }) }),
    { from: 'earliest' },
  );
  await subscription.ready;
  tell({ t: 'ready' });
  for (let n = 0; n < job.upTo;) {
    const sends = Array.from({ length: burst }, () => {
      n += 1;
      const number = n;
      tell({ t: 'sent', n: number });
      return bus.send({ channelId: 'room', content: { life, n: number } }).then(
        ({ offset }) => tell({ t: 'stored', n: number, offset }),
        (error: { code: string }) => tell({ t: 'refused', n: number, code: error.code }),
      );
    });
    await Promise.all(sends);
    // Not as fast as it can: whoever begins later reads all of it.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
await run(JSON.parse(process.argv[2] as string) as RedisJob);

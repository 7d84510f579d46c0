// BullMQ as its manual shows it: jobs of one queue, handled by one worker.
import { createRequire } from 'node:module';
import { contentOf } from '../pages/content.js';

const { Queue, Worker } = createRequire(new URL('../peers/package.json', import.meta.url))('bullmq');

export async function fill({ port }, name, count) {
  const queue = new Queue(name, { connection: { host: '127.0.0.1', port } });
  for (let n = 0; n < count; n += 1000)
    await queue.addBulk(
      Array.from({ length: 1000 }, (_, at) => ({
        name: 'job',
        data: contentOf(n + at),
        opts: { removeOnComplete: true },
      })),
    );
  await queue.close();
}

export async function handle({ port }, name, count, concurrency) {
  let handled = 0;
  const began = performance.now();
  const worker = new Worker(name, async () => undefined, { connection: { host: '127.0.0.1', port }, concurrency });
  await new Promise((resolve) => {
    worker.on('completed', () => {
      if (++handled === count) resolve();
    });
  });
  return count / ((performance.now() - began) / 1000);
}

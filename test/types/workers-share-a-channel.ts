// Workers that share a channel: each job is done by one of them, again if it died, and put aside if nobody can do it.
import { MessageBusCore } from 'busline/core';
import type { Attempt, Backoff, Consumer, DeadLetter, GroupInfo, Message, MessageBus } from 'busline/core';

interface Job {
  readonly image: Uint8Array;
  readonly width: number;
}

declare function resize(job: Job, signal: Attempt['signal']): Promise<Uint8Array>;

const backoff: Backoff = { initial: 200, max: 60_000, factor: 3, jitter: true };

async function work(message: Message, { attempt, extend, reply, signal, position }: Attempt): Promise<void> {
  const job = message.content as Job;
  if (job.width > 4000) await extend(120_000);
  const resized = await resize(job, signal);
  const answer = await reply({ resized, attempt, offset: position.offset }, { type: 'resized' });
  answer.content.resized satisfies Uint8Array;
}

export function startWorker(bus: MessageBus, name: string): Consumer {
  const consumer = bus.consume(
    'images',
    {
      group: 'resizers',
      from: 'earliest',
      filter: { types: ['job'], to: name },
      concurrency: 2,
      lease: 20_000,
      maxAttempts: 3,
      backoff,
    },
    work,
  );
  // A worker may end itself.
  const once: Consumer = bus.consume('images', { group: 'once' }, () => once.close());
  return consumer;
}

export async function shift(until: Promise<unknown>): Promise<readonly DeadLetter[]> {
  await using bus = new MessageBusCore();
  bus.on('deadLetter', ({ message, group, reason }) => `${group}: ${message.id} ${reason}`);
  await using worker = startWorker(bus, 'worker-1');
  await bus.send({ channelId: 'images', type: 'job', content: { image: new Uint8Array(), width: 100 } satisfies Job });
  worker.pause();
  worker.resume();
  await until;
  const groups: readonly GroupInfo[] = await bus.admin.groups('images');
  const behind = groups.reduce((sum, { lag, pending, members }) => sum + lag + pending / members, 0);
  if (behind === 0) await bus.admin.redrive({ group: 'resizers', ids: ['an-id'] });
  return bus.admin.deadLetters({ group: 'resizers', limit: 10 });
}

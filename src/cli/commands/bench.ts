// busline bench: how fast this log is here, in a few seconds. It leaves nothing behind.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { MessageBus } from '../../core/message-bus.ts';
import { openHub } from '../../node/hub/open-hub.ts';
import type { Hub } from '../../node/hub/hub.ts';
import { wholeNumber } from '../arguments.ts';
import { Progress } from '../progress.ts';
import { Session } from '../session.ts';
import type { CommonOptions } from '../session.ts';

interface Options extends CommonOptions {
  readonly messages: number;
}

const help = `
Two hubs in one process: one sends messages of 200 bytes, the other one receives them. First as many as possible, then one
at a time. On files it works in a folder of its own below that of the log; in Redis, in a channel of its own, which it clears.`;

const content = 'x'.repeat(200);
const single = 200;
const window = 2000;

export function bench(program: Command): void {
  program
    .command('bench')
    .description('measure how fast this log is here')
    .option('--messages <n>', 'how many', wholeNumber, 20_000)
    .addHelpText('after', help)
    .action(async ({ messages, ...options }: Options) => {
      const session = new Session(options);
      await session.run(() => measure(session, messages));
    });
}

async function measure(session: Session, messages: number): Promise<void> {
  const { redis, directory } = session.read();
  const own = redis === undefined ? await temporary(directory) : undefined;
  const options = { ...session.hubOptions(), logLevel: 'error' as const, ...(own !== undefined && { directory: own }) };
  const hubs: Hub[] = [];
  try {
    for (let n = 0; n < 2; n += 1) hubs.push(await openHub(options));
    const [writer, reader] = hubs as [Hub, Hub];
    const channelId = `busline-bench:${crypto.randomUUID()}`;
    const result = await race(session, writer.bus, reader.bus, channelId, messages);
    await session.out.record(result, () =>
      [
        `${result.perSecond} messages a second, sent by one hub and received by another (${messages} of 200 bytes)`,
        `${result.p50} ms from send to receipt, one at a time (p50; p99 ${result.p99} ms)`,
      ].join('\n'),
    );
    if (own === undefined) await writer.bus.clearChannel(channelId);
  } finally {
    await Promise.all(hubs.map((hub) => hub.close()));
    if (own !== undefined) await rm(own, { recursive: true, force: true });
  }
}

async function temporary(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  return mkdtemp(join(directory, 'bench-'));
}

interface Result {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

async function race(
  session: Session,
  writer: MessageBus,
  reader: MessageBus,
  channelId: string,
  messages: number,
): Promise<Result> {
  let received = 0;
  let told = (): void => undefined;
  await reader.subscribe(channelId, () => {
    received += 1;
    told();
  }).ready;
  const isEnough = (count: number): boolean => received >= count || session.stopped.aborted;
  const until = async (count: number): Promise<void> => {
    while (!isEnough(count)) await new Promise<void>((resolve) => (told = resolve));
  };
  const stop = (): void => told();
  session.stopped.addEventListener('abort', stop);
  const progress = new Progress('received', messages);
  const began = performance.now();
  for (let sent = 0; sent < messages && !session.stopped.aborted;) {
    const burst = Math.min(window, messages - sent);
    await Promise.all(Array.from({ length: burst }, () => writer.send({ channelId, content })));
    progress.to((sent += burst));
  }
  await until(messages);
  const perSecond = Math.round((messages * 1000) / (performance.now() - began));
  progress.end();
  const times: number[] = [];
  for (let n = 1; n <= single && !session.stopped.aborted; n += 1) {
    const at = performance.now();
    await Promise.all([until(messages + n), writer.send({ channelId, content })]);
    times.push(performance.now() - at);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(2));
  session.stopped.removeEventListener('abort', stop);
  if (session.stopped.aborted) session.interrupted();
  return { perSecond, p50: at(0.5), p99: at(0.99) };
}

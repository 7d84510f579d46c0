// busline send: stores messages.

import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { SendOptions } from '../../core/message-bus.ts';
import type { Hub } from '../../node/hub/hub.ts';
import { contentOf, wholeNumber } from '../arguments.ts';
import { counted, note } from '../output.ts';
import { Progress } from '../progress.ts';
import { Session } from '../session.ts';
import type { CommonOptions } from '../session.ts';
import { WrongUse } from '../failure.ts';

interface Options extends CommonOptions {
  readonly count?: number;
  readonly text?: boolean;
  readonly ack?: 'stored' | 'flushed';
  readonly id?: string;
  readonly type?: string;
  readonly to?: string;
  readonly topic?: string;
}

const help = `
CONTENT is JSON where it is JSON, else text; with --text it is always text.
-        each line of the standard input is the content of one message; empty lines are passed over
--count  sends it so many times; without CONTENT, sends the numbers 1 to N

Examples:
  busline send chat "hello"
  busline send orders '{"sku":7}' --type order --ack flushed
  seq 1000 | busline send numbers -
  busline send load --count 10000`;

/** So many are under way at once. */
const window = 2000;
/** How long, in milliseconds, it waits for those when it is stopped. */
const grace = 2000;

export function send(program: Command): void {
  program
    .command('send')
    .description('store a message in a channel, or one for each line of the standard input')
    .argument('<channel>', 'name of the channel')
    .argument('[content]', 'what it contains; - reads lines')
    .option('--count <n>', 'how many times', wholeNumber)
    .option('--text', 'take it as text, even if it is JSON')
    .addOption(new Option('--ack <ack>', 'what to wait for').choices(['stored', 'flushed']).default('stored'))
    .option('--id <id>', 'a key of your own: sent again under it, it is not stored again')
    .option('--type <type>', 'type of the message (default: text)')
    .option('--to <to>', 'label for whom it is')
    .option('--topic <topic>', 'what it is about')
    .addHelpText('after', help)
    .action(async (channelId: string, content: string | undefined, options: Options) => {
      const session = new Session(options);
      await session.run(async () => {
        checkUse(content, options);
        const contents = contentsOf(content, options, session.stopped);
        const total = content === '-' ? undefined : (options.count ?? 1);
        const job = { session, channelId, options, contents, total };
        await session.withHub((hub, still) => sendAll({ ...job, hub, still }), grace);
      });
    });
}

function checkUse(content: string | undefined, { count, id }: Options): void {
  if (content === undefined && count === undefined)
    throw new WrongUse('There is nothing to send: give CONTENT, - for the standard input, or --count.');
  if (content === '-' && count !== undefined) throw new WrongUse('--count goes with CONTENT, not with -.');
  if (id !== undefined && (content === '-' || (count ?? 1) > 1))
    throw new WrongUse('--id is the key of one message; it goes neither with - nor with --count.');
}

async function* contentsOf(content: string | undefined, { count, text }: Options, signal: AbortSignal): AsyncGenerator {
  const read = (one: string): unknown => (text === true ? one : contentOf(one));
  if (content === '-') {
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity, signal }))
      if (line !== '') yield read(line);
  } else for (let n = 1; n <= (count ?? 1); n += 1) yield content === undefined ? n : read(content);
}

interface Job {
  readonly session: Session;
  readonly hub: Hub;
  /** To be called while it goes on. */
  readonly still: () => void;
  readonly channelId: string;
  readonly options: Options;
  readonly contents: AsyncIterable<unknown>;
  readonly total: number | undefined;
}

async function sendAll({ session, hub, still, channelId, options, contents, total }: Job): Promise<void> {
  const { id, type, to, topic, ack = 'stored' } = options;
  const more = { ...(id && { id }), ...(type && { type }), ...(to && { to }), ...(topic && { topic }) };
  const progress = new Progress('stored', total);
  const how: SendOptions = { ack };
  let [sent, first, last] = [0, Infinity, 0];
  let failure: Error | undefined;
  const underWay = new Set<Promise<void>>();
  const begin = (content: unknown, n: number): void => {
    const sending = hub.bus.send({ channelId, content, ...more }, how).then(
      async (message) => {
        still();
        first = Math.min(first, message.offset);
        last = Math.max(last, message.offset);
        progress.to((sent += 1));
        if (session.out.isJson) await session.out.record(message, () => '');
      },
      (error: Error) => {
        if (failure === undefined && total !== 1) note(`Number ${n} was not stored.`);
        failure ??= error;
      },
    );
    const settled = sending.finally(() => underWay.delete(settled));
    underWay.add(settled);
  };
  // Waiting for lines is no reason to give up; waiting for the log is.
  const waiting = setInterval(() => underWay.size === 0 && still(), 1000);
  let n = 0;
  for await (const content of contents) {
    if (failure !== undefined || session.stopped.aborted) break;
    begin(content, (n += 1));
    if (underWay.size >= window) await Promise.race(underWay);
  }
  clearInterval(waiting);
  await Promise.all(underWay);
  progress.end();
  if (!session.out.isJson && sent > 0) await session.out.line(receipt(channelId, sent, first, last));
  if (failure !== undefined) throw failure;
  if (session.stopped.aborted) session.interrupted();
}

function receipt(channelId: string, sent: number, first: number, last: number): string {
  return sent === 1 ? `${channelId} ${first}` : `${channelId} ${first}-${last} (${counted(sent, 'message')})`;
}

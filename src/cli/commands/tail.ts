// busline tail: prints messages as they come.

import type { Command } from 'commander';
import { isPattern } from '../../core/channel.ts';
import type { From } from '../../core/message-bus.ts';
import { fromOf, wholeNumber } from '../arguments.ts';
import { messageText } from '../message-text.ts';
import { note } from '../output.ts';
import { Session } from '../session.ts';
import type { CommonOptions } from '../session.ts';

interface Options extends CommonOptions {
  readonly from: From;
  readonly limit?: number;
  readonly type?: string;
}

const help = `
CHANNEL may be a pattern, in which * matches any run of characters. Quote it: the shell knows * too.
Ctrl+C ends it when all that was read is printed.

Examples:
  busline tail chat
  busline tail chat --from last:10
  busline tail "*" --from earliest --json --limit 100`;

export function tail(program: Command): void {
  program
    .command('tail')
    .description('print the messages of a channel as they come')
    .argument('<channel>', 'channel or pattern')
    .option('--from <place>', 'where to begin: now, earliest or last:N', fromOf, 'now')
    .option('--limit <n>', 'end after so many messages', wholeNumber)
    .option('--type <type>', 'only messages of this type')
    .addHelpText('after', help)
    .action(async (channel: string, options: Options) => {
      const session = new Session(options);
      await session.run(() => follow(session, channel, options));
    });
}

function follow(session: Session, channel: string, { from, limit = Infinity, type }: Options): Promise<void> {
  return session.withLastingHub(false, async ({ bus }) => {
    const enough = new AbortController();
    const { signal } = enough;
    const stop = (): void => enough.abort();
    session.stopped.addEventListener('abort', stop);
    if (session.stopped.aborted) stop();
    bus.on('reset', ({ channelId, reason }) => note(`${channelId}: it could not go on where it was (${reason})`));
    const filter = type !== undefined && { filter: { types: [type] } };
    let left = limit;
    try {
      for await (const message of bus.messages(channel, { from, signal, ...filter })) {
        await session.out.record(message, () => messageText(message, isPattern(channel)));
        left -= 1;
        if (left === 0) enough.abort();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  });
}

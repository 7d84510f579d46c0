// busline request: asks, and prints the answer.

import type { Command } from 'commander';
import type { MessageInput } from '../../core/message.ts';
import { contentOf, seconds } from '../arguments.ts';
import { shown } from '../output.ts';
import { Session } from '../session.ts';
import type { CommonOptions } from '../session.ts';

interface Options extends CommonOptions {
  readonly timeout: number;
  readonly text?: boolean;
  readonly type?: string;
}

const help = `
Somebody must answer: a program with bus.respond(channel, handler). CONTENT is read as "busline send" reads it.

Example:
  busline request sums '{"a":1,"b":2}' --timeout 5`;

export function request(program: Command): void {
  program
    .command('request')
    .description('send a request and print the answer')
    .argument('<channel>', 'name of the channel')
    .argument('<content>', 'what it contains')
    .option('--timeout <seconds>', 'how long to wait', seconds, 25)
    .option('--text', 'take it as text, even if it is JSON')
    .option('--type <type>', 'type of the message')
    .addHelpText('after', help)
    .action(async (channelId: string, given: string, { timeout, text, type, ...options }: Options) => {
      const session = new Session(options);
      await session.run(() =>
        session.withHub(async ({ bus }, still) => {
          const waiting = setInterval(still, 1000);
          try {
            const content = text === true ? given : contentOf(given);
            const input = { channelId, content, ...(type !== undefined && { type }) } as MessageInput;
            const answer = await bus.request(input, { timeout: timeout * 1000 });
            await session.out.record(answer, () => shown(answer.content));
          } finally {
            clearInterval(waiting);
          }
        }),
      );
    });
}

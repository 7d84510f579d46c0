// busline history: prints what is stored.

import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { messageText } from '../message-text.ts';
import { Session } from '../session.ts';
import type { CommonOptions } from '../session.ts';

interface Options extends CommonOptions {
  readonly limit: number;
  readonly before?: string;
  readonly after?: string;
}

const help = `
The oldest is printed first. --before and --after take the id of a message, as --json prints it.

Examples:
  busline history chat
  busline history chat --limit 1000 --json`;

export function history(program: Command): void {
  program
    .command('history')
    .description('print the last messages of a channel')
    .argument('<channel>', 'name of the channel')
    .option('--limit <n>', 'how many at the most', wholeNumber, 100)
    .option('--before <id>', 'only those before this message')
    .option('--after <id>', 'only those after this message, the first ones')
    .addHelpText('after', help)
    .action(async (channel: string, { limit, before, after, ...options }: Options) => {
      const session = new Session(options);
      await session.run(() =>
        session.withHub(async ({ bus }, still) => {
          const where = { ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
          for (const message of await bus.history(channel, { limit, ...where })) {
            await session.out.record(message, () => messageText(message, false));
            still();
          }
        }),
      );
    });
}

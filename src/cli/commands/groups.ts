// busline groups: who shares the work of which channel, and how far it has come.

import type { Command } from 'commander';
import { Session } from '../session.ts';
import type { CommonOptions } from '../session.ts';

export function groups(program: Command): void {
  program
    .command('groups')
    .description('list the groups that share the messages of channels')
    .argument('[channel]', 'only those of this channel')
    .addHelpText(
      'after',
      '\nmembers: there now. pending: handed out, or waiting for another attempt. lag: not handed out yet.',
    )
    .action(async (channel: string | undefined, options: CommonOptions) => {
      const session = new Session(options);
      await session.run(() =>
        session.withHub(async ({ bus }) =>
          session.out.rows(
            await bus.admin.groups(channel),
            ['CHANNEL', 'GROUP', 'MEMBERS', 'PENDING', 'LAG'],
            ({ channelId, group, members, pending, lag }) => [channelId, group, members, pending, lag],
            'There are no groups.',
          ),
        ),
      );
    });
}

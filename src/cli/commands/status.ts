// busline status: which log this is, and how much is in it.

import type { Command } from 'commander';
import { shownAddress } from '../../node/hub/redis-address.ts';
import { Session } from '../session.ts';
import type { CommonOptions } from '../session.ts';
import { counted, table } from '../output.ts';

export function status(program: Command): void {
  program
    .command('status')
    .description('say which log this is, and how much is in it')
    .argument('[pattern]', 'only these channels', '*')
    .action(async (pattern: string, options: CommonOptions) => {
      const session = new Session(options);
      await session.run(() =>
        session.withHub(async ({ bus, mode }) => {
          const { redis, directory = '' } = session.settings ?? {};
          const channels = await bus.admin.channels(pattern);
          const groups = await bus.admin.groups();
          const letters = await bus.admin.deadLetters({ limit: Number.MAX_SAFE_INTEGER });
          const place = redis === undefined ? { directory } : { redis: shownAddress(redis.url) };
          const all = {
            mode,
            ...place,
            messages: channels.reduce((sum, { first, head }) => sum + head - first + 1, 0),
            bytes: channels.reduce((sum, { bytes }) => sum + bytes, 0),
            groups: groups.length,
            deadLetters: letters.length,
            channels,
          };
          await session.out.record(all, () =>
            [
              `${mode}: ${Object.entries(place).flat().join(' ')}`,
              [
                counted(channels.length, 'channel'),
                counted(all.messages, 'message'),
                counted(all.bytes, 'byte'),
                counted(all.groups, 'group'),
                counted(all.deadLetters, 'dead letter'),
              ].join(', '),
              ...(channels.length === 0
                ? []
                : table(
                    ['CHANNEL', 'FIRST', 'HEAD', 'BYTES'],
                    channels.map(({ channelId, first, head, bytes }) => [channelId, first, head, bytes]),
                  )),
            ].join('\n'),
          );
        }),
      );
    });
}

// busline dead: messages that groups have given up.

import type { Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { Session } from '../session.ts';
import type { CommonOptions } from '../session.ts';

interface Options extends CommonOptions {
  readonly group?: string;
  readonly limit: number;
}

export function dead(program: Command): void {
  const parent = program
    .command('dead')
    .description('messages that groups have given up: list them, or give them back');
  parent
    .command('list')
    .description('list dead letters')
    .option('--group <group>', 'only those of this group')
    .option('--limit <n>', 'how many at the most', wholeNumber, 100)
    .action(async ({ group, limit, ...options }: Options) => {
      const session = new Session(options);
      await session.run(() =>
        session.withHub(async ({ bus }) =>
          session.out.rows(
            await bus.admin.deadLetters({ limit, ...(group !== undefined && { group }) }),
            ['CHANNEL', 'OFFSET', 'GROUP', 'ATTEMPTS', 'REASON', 'ID', 'CONTENT'],
            ({ message: { channelId, offset, id, content }, group: of, attempts, reason }) => [
              channelId,
              offset,
              of,
              attempts,
              reason,
              id,
              content,
            ],
            'There are no dead letters.',
          ),
        ),
      );
    });
  parent
    .command('redrive')
    .description('give dead letters back to their groups, with all attempts before them')
    .argument('[ids...]', 'ids of messages; without any, all')
    .option('--group <group>', 'only those of this group')
    .addHelpText('after', '\nExample:\n  busline dead list --group mailers && busline dead redrive --group mailers')
    .action(async (ids: readonly string[], { group, ...options }: Options) => {
      const session = new Session(options);
      await session.run(() =>
        session.withHub(async ({ bus }) => {
          const which = { ...(group !== undefined && { group }), ...(ids.length > 0 && { ids }) };
          const redriven = await bus.admin.redrive(which);
          await session.out.record({ redriven }, () => `${redriven} given back`);
        }),
      );
    });
}

// busline hub start: a hub that keeps the log in order until it is stopped.

import { once } from 'node:events';
import type { Command } from 'commander';
import { note } from '../output.ts';
import { Session } from '../session.ts';
import type { CommonOptions } from '../session.ts';

const help = `
It keeps channels within their limits and logs what happens, as lines of JSON on the standard error.
Ctrl+C, or SIGTERM, stops it when what is under way is done (closeWithin: 10 s); a second one stops it at once.

Examples:
  busline hub start
  busline hub start --dir /var/lib/bus --name north
  REDIS_PASSWORD_FILE=/run/secrets/redis busline hub start --redis redis://redis:6379`;

export function hub(program: Command): void {
  const parent = program.command('hub').description('run a hub');
  parent
    .command('start')
    .description('run a hub until it is stopped')
    .addHelpText('after', help)
    .action(async (options: CommonOptions) => {
      const session = new Session(options);
      await session.run(() =>
        session.withLastingHub(true, async () => {
          if (process.stderr.isTTY) note('The hub is open. Ctrl+C stops it.');
          if (!session.stopped.aborted) await once(session.stopped, 'abort');
        }),
      );
    });
}

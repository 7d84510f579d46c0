// busline doctor: whether all is well here, and what to do if it is not.

import type { Command } from 'commander';
import { diagnose } from '../diagnosis.ts';
import type { Diagnosis } from '../diagnosis.ts';
import { Failed } from '../failure.ts';
import { paint } from '../paint.ts';
import { Session } from '../session.ts';
import type { CommonOptions } from '../session.ts';

const help = `
It looks at versions, at the folder, and at Redis if one is set: whether it answers, keeps what it acknowledged,
deletes nothing by itself, and has the same time. It ends with 1 if there is a problem; warnings do not count.`;

export function doctor(program: Command): void {
  program
    .command('doctor')
    .description('look whether all is well here, and say what to do if not')
    .addHelpText('after', help)
    .action(async (options: CommonOptions) => {
      const session = new Session(options);
      await session.run(async () => {
        const found = await diagnose(session.read());
        for (const one of found) await session.out.record(one, () => text(one));
        if (found.some(({ level }) => level === 'problem')) throw new Failed();
      });
    });
}

function text(one: Diagnosis): string {
  const { green, yellow, red } = paint(process.stdout);
  const colour = { ok: green, warning: yellow, problem: red }[one.level];
  const line = `${colour(one.level.padEnd(7))}  ${one.what}`;
  return one.level === 'ok' ? line : `${line}\n         → ${one.advice}`;
}

// Several logs on one folder do whatever may be done, one after the other and at the same time: all of them say the same.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Run } from './file-run.ts';
import type { Act, Op } from './file-run.ts';

const part = fc.double({ min: 0, max: 0.999, noNaN: true });
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      t: fc.constant('own' as const),
      count: fc.integer({ min: 1, max: 3 }),
      urgent: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      t: fc.constant('send' as const),
      producer: fc.integer({ min: 0, max: 1 }),
      how: fc.constantFrom('next' as const, 'next' as const, 'again' as const, 'gap' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ t: fc.constant('trim' as const), part: part.map((n) => n / 3) }) },
  { weight: 2, arbitrary: fc.record({ t: fc.constant('replace' as const), part }) },
  {
    weight: 6,
    arbitrary: fc.record({
      t: fc.constantFrom('end' as const, 'end' as const, 'fail' as const, 'delete' as const),
      part,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ t: 'reopen' as const }) },
);
/** What is in one row is done at the same time. */
const rows = fc.array(
  fc.array(
    fc.tuple(op, fc.integer({ min: 0, max: 2 })).map(([one, by]): Act => ({ ...one, by })),
    { minLength: 1, maxLength: 5 },
  ),
  {
    minLength: 1,
    maxLength: 14,
  },
);

describe('three logs on one folder', () => {
  test('say the same, whatever is done with them', { timeout: 60_000 }, async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(rows, async (all) => {
        const directory = await mkdtemp(join(tmpdir(), 'busline-model-'));
        const run = new Run(directory);
        try {
          await Promise.all([0, 1, 2].map((by) => run.open(by)));
          for (const row of all) {
            // One that is opened anew does nothing else meanwhile.
            const away = new Set(row.filter(({ t }) => t === 'reopen').map(({ by }) => by));
            const done = new Set<number>();
            await Promise.all(
              row.map((act) => {
                if (away.has(act.by) && (act.t !== 'reopen' || done.has(act.by))) return Promise.resolve();
                done.add(act.by);
                return run.act(act);
              }),
            );
            expect(await run.compare()).toEqual([]);
            compared += 1;
          }
        } finally {
          await run.close();
          await rm(directory, { recursive: true, force: true });
        }
      }),
      { numRuns: Number(process.env['BUSLINE_MODEL_RUNS'] ?? 40) },
    );
    expect(compared).toBeGreaterThan(40);
  });
});

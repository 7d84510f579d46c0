// What several logs on one place must be, whatever is done with them, one thing after the other and at the same time: all of
// them say the same, and nothing that a log promises is broken.
import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { ModelPlace } from './model-place.ts';
import { Run } from './model-run.ts';
import type { Act, Op } from './model-run.ts';

/** Of a double most are next to nothing. */
const part = fc.integer({ min: 0, max: 999 }).map((n) => n / 1000);
const nextOrAgain = fc.constantFrom('next' as const, 'next' as const, 'again' as const);
const own = fc.record({
  t: fc.constant('own' as const),
  count: fc.integer({ min: 1, max: 3 }),
  urgent: fc.boolean(),
});
const send = fc.record({
  t: fc.constant('send' as const),
  producer: fc.integer({ min: 0, max: 1 }),
  how: fc.constantFrom('next' as const, 'next' as const, 'again' as const, 'gap' as const),
});
const record = fc.record({
  t: fc.constant('record' as const),
  name: fc.integer({ min: 0, max: 2 }),
  how: fc.constantFrom('save' as const, 'remove' as const, 'append' as const),
});
const settle = fc.record({
  t: fc.constantFrom('end' as const, 'end' as const, 'fail' as const, 'delete' as const),
  part,
});

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: own },
  { weight: 6, arbitrary: send },
  { weight: 3, arbitrary: fc.record({ t: fc.constant('push' as const), how: nextOrAgain }) },
  { weight: 2, arbitrary: fc.record({ t: fc.constant('key' as const), key: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 2, arbitrary: record },
  { weight: 2, arbitrary: fc.record({ t: fc.constant('trim' as const), part: part.map((n) => n / 2) }) },
  { weight: 2, arbitrary: fc.record({ t: fc.constant('replace' as const), part }) },
  { weight: 6, arbitrary: settle },
  { weight: 1, arbitrary: fc.constant({ t: 'reopen' as const }) },
  { weight: 2, arbitrary: fc.constant({ t: 'break' as const }) },
);
const anAct = fc.tuple(op, fc.integer({ min: 0, max: 2 })).map(([one, by]): Act => ({ ...one, by }));
/** What is in one row is done at the same time. */
const rowsOfActs = fc.array(fc.array(anAct, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 14 });

async function play(run: Run, rows: readonly (readonly Act[])[], compared: () => void): Promise<void> {
  await Promise.all([0, 1, 2].map((by) => run.open(by)));
  for (const row of rows) {
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
    compared();
  }
}

/** Each run has a place of its own. Resolves with how often all logs were compared. */
export async function checkModel(
  next: () => Promise<ModelPlace & { readonly done: () => Promise<unknown> }>,
  runs: number,
): Promise<number> {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(rowsOfActs, async (rows) => {
      const place = await next();
      const run = new Run(place);
      try {
        await play(run, rows, () => (compared += 1));
      } finally {
        await run.close();
        await place.done();
      }
    }),
    { numRuns: Number(process.env['BUSLINE_MODEL_RUNS'] ?? runs) },
  );
  return compared;
}

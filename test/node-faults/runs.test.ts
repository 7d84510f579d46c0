// A few seeds of each world; `npm run faults -- --node` runs hundreds.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planText } from '../faults/plan.ts';
import { openLab } from './main.ts';
import type { Lab } from './main.ts';
import { passing, planOf } from './plan.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

/** With one that sleeps past retention and a disk that is full, and with one that sleeps past its lease. */
const seeds = [5, 6];
const mix = { steps: 20 };

test.each(passing.flatMap((kind) => seeds.map((seed) => [kind, seed] as const)))(
  '%s, seed %i: nothing is lost, doubled or reordered',
  async (kind, seed) => {
    const { problems, counts } = await lab.run(kind, seed, mix);
    console.log(`${kind}, seed ${seed}:`, counts);
    if (problems.length > 0) console.log(planText(planOf(kind, seed, mix)));
    expect(problems.slice(0, 20)).toEqual([]);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(8);
  },
);

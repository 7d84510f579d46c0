// A few seeds of each world; `npm run faults -- --node` runs hundreds.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planText } from '../faults/plan.ts';
import { openLab } from './main.ts';
import type { Lab } from './main.ts';
import { planOf } from './plan.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

/** With one that sleeps past retention and a disk that is full, and with one that sleeps past its lease. */
const runs = [
  ['files', 5],
  ['files', 6],
  ['redis', 5],
  ['redis', 6],
  ['restored', 5],
] as const;
const mix = { steps: 20 };

test.each(runs)('%s, seed %i: nothing is lost, doubled or reordered', async (kind, seed) => {
  const { problems, counts } = await lab.run(kind, seed, mix);
  console.log(`${kind}, seed ${seed}:`, counts);
  if (problems.length > 0) console.log(planText(planOf(kind, seed, mix)));
  expect(problems.slice(0, 20)).toEqual([]);
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(8);
});

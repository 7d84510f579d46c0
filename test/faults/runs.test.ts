// A few seeds of each kind of host; `npm run faults` runs hundreds.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds, openLab } from './main.ts';
import type { Lab } from './main.ts';
import { planOf, planText } from './plan.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

/** A seed with a kill of the whole browser, and one in which the storage is cleared. */
const seeds = [4, 3];
const mix = { steps: 20 };
const runs = kinds.flatMap((kind, at) => [[kind, seeds[at % 2] as number] as const]);

test.each(runs)('%s, seed %i: nothing is lost, doubled or reordered', async (kind, seed) => {
  const { problems, counts } = await lab.run(kind, seed, mix);
  console.log(`${kind}, seed ${seed}:`, counts);
  if (problems.length > 0) console.log(planText(planOf(kind, seed, mix)));
  expect(problems.slice(0, 20)).toEqual([]);
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(2);
});

// The plans: a seed is a plan, no kind of fault is forgotten, and every one of them is of its world.
import { expect, test } from 'vitest';
import { faultKinds, kinds, planOf } from './plan.ts';

test('a seed is always the same plan, and another seed another', () => {
  expect(planOf('redis', 7)).toEqual(planOf('redis', 7));
  expect(planOf('redis', 7).steps).not.toEqual(planOf('redis', 8).steps);
});

test('every kind of fault is in any 15 seeds that follow each other', () => {
  for (const first of [1, 16, 31]) {
    const seeds = Array.from({ length: 15 }, (_, at) => first + at);
    const steps = kinds.flatMap((kind) => seeds.flatMap((seed) => planOf(kind, seed).steps));
    expect(new Set(steps.map(({ fault }) => fault))).toEqual(new Set(faultKinds));
  }
});

// The plans: a seed is a plan, and no kind of fault is forgotten.
import { expect, test } from 'vitest';
import { edited } from './bundle.ts';
import { faultKinds, planOf } from './plan.ts';

test('a seed is always the same plan, and another seed another', () => {
  expect(planOf('leader-tab', 7)).toEqual(planOf('leader-tab', 7));
  expect(planOf('leader-tab', 7).steps).not.toEqual(planOf('leader-tab', 8).steps);
});

test('every kind of fault is in any 25 seeds that follow each other', () => {
  for (const first of [1, 26, 51, 76]) {
    const seeds = Array.from({ length: 25 }, (_, at) => planOf('shared-worker', first + at));
    expect(new Set(seeds.flatMap(({ steps }) => steps.map(({ fault }) => fault)))).toEqual(new Set(faultKinds));
  }
});

test('an edit that does not fit exactly once fails loudly', () => {
  const edit = { name: 'x', file: 'y.ts', find: 'one', replace: 'two' };
  expect(edited('one', edit)).toBe('two');
  expect(() => edited('none', { ...edit, find: 'one two' })).toThrow('0 places in y.ts');
  expect(() => edited('one one', edit)).toThrow('2 places in y.ts');
});

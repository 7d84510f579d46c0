import { expect, test } from 'vitest';
import { tellAll } from './story.ts';

test('three processes on two machines lose, double and turn around nothing, whatever happens to home', async () => {
  const { acknowledged, spilled, early, wrong } = await tellAll(1, 300);
  expect(wrong).toEqual([]);
  // Something was there to go wrong.
  for (const count of [acknowledged, spilled, early]) expect(count).toBeGreaterThan(5000);
}, 60_000);

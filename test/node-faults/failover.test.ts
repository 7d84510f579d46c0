import { expect, test } from 'vitest';
import { tellAll } from '../failover/story.ts';

test('10,000 stories of three processes on two machines end well', async () => {
  const { acknowledged, spilled, early, wrong } = await tellAll(1, 10_000);
  expect(wrong).toEqual([]);
  for (const count of [acknowledged, spilled, early]) expect(count).toBeGreaterThan(200_000);
}, 300_000);

// What a user would try first: Redis is killed and started again ten times while others work with it.
import { expect, test } from 'vitest';
import { add, newTally } from '../faults/tally.ts';
import { openLab } from './main.ts';

test('Redis is killed ten times under two senders, two readers and a group of three, and nobody notices', async () => {
  const lab = await openLab();
  try {
    const sent = { one: 4, burst: 4, keyed: 1, flushed: 0, work: 4 };
    const habits = { ...sent, ask: 0, story: 0, resubscribe: 0, ordered: 0, erase: 0, sweep: 0, pause: 15 };
    const mix = { weights: { 'kill redis': 1 }, habits, steps: 10, wait: [900, 1100], lasting: [100, 400] } as const;
    const roles = ['send', 'send', 'read', 'read', 'member', 'member', 'member'] as const;
    const outcome = await lab.run('redis', 1, mix, roles);
    const tally = newTally('redis');
    add(tally, outcome);
    console.log('Redis killed ten times:', tally.numbers);
    expect(outcome.problems.slice(0, 20)).toEqual([]);
    expect(outcome.counts).toEqual({ 'kill redis': 10 });
    expect(tally.numbers).toMatchObject({ lost: 0, doubled: 0, reordered: 0, other: 0 });
    expect(tally.numbers.acknowledged).toBeGreaterThan(1000);
    expect(tally.numbers.delivered).toBeGreaterThan(2000);
    expect(tally.numbers.worked).toBeGreaterThan(200);
  } finally {
    await lab.close();
  }
});

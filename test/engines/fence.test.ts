// An old host that does not know that it was replaced writes nothing, wherever it hung and whenever it wakes.
import { expect, test } from 'vitest';
import { inEveryEngine } from './harness/engines.ts';
import type { Place } from './page/old-host.ts';

/** How long a host hangs at most; it wakes as soon as its successor has stored something. */
const longest = 10_000;

inEveryEngine('the fence', (lab, engine) => {
  test('refuses what an old host appends after its successor has opened', async () => {
    const { terms, outcomes, ends, problems } = await lab().call('replacedHost');
    expect(terms).toEqual([1, 2]);
    expect(outcomes).toEqual(['stored', 'HOST_LOST', 'HOST_LOST', 'stored']);
    expect(ends).toEqual([expect.stringContaining('A commit failed')]);
    expect(problems).toEqual([]);
  });

  test('lets a successor that was overtaken by one more commit try again, and lose nothing', async () => {
    const { terms, attempts, outcomes, ends, problems } = await lab().call('overtakenTakeover');
    expect(terms).toEqual([1, 2]);
    expect(attempts).toBe(2);
    expect(outcomes).toEqual(['stored', 'stored', 'HOST_LOST', 'known', 'stored']);
    expect(ends).toEqual([expect.stringContaining('A commit failed')]);
    expect(problems).toEqual([]);
  });

  test.each<Place>(['before the transaction', 'inside the transaction', 'after the commit'])(
    'holds %s',
    async (place) => {
      const hung = await lab().call('hungHost', place, 'none', longest);
      console.log(engine, place, hung);
      expect(hung.problems).toEqual([]);
    },
  );

  test.each(['no journal row', 'journal row first'] as const)('planted %s', async (fault) => {
    const hung = await lab().call('hungHost', 'before the transaction', fault, longest);
    console.log(engine, fault, hung);
  });
});

// An old host that does not know that it was replaced writes nothing, wherever it hung and whenever it wakes.
import { describe, expect, test } from 'vitest';
import { inEveryEngine } from './harness/engines.ts';
import type { Hung } from './page/fence.ts';
import type { Place } from './page/old-host.ts';

/** How long a host hangs at most; it wakes as soon as its successor has stored something. */
const longest = 15_000;
const taken = "successor's append: stored";

inEveryEngine('the fence', (lab, engine) => {
  const hang = async (place: Place, most = longest): Promise<Hung> => {
    const hung = await lab().call('hungHost', place, 'none', most);
    const [opened, stored, hungFor] = [hung.opened, hung.stored, hung.hungFor].map(Math.round);
    console.log(`${engine}, hung ${place} for ${hungFor} ms: successor open in ${opened} ms, stored in ${stored} ms`);
    return hung;
  };
  const order = (events: readonly string[], ...these: readonly string[]): readonly string[] =>
    events.filter((event) => these.includes(event));

  const storedBy = (events: readonly string[]): readonly string[] =>
    ['hung', 'late'].flatMap((content) => (events.includes(`${content}: stored`) ? [content, content] : []));

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

  describe('while the old host hangs', () => {
    test('before its transaction: its successor stores, and its own append is refused when it wakes', async () => {
      const { events, found, problems } = await hang('before the transaction');
      expect(order(events, 'hangs', taken, 'woke')).toEqual(['hangs', taken, 'woke']);
      expect(order(events, 'hung: HOST_LOST', 'late: HOST_LOST').length).toBe(2);
      expect(events).toContainEqual(expect.stringContaining('ended: A commit failed'));
      expect(found).toEqual(['old']);
      expect(problems).toEqual([]);
    });

    test('in a follower: its successor has what it stored before, and stores', async () => {
      const { events, found, problems } = await hang('in a follower');
      expect(order(events, 'hangs', taken, 'woke')).toEqual(['hangs', taken, 'woke']);
      expect(order(events, 'hung: stored', 'late: HOST_LOST').length).toBe(2);
      expect(found).toEqual(['old', 'hung', 'hung']);
      expect(problems).toEqual([]);
    });

    test('in the turn of its commit: its successor has what was committed', async () => {
      const { events, found, problems } = await hang('after the commit');
      expect(order(events, 'hangs', taken, 'woke')).toEqual(['hangs', taken, 'woke']);
      expect(found).toEqual(['old', ...storedBy(events)]);
      expect(found).toContain('hung');
      expect(problems).toEqual([]);
    });

    // Nothing of ours runs there: only a stop of the whole thread can. No engine lets a successor pass then.
    test('inside its transaction: its successor waits, and has exactly what the old host took for stored', async () => {
      const { events, found, problems } = await hang('inside the transaction', 1000);
      expect(events).toContain(taken);
      expect(found).toEqual(['old', ...storedBy(events)]);
      expect(problems).toEqual([]);
    });
  });

  describe('would be seen to be broken', () => {
    test('if the journal row were left out', async () => {
      const { problems } = await lab().call('hungHost', 'before the transaction', 'no journal row', longest);
      expect(problems).toContain('offset 2 follows 2');
      expect(problems[0]).toContain('stored is ["old","successor","hung","hung"');
    });

    test('if the journal row came first, where an engine goes on after a request that failed', async () => {
      const { problems } = await lab().call('hungHost', 'before the transaction', 'journal row first', longest);
      expect(problems.includes('offset 2 follows 2')).toBe(engine === 'Firefox');
      expect(problems.length === 0).toBe(engine !== 'Firefox');
    });
  });
});

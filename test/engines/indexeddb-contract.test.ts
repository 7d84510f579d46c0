// The IndexedDB log keeps the contract of logs in the engines themselves, and random use of it ends as plain lists do.
import { expect, test } from 'vitest';
import { contractTests } from './contract-tests.ts';
import { inEveryEngine } from './harness/engines.ts';

const never = (): never => {
  throw new Error('it runs in the page');
};
const names = [...contractTests({ open: never, reopen: never }, never).keys()];
const seed = Number(process.env['BUSLINE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const runs = 30;

inEveryEngine('the IndexedDB log', (lab, engine) => {
  test.each(names)('%s', async (name) => {
    await expect(lab().call('runContractTest', name)).resolves.toBe(null);
  });

  test('equals plain lists after random appends, compactions, trims and reopenings', { timeout: 180_000 }, async () => {
    console.log(`${engine}: BUSLINE_SEED=${seed}`);
    const done = await lab().call('checkModel', seed, runs, 90_000);
    console.log(`${engine}:`, done);
    expect(done['runs']).toBeGreaterThan(0);
  });

  test('folds and merges many commits, and reads the same from every place', { timeout: 120_000 }, async () => {
    const count = 1200;
    const { segments, readMs, ...rest } = await lab().call('manyCommits', count);
    console.log(`${engine}: ${segments.join(' → ')} segments, read in ${readMs.map(Math.round).join(' → ')} ms`);
    expect(rest).toEqual({ first: 1, head: count, wrong: [] });
    expect(segments[0]).toBe(count);
    expect(segments[1]).toBeLessThan(count / 100);
  });
});

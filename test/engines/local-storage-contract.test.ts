// The log in localStorage keeps the contract of logs in the engines themselves, up to the space that they really give.
import { expect, test } from 'vitest';
import { contractTests } from './contract-tests.ts';
import { inEveryEngine } from './harness/engines.ts';

const never = (): never => {
  throw new Error('it runs in the page');
};
const names = [...contractTests({ open: never, reopen: never }, never).keys()];

inEveryEngine('the log in localStorage', (lab, engine) => {
  test.each(names)('%s', async (name) => {
    await expect(lab().call('runLocalStorageTest', name)).resolves.toBe(null);
  });

  test.each([20_000, 1000])(
    'is full at some point: messages of %d characters are refused, and taken again after others were dropped',
    { timeout: 180_000 },
    async (size) => {
      const { stored, characters, outcomes, ends } = await lab().call('fillLocalStorage', size);
      console.log(`${engine}: full after ${stored} messages of ${size}, with ${characters} characters`);
      expect(stored * size).toBeGreaterThan(1_000_000);
      expect(outcomes).toEqual(['STORAGE_FULL', 0, 0, 'none', 'stored', 'known', -2]);
      expect(ends).toEqual([]);
    },
  );

  test('stands in where IndexedDB is refused, and has what a page before has stored', async () => {
    expect(await lab().call('openWithoutIndexedDb')).toEqual(['local-storage', 'disk', 'STORAGE_BLOCKED', ['kept']]);
  });

  test.each([
    ['in its own page', false],
    ['in another page', true],
  ])('ends when it is deleted %s', async (_, elsewhere) => {
    const [why, outcome, left] = await lab().call('deleteElsewhere', elsewhere);
    expect([why, outcome, left]).toEqual([expect.stringContaining('deleted'), 'HOST_LOST', []]);
  });

  test('takes little time for each append', async () => {
    const count = 1000;
    const { append, open, characters } = await lab().call('timeLocalStorage', count);
    const each = Math.round((append / count) * 1000);
    console.log(
      `${engine}: ${each} µs an append, ${Math.round(characters)} characters; ${Math.round(open)} ms to open`,
    );
    expect(characters).toBeLessThan(1000);
  });
});

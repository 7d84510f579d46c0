// What the log says when its database cannot be had, and that what was refused for want of space leaves nothing behind.
import { expect, test } from 'vitest';
import { inEveryEngine } from './harness/engines.ts';

inEveryEngine('the storage', (lab, engine) => {
  test('of a newer format is STORAGE_NEWER', async () => {
    expect(await lab().call('openNewer')).toBe('STORAGE_NEWER');
  });

  test('that is refused is STORAGE_BLOCKED', async () => {
    expect(await lab().call('openBlocked')).toBe('STORAGE_BLOCKED');
  });

  test('refuseCommit', async () => {
    console.log(engine, JSON.stringify(await lab().call('refuseCommit')));
  });
  test('failBeforeTheFence', async () => {
    console.log(engine, JSON.stringify(await lab().call('failBeforeTheFence')));
  });
  test('failAmidTransaction', async () => {
    console.log(engine, JSON.stringify(await lab().call('failAmidTransaction')));
  });
  test('fold', async () => {
    console.log(engine, JSON.stringify(await lab().call('foldThenReopen', 256, 10)));
  });
});

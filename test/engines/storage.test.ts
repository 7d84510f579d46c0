// What the log says when its database cannot be had, and that what was refused for want of space leaves nothing behind.
import { describe, expect, test } from 'vitest';
import { engines, inEveryEngine } from './harness/engines.ts';
import { openLab } from './harness/lab.ts';

inEveryEngine('a database', (lab) => {
  test('of a newer format is not opened: STORAGE_NEWER', async () => {
    expect(await lab().call('openNewer')).toBe('STORAGE_NEWER');
  });

  test('that the browser refuses is not opened: STORAGE_BLOCKED', async () => {
    expect(await lab().call('openBlocked')).toBe('STORAGE_BLOCKED');
  });

  test('without space refuses what is appended, keeps nothing of it, and takes it later', async () => {
    const { outcomes, ends, problems } = await lab().call('refuseCommit');
    const full = 'STORAGE_FULL';
    const [first, refused, records, channels, logId, head, appended, repeated, recordsThen, last] = outcomes;
    expect(first).toBe('stored');
    expect(refused).toEqual([full, full, full, full]);
    expect([records, recordsThen]).toEqual([[['record', 'before']], [['record', 'pushed']]]);
    expect([channels, logId, head]).toEqual([['a'], '', 1]);
    expect(appended).toEqual([2, 3, 4, 1].map((offset) => ['stored', offset]));
    // The push, the identity and the key are known now; the last one had none of them.
    expect(repeated).toEqual([...[2, 3, 4].map((offset) => ['known', offset]), ['stored', 2]]);
    expect(last).toBe('stored');
    expect({ ends, problems }).toEqual({ ends: [], problems: [] });
  });

  test('keeps nothing of a commit whose fence cannot be asked for', async () => {
    const { outcomes, ends, problems } = await lab().call('failBeforeTheFence');
    expect(outcomes).toEqual(['stored', 'HOST_LOST']);
    expect(ends).toEqual([expect.stringContaining('DataCloneError')]);
    expect(problems).toEqual([]);
  });

  test('that was cleared between two commits ends its log, and what was sent there is for the next host', async () => {
    const { outcomes, ends, problems } = await lab().call('clearBetweenCommits');
    const [first, , again, next] = outcomes;
    expect([first, again, next]).toEqual(['stored', 'HOST_LOST', 'stored']);
    expect(ends).toEqual([expect.stringContaining('It cannot be read')]);
    expect(problems).toEqual([]);
  });

  test.each([
    ['goes on', false],
    ['dies at once', true],
  ])('keeps nothing of a commit of which one request fails, where its host %s', async (_, dies) => {
    const { outcomes, ends, problems } = await lab().call('failAmidTransaction', dies);
    const [first, failed, again, repeated, before, after] = outcomes;
    expect([first, failed, again, repeated]).toEqual(['stored', 'HOST_LOST', 'stored', 'known']);
    const kept = { changed: 1, removed: 1 };
    expect(before).toEqual(dies ? [] : Object.entries(kept));
    expect(after).toEqual(Object.entries({ changed: 2, new: 2 }));
    expect(ends.length).toBe(1);
    expect(problems).toEqual([]);
  });

  test('takes saves and appends that come during a commit in the next one, in their order', async () => {
    const { commits, records } = await lab().call('commitTogether', 200);
    expect({ commits, records }).toEqual({ commits: 2, records: [['record', 200]] });
  });

  test('has no channel that was only trimmed, for the next host either', async () => {
    expect(await lab().call('trimNothing')).toEqual([]);
  });

  test('remembers the last 32 pushes of a client over a fold and a change of hosts', async () => {
    const outcomes = await lab().call('foldThenReopen', 256, 10);
    expect(outcomes).toEqual(Array.from({ length: 32 }, () => 'known'));
  });
});

// WebKitGTK cannot be told how much an origin may store.
describe.each(engines.filter(({ hasQuota }) => hasQuota))('a disk that is really full, in $name', (engine) => {
  test('refuses one append, keeps nothing of it, and takes it once there is space', { timeout: 180_000 }, async () => {
    const lab = await openLab(engine, 20_000_000);
    try {
      const { stored, outcome } = await lab.call('fillDisk', 100);
      console.log(`${engine.name}: full after ${stored} appends of 900 kB`);
      expect(outcome).toBe('STORAGE_FULL');
      const { outcomes, ends, problems } = await lab.call('afterFull');
      expect(outcomes).toEqual(['none', 'stored', 'stored', 'known', 'known', ['other', 'small']]);
      expect({ ends, problems }).toEqual({ ends: [], problems: [] });
    } finally {
      await lab.close();
    }
  });
});

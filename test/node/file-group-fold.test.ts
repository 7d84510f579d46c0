// What becomes of what members say who have lost what they had in hand.
import { describe, expect, test } from 'vitest';
import { GroupsFold, noGroups } from '../../src/node/file-log/groups-fold.ts';
import type { GroupChange, GroupProposal, GroupResult } from '../../src/node/file-log/group-proposal.ts';

const at = { channelId: 'work', logId: 'log', first: 1, head: 3 };
const terms = { maxAttempts: 3, backoff: [100, 100, 1, 1] as const };

function told(): { fold: GroupsFold; say: (change: GroupChange, ms?: number) => GroupResult } {
  const fold = new GroupsFold('work', noGroups);
  let now = Date.parse('2026-01-01');
  return {
    fold,
    say: (change, ms = 1) => {
      now += ms;
      return fold.take({ t: 'group', group: 'w', id: 'x', at: new Date(now).toISOString(), ...change }, at);
    },
  };
}

const claim = (owner: string, lease = 1000): GroupChange => ({
  how: 'claim',
  owners: [owner],
  head: 3,
  lease,
  ordered: false,
  ...terms,
});
const mine = { offset: 1, attempt: 1, owner: 'a/1/1' };

describe('a member that has lost its message', () => {
  test.each([
    ['because its process was taken to be dead', { how: 'gone', prefix: 'a/', maxAttempts: 3 } as const, 1],
    ['because its lease ended', claim('nobody'), 2000],
  ])('%s, changes nothing about it any more', (_why, change, ms) => {
    const { fold, say } = told();
    expect(say(claim('a/1/1')).given).toEqual([mine]);
    expect(say(change, ms).lost).toEqual([mine]);
    const [given] = say(claim('b/1/1'), 200).given;
    expect(given).toEqual({ offset: 1, attempt: 2, owner: 'b/1/1' });
    expect(say({ how: 'done', all: [mine] }).accepted).toEqual([false]);
    expect(say({ how: 'failed', all: [mine], reason: 'no', dead: true, ...terms })).toMatchObject({
      accepted: [false],
      buried: [],
    });
    expect(say({ how: 'extend', all: [mine], ms: 5000 }).accepted).toEqual([false]);
    say({ how: 'back', all: [mine] });
    expect(fold.get('w')?.isHeld({ offset: 1, attempt: 2, owner: 'b/1/1' })).toBe(true);
    expect(say({ how: 'done', all: [{ offset: 1, attempt: 2, owner: 'b/1/1' }] }).accepted).toEqual([true]);
    // It is done: whoever did it is content.
    expect(say({ how: 'done', all: [mine] }).accepted).toEqual([true]);
  });

  test('has lost it when its clock is behind that of others, too', () => {
    const { say } = told();
    say(claim('a/1/1', 1000));
    expect(say(claim('b/1/1'), 5000).lost).toEqual([mine]);
    expect(say({ how: 'extend', all: [mine], ms: 1000 }, -4900).accepted).toEqual([false]);
    expect(say(claim('b/1/1'), 4800).given).toMatchObject([{ offset: 3 }]);
  });
});

describe('how groups stand at a channel', () => {
  test('is the same for who was told all of it and who goes on from a checkpoint', () => {
    const { fold, say } = told();
    fold.marks.add({ kind: 'data', priority: 'high', count: 1 } as never, 2);
    expect(say(claim('a/1/1')).given).toMatchObject([{ offset: 2 }]);
    say(claim('b/1/1'));
    say({ how: 'failed', all: [{ ...mine, owner: 'b/1/1' }], reason: 'no', dead: true, ...terms });
    say({ how: 'pass', offsets: [3] });
    const again = new GroupsFold('work', JSON.parse(JSON.stringify(fold.checkpoint)) as typeof noGroups);
    expect(again.checkpoint).toEqual(fold.checkpoint);
    const change: GroupProposal = {
      t: 'group',
      group: 'w',
      id: 'y',
      at: '2026-01-02T00:00:00.000Z',
      how: 'redrive',
      offsets: [1],
    };
    expect(again.take(change, at)).toEqual(fold.take(change, at));
    expect(again.take({ ...change, ...claim('c/1/1') }, at)).toEqual(fold.take({ ...change, ...claim('c/1/1') }, at));
    expect(again.checkpoint).toEqual(fold.checkpoint);
  });
});

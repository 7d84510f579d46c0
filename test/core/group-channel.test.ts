// The bookkeeping of one group and channel.
import { expect, test } from 'vitest';
import { GroupChannel } from '../../src/core/group-channel.ts';
import type { GroupRecord } from '../../src/core/group-channel.ts';
import { epoch, numbers, testPlatform } from './support.ts';

const nothing: GroupRecord = { logId: 'log', position: 0, done: [], held: [], again: [] };

function fed(
  last: number,
  record: Partial<GroupRecord> = {},
): { readonly channel: GroupChannel; readonly credit: number[] } {
  const credit: number[] = [];
  const channel = new GroupChannel('a', { ...nothing, ...record }, testPlatform());
  channel.feed('log', 1, last, 'normal', () => credit.push(last));
  return { channel, credit };
}

function handOut(channel: GroupChannel, now = 0): number | undefined {
  const turn = channel.next(now);
  if (turn !== undefined) channel.claim(turn, 'client/1', 1000);
  return turn?.offset;
}

test('a block in pieces gives its credit back when the last of them was handed out', () => {
  const { channel, credit } = fed(5, { done: [[3, 3]] });
  expect([1, 2, 3, 4].map(() => handOut(channel))).toEqual([1, 2, 4, 5]);
  expect(credit).toEqual([5]);
  expect(handOut(channel)).toBe(undefined);
});

test('what was cleared does not come again, and what was settled beyond it counts at once', () => {
  const again = { attempts: 1, wait: 0, due: epoch, priority: 'normal' } as const;
  const { channel } = fed(9, {
    done: [
      [3, 3],
      [6, 7],
    ],
    again: [
      [2, again],
      [8, again],
    ],
  });
  channel.cleared(5);
  expect(channel.record).toMatchObject({ position: 7, done: [], again: [[8, again]] });
  channel.cleared(4);
  expect(channel.position).toBe(7);
  expect([1, 2, 3].map(() => handOut(channel))).toEqual([8, 9, undefined]);
});

test('what comes again comes in the order of priorities, and before what is new', () => {
  const again = (priority: 'low' | 'high') => ({ attempts: 2, wait: 10, due: epoch + 10, priority }) as const;
  const { channel } = fed(4, {
    again: [
      [1, again('low')],
      [2, again('high')],
    ],
  });
  expect([handOut(channel, 9), handOut(channel, 10), handOut(channel, 10), handOut(channel, 10)]).toEqual([3, 2, 4, 1]);
});

test('while very many are to come again nothing new is handed out', () => {
  const waiting = { attempts: 1, wait: 5, due: epoch + 5, priority: 'normal' } as const;
  const { channel } = fed(300, { again: numbers(1, 256).map((offset) => [offset, waiting]) });
  expect(handOut(channel, 0)).toBe(undefined);
  expect([handOut(channel, 5), handOut(channel, 0)]).toEqual([1, 257]);
});

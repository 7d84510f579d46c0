// The bookkeeping of a group in one channel, against one that keeps a state for each message.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GroupChannel } from '../../src/core/group-channel.ts';
import type { GroupRecord } from '../../src/core/group-channel.ts';
import { numbers, testPlatform } from './support.ts';

const fresh: GroupRecord = { logId: 'log', position: 0, done: [], held: [], again: [] };
const made = (record = fresh): GroupChannel => new GroupChannel('work', record, testPlatform());
const nothing = (): void => undefined;

/** Hands out what comes next. */
function take(channel: GroupChannel, now = 0): number | undefined {
  const turn = channel.next(now);
  if (turn !== undefined) channel.claim(turn, 'a/1', 1000);
  return turn?.offset;
}

describe('a channel of a group', () => {
  test('gives the credit of a block back when all of it was handed out, passed over or dropped', () => {
    const channel = made();
    const taken: number[] = [];
    const feed = (first: number, last: number): void =>
      channel.feed('log', first, last, 'normal', () => void taken.push(last));
    feed(1, 2);
    feed(3, 4);
    feed(1, 4);
    expect(taken, 'what it has had before is nothing new').toEqual([4]);
    take(channel);
    expect(taken).toHaveLength(1);
    take(channel);
    expect(taken).toEqual([4, 2]);
    channel.passOver(3);
    channel.passOver(4);
    channel.passOver(99);
    expect(take(channel)).toBe(undefined);
    expect(taken).toEqual([4, 2, 4]);
    feed(5, 6);
    channel.reset('other', 10);
    expect(taken).toEqual([4, 2, 4, 6]);
    expect([take(channel), channel.position, channel.pending]).toEqual([undefined, 10, 0]);
  });

  test('knows of every message whether it is settled, under way or to come', () => {
    type Step = { readonly kind: 'take' | 'settle' | 'fail' | 'pass' | 'erase' | 'reload'; readonly at: number };
    const kinds = ['take', 'take', 'settle', 'settle', 'fail', 'pass', 'erase', 'reload'] as const;
    const step: fc.Arbitrary<Step> = fc.record({ kind: fc.constantFrom(...kinds), at: fc.nat({ max: 30 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.array(step, { maxLength: 120 }), (count, steps) => {
        let channel = made();
        const state = new Map(numbers(1, count).map((offset) => [offset, 'new']));
        const of = (...wanted: string[]): number[] =>
          [...state.keys()].filter((n) => wanted.includes(state.get(n) ?? ''));
        const feed = (): void => channel.feed('log', 1, count, 'normal', nothing);
        feed();
        for (const { kind, at } of steps) {
          const held = of('held');
          const one = held[at % held.length];
          if (kind === 'take') {
            const offset = take(channel);
            expect(offset).toBe(channel.again.has(offset ?? 0) ? undefined : (offset ?? undefined));
            if (offset === undefined) expect(of('new', 'again')).toEqual([]);
            else {
              expect(of('again').length > 0 ? of('again') : [Math.min(...of('new'))]).toContain(offset);
              state.set(offset, 'held');
            }
          } else if (kind === 'settle' && one !== undefined) {
            channel.settle(one);
            state.set(one, 'done');
          } else if (kind === 'fail' && one !== undefined) {
            channel.putBack(one, { attempts: 1, wait: 0, priority: 'normal' });
            state.set(one, 'again');
          } else if (kind === 'pass') {
            channel.passOver(at);
            if (state.get(at) === 'new') state.set(at, 'done');
          } else if (kind === 'erase') {
            channel.erased(at);
            if (state.has(at) && state.get(at) !== 'held') state.set(at, 'done');
          } else if (kind === 'reload') {
            channel = made(structuredClone(channel.record));
            feed();
          }
          const settled = numbers(1, count).filter((offset) => channel.isSettled(offset));
          expect(settled).toEqual(of('done'));
          expect([...channel.held.keys()].toSorted((a, b) => a - b)).toEqual(of('held'));
          expect([...channel.again.keys()].toSorted((a, b) => a - b)).toEqual(of('again'));
          expect([channel.pending, channel.lag(count)]).toEqual([of('held', 'again').length, of('new').length]);
          const unsettled = numbers(1, count).find((offset) => state.get(offset) !== 'done') ?? count + 1;
          expect(channel.position).toBe(unsettled - 1);
          const { done } = channel.record;
          expect(done.every(([from, to], n) => from <= to && from > (done[n - 1]?.[1] ?? channel.position) + 1)).toBe(
            true,
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});

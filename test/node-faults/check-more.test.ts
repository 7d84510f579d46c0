// What checks the runs of processes: a history that may be is let through, and each thing that may not be is seen.
import { expect, test } from 'vitest';
import { checkErased } from './check-erased.ts';
import { checkOrdered } from './check-order.ts';
import { erasable, inOrder, swept } from './record.ts';
import type { MoreFact, MoreTold, RemainingChannel } from './record.ts';

type Step = MoreFact | { readonly t: 'restored'; readonly copiedAt: number } | Dead | Given;
interface Dead {
  readonly t: 'dead';
  readonly life: string;
  readonly how: 'crashed';
}
interface Given {
  readonly t: 'handed' | 'acked';
  readonly life: string;
  readonly logId: string;
  readonly offset: number;
  readonly attempt: number;
}

/** Each is heard 10 ms after the one before. */
const history = (...steps: readonly Step[]): readonly MoreTold[] => steps.map((step, at) => ({ ...step, at: at * 10 }));

const messages = (...offsets: readonly number[]): RemainingChannel['messages'] =>
  offsets.map((offset) => ({ id: `m${offset}`, offset, life: 'a', n: offset }));
const channel = (head: number, ...offsets: readonly number[]): RemainingChannel => ({
  first: 1,
  head,
  holes: [],
  messages: messages(...offsets),
  clears: [],
});

const turn = (life: string, offset: number, clock: number, attempt = 1): Step => ({
  t: 'turn',
  life,
  logId: 'L',
  offset,
  attempt,
  clock,
});
const turned = (life: string, offset: number, clock: number, attempt = 1): Step => ({
  t: 'turned',
  life,
  logId: 'L',
  offset,
  attempt,
  clock,
});
const acked = (life: string, offset: number): Step => ({ t: 'acked', life, logId: 'L', offset, attempt: 1 });
const handed = (life: string, offset: number): Step => ({ t: 'handed', life, logId: 'L', offset, attempt: 1 });
const crashed = (life: string): Step => ({ t: 'dead', life, how: 'crashed' });

/** So much happens meanwhile that who was given something before it hears too late of it. */
const longAfter = Array.from({ length: 400 }, () => crashed('c'));

const three = channel(3, 1, 2, 3);
const done = (life: string, offset: number, clock: number): readonly Step[] => [
  turn(life, offset, clock),
  turned(life, offset, clock + 5),
  acked(life, offset),
];

test.each<[string, readonly Step[]]>([
  ['in which all are handled one after the other', [...done('a', 1, 10), ...done('a', 2, 20), ...done('b', 3, 30)]],
  [
    'in which one dies at its message, and another one has it again',
    [
      ...done('a', 1, 10),
      turn('a', 2, 20),
      crashed('a'),
      turn('b', 2, 21, 2),
      turned('b', 2, 22, 2),
      ...done('b', 3, 30),
    ],
  ],
  [
    'in which one is asleep for so long that it is taken for dead',
    [...done('a', 1, 10), turn('a', 2, 20), turn('b', 2, 6000, 2), turned('b', 2, 6001, 2), ...done('b', 3, 6002)],
  ],
  [
    "in which one hears so late of its message that it is another one's by then",
    [handed('a', 1), ...longAfter, ...done('b', 1, 10), ...done('b', 2, 20), ...done('a', 1, 30), ...done('b', 3, 40)],
  ],
  [
    'in which one hears late of its message, which nobody else has got meanwhile',
    [...done('a', 1, 10), handed('a', 2), ...longAfter, ...done('a', 2, 20), ...done('b', 3, 30)],
  ],
  [
    'that is put back to what it was',
    [
      ...done('a', 1, 10),
      ...done('a', 2, 20),
      { t: 'restored', copiedAt: 5 },
      ...done('a', 1, 30),
      ...done('a', 2, 40),
      ...done('a', 3, 50),
    ],
  ],
])('a history %s may be', (_, steps) => {
  expect(checkOrdered(history(...steps), three)).toEqual([]);
});

test.each<[string, readonly Step[], RegExp]>([
  [
    'one is handled before the one before it is',
    [turn('a', 1, 10), ...done('a', 2, 12), turned('a', 1, 15), ...done('a', 3, 30)],
    /message 2 .* while a was at message 1/,
  ],
  [
    'one is handled too early',
    [...done('a', 1, 10), ...done('a', 3, 20), ...done('a', 2, 30)],
    /message 3 .* before message 2 was done/,
  ],
  [
    'one comes after a later one',
    [...done('a', 1, 10), ...done('a', 3, 20), ...done('a', 2, 30)],
    /message 2 .* after message 3/,
  ],
  [
    'one comes again',
    [...done('a', 1, 10), ...done('b', 1, 20), ...done('b', 2, 30), ...done('b', 3, 40)],
    /though it was on record/,
  ],
  ['one is left out', [...done('a', 1, 10), ...done('a', 2, 20)], /message 3 was done by nobody/],
  [
    'one comes late to its member, who does not end it',
    [...done('a', 1, 10), handed('a', 2), ...longAfter, turn('a', 2, 20), ...done('b', 3, 30)],
    /message 2 was done by nobody/,
  ],
  [
    'one comes again after it was done late',
    [
      ...done('a', 1, 10),
      handed('a', 2),
      ...longAfter,
      ...done('a', 2, 20),
      ...done('b', 2, 30),
      ...done('c', 2, 40),
      ...done('b', 3, 50),
    ],
    /message 2 came to c .* though it was on record/,
  ],
])('it is seen when %s', (_, steps, problem) => {
  expect(checkOrdered(history(...steps), three)).toContainEqual(expect.stringMatching(problem));
});

const kept = (ch: string, offset: number, sentAt: number, clock = sentAt + 1): Step => ({
  t: 'kept',
  life: 'a',
  ch,
  n: offset,
  id: `m${offset}`,
  offset,
  sentAt,
  clock,
});
const deletion = (offset: number): readonly Step[] => [
  { t: 'deleting', life: 'b', id: `m${offset}`, offset },
  { t: 'deleted', life: 'b', id: `m${offset}`, offset },
];
const sweep = (n: number, begin: number, end: number): readonly Step[] => [
  { t: 'sweeping', life: 'b', n, clock: begin },
  { t: 'swept', life: 'b', n, clock: end },
];
/** Three that may be deleted, the second of which is; three that are cleared, and one after them. */
const usual = [
  ...[1, 2, 3].map((offset) => kept(erasable, offset, offset)),
  ...deletion(2),
  ...[1, 2, 3].map((offset) => kept(swept, offset, offset)),
  ...sweep(1, 10, 20),
  kept(swept, 5, 30),
];
const cleared: RemainingChannel = { ...channel(5, 5), first: 4, clears: [4] };
const left = { [inOrder]: channel(0), [erasable]: channel(4, 1, 3), [swept]: cleared };

function problemsOf(
  channels: Partial<typeof left>,
  steps: readonly Step[] = usual,
  unfinished: readonly string[] = [],
) {
  return checkErased(history(...steps), { channels: { ...left, ...channels }, unfinished });
}

test('a history in which what was deleted is gone, and nothing else, may be', () => {
  expect(problemsOf({})).toEqual([]);
  const restored: Step = { t: 'restored', copiedAt: 0 };
  expect(
    problemsOf({ [erasable]: channel(4, 1, 2, 3), [swept]: { ...cleared, first: 1 } }, [...usual, restored]),
  ).toEqual([]);
});

test('a history in which two have cleared at once may be', () => {
  const twice = { ...channel(6, 6), first: 4, clears: [4, 5] };
  const steps = [...usual.slice(0, -1), kept(swept, 6, 30)];
  expect(problemsOf({ [swept]: twice }, steps)).toEqual([]);
});

test.each<[string, readonly string[], RegExp]>([
  ['something comes back', problemsOf({ [erasable]: channel(4, 1, 2, 3) }), /^deleted: message m2/],
  ['something else goes with it', problemsOf({ [erasable]: channel(4, 1) }), /^lost: message 3 .* "erasable"/],
  [
    'something is at another place',
    problemsOf({
      [erasable]: { ...left[erasable], messages: [{ id: 'm1', life: 'a', n: 1, offset: 2 }, ...messages(3)] },
    }),
    /acknowledged at 1, it is at 2/,
  ],
  ['there is a hole', problemsOf({ [erasable]: { ...left[erasable], holes: [2] } }), /nothing is at 2/],
  ['something is there twice', problemsOf({ [erasable]: channel(4, 1, 3, 3) }), /^double: m3/],
  ['a channel that was cleared is as it was', problemsOf({ [swept]: channel(5, 1, 2, 3, 5) }), /^cleared: up to 3/],
  ['what was cleared is there still', problemsOf({ [swept]: { ...cleared, first: 1 } }), /^lost: "swept" begins at 1/],
  [
    'more was cleared than was to be',
    problemsOf({ [swept]: { ...channel(5), first: 4, clears: [4] } }),
    /^lost: message 5 .* "swept"/,
  ],
  [
    'something went that was sent after all clearing',
    problemsOf({ [swept]: { ...channel(6), first: 6, clears: [6] } }),
    /^lost: message 5 .* "swept"/,
  ],
  ['a deletion was not ended', problemsOf({}, usual, ['erase:x:1']), /was begun, and nobody ended it/],
])('it is seen when %s', (_, problems, problem) => {
  expect(problems).toContainEqual(expect.stringMatching(problem));
});

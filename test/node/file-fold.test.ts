import { expect, test } from 'vitest';
import { empty } from '../../src/node/file-log/checkpoint.ts';
import { beginningOf, Fold } from '../../src/node/file-log/fold.ts';

// Whoever slept while others went on and deleted reads such a segment on the way to the end.
test('a segment that was written anew is known not to tell of those before it', () => {
  const first = new Fold(empty('room', 1));
  const third = new Fold({ ...empty('room', 3), head: 20, segments: [[2, 5]] });
  const dropped = new Fold({ ...empty('room', 3), head: 20, first: 21 });
  expect([first, third, dropped].map(({ isPartial }) => isPartial)).toEqual([false, false, false]);
  const { proposal } = beginningOf(third);
  if (proposal.t !== 'checkpoint') throw new Error('It begins with something else.');
  expect(new Fold(proposal.state).isPartial).toBe(true);
});

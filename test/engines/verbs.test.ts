// The verbs of an agent app, in every engine.
import { expect, test } from 'vitest';
import { inEveryEngine } from './harness/engines.ts';

inEveryEngine('an agent app', (lab) => {
  test('asks, answers once, streams, shares work, sees who is there, deletes, describes, exports', async () => {
    expect(await lab().call('useAllVerbs')).toEqual({
      sum: 6,
      answers: [
        ['ada', 'a question'],
        ['echo', 'a question'],
      ],
      read: 'a question',
      left: ['a question'],
      members: [{ userId: 'ada', tabs: 1, state: { typing: true } }],
      described: 'The chat',
      handled: Array.from({ length: 20 }, (_, n) => n),
      imported: true,
    });
  });
});

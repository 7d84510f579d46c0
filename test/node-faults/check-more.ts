// What is wrong with what the processes do beside what tabs do, too.

import type { Outcome } from '../faults/watched.ts';
import { checkErased } from './check-erased.ts';
import { checkOrdered } from './check-order.ts';
import { inOrder, moreOf } from './record.ts';
import type { Of } from './record.ts';

/** The outcome with these problems, too; a run that did not come to its end has its own. */
export function checkMore(outcome: Outcome): Outcome {
  const facts = moreOf(outcome.facts);
  const told = facts.findLast((fact): fact is Of<'remains'> => fact.t === 'remains');
  if (told === undefined) return outcome;
  const { remains } = told;
  const ordered = remains.channels[inOrder];
  const problems = [...checkErased(facts, remains), ...(ordered === undefined ? [] : checkOrdered(facts, ordered))];
  return { ...outcome, problems: [...outcome.problems, ...problems] };
}

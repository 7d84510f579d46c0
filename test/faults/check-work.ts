// The group: every message is done or a dead letter, and nobody works on what another one has done.

import { slots, surelyHeld } from './record.ts';
import type { Told } from './record.ts';
import { keyOf } from './view.ts';
import type { View } from './view.ts';

type Began = Extract<Told, { t: 'began' }>;

interface Attempt extends Began {
  how?: 'returned' | 'threw';
  endedAt?: number;
  handedAt?: number;
  ackedAt?: number;
  wasLost: boolean;
}

const workOf = ({ logId, offset }: { logId: string; offset: number }): string => keyOf(logId, offset);
const attemptOf = (work: { life: string; logId: string; offset: number; attempt: number }): string =>
  keyOf(work.life, work.logId, work.offset, work.attempt);

function attemptsOf(view: View): ReadonlyMap<string, readonly Attempt[]> {
  const byWork = new Map<string, Attempt[]>();
  const byAttempt = new Map<string, Attempt>();
  const handed = new Map<string, number>();
  for (const fact of view.facts) {
    if (fact.t === 'began') {
      // It is told by everybody who saw it.
      if (byAttempt.has(attemptOf(fact))) continue;
      const attempt: Attempt = { ...fact, handedAt: handed.get(attemptOf(fact)) ?? fact.at, wasLost: false };
      byAttempt.set(attemptOf(fact), attempt);
      byWork.set(workOf(fact), [...(byWork.get(workOf(fact)) ?? []), attempt]);
    } else if (fact.t === 'ended') {
      const attempt = byAttempt.get(attemptOf(fact));
      if (attempt === undefined) continue;
      attempt.how = fact.how;
      attempt.endedAt ??= fact.at;
    } else if (fact.t === 'lost') {
      const attempt = byAttempt.get(attemptOf(fact));
      if (attempt !== undefined) attempt.wasLost = true;
    } else if (fact.t === 'handed') {
      handed.set(attemptOf(fact), fact.at);
    } else if (fact.t === 'acked') {
      const attempt = byAttempt.get(attemptOf(fact));
      if (attempt !== undefined) attempt.ackedAt = fact.at;
    }
  }
  return byWork;
}

export function checkWork(view: View): readonly string[] {
  const attempts = attemptsOf(view);
  return [...checkDone(view, attempts), ...checkAgain(view, attempts), ...checkRest(view)];
}

function checkDone(view: View, attempts: ReadonlyMap<string, readonly Attempt[]>): readonly string[] {
  const { logId = '', messages = [] } = view.final.channels['work'] ?? {};
  const letters = new Map(
    view.final.deadLetters.map(({ channelId, offset, reason }) => [keyOf(channelId, offset), reason]),
  );
  const unseen: string[] = [];
  const problems = messages.flatMap(({ offset, id }) => {
    const reason = letters.get(keyOf('work', offset));
    if (reason !== undefined) return reason === '' ? [`work: the dead letter ${offset} has no reason`] : [];
    const tries = attempts.get(keyOf(logId, offset)) ?? [];
    // Who died on it may have done it and not lived to say so.
    const isDone = tries.some(({ how, life }) => how === 'returned' || (!view.isComplete && view.dead.has(life)));
    if (isDone) return [];
    const problem = `work: message ${offset} was done by nobody, in ${tries.length} attempts`;
    if (tries.length > 0 || view.isComplete) return [problem];
    const seenAt = view.seenAt.get(keyOf('work', id)) ?? Infinity;
    // With the browser die all who saw it.
    if (seenAt < (view.killedAt ?? 0)) return [];
    // Nobody has died since who could have done it.
    if (![...view.dead.values()].some(({ at }) => at > seenAt)) return [problem];
    unseen.push(problem);
    return [];
  });
  // So they may where the others hung, and died of it: nobody saw it, but then it is not more than the dead had in hand.
  return unseen.length <= slots * view.dead.size ? problems : [...problems, ...unseen];
}

/** A message comes again only if whoever had it threw, died or lost it. How often one may have lost it, it was told. */
function checkAgain(view: View, attempts: ReadonlyMap<string, readonly Attempt[]>): readonly string[] {
  const late = new Map<string, number>();
  for (const { life } of view.all('late')) late.set(life, (late.get(life) ?? 0) + 1);
  const problems: string[] = [];
  for (const tries of attempts.values()) {
    const ordered = tries.toSorted((a, b) => a.attempt - b.attempt || a.at - b.at);
    ordered.slice(0, -1).forEach((attempt, at) => {
      const { life, offset, how, wasLost, endedAt = Infinity, handedAt = 0, ackedAt = Infinity } = attempt;
      const next = ordered[at + 1] as Attempt;
      const problem = `work: message ${offset} was done by ${life} in attempt ${attempt.attempt} and came to ${next.life} in attempt ${next.attempt}`;
      // Nobody but the group knew that it was done.
      if (view.all('restored').some((restored) => restored.copiedAt < ackedAt && restored.at < next.at)) return;
      // Who was given it before that hears of it, and is heard of, when it can.
      if (ackedAt < (next.handedAt ?? next.at)) {
        problems.push(`${problem}, though that was on record`);
        return;
      }
      if (how !== 'returned' || wasLost || view.dead.has(life)) return;
      // The other one began while this one was still at it: it had lost it before it returned. Nobody tells it so if the other
      // one was done by then.
      if (next.at < endedAt) return;
      // It could not say in time that it was done.
      if (view.isComplete && next.at >= handedAt + surelyHeld) return;
      const told = late.get(life) ?? 0;
      late.set(life, told - 1);
      if (told <= 0) problems.push(problem);
    });
  }
  return problems;
}

function checkRest(view: View): readonly string[] {
  return view.final.groups.flatMap(({ group, channelId, pending, lag }) =>
    pending === 0 && lag === 0
      ? []
      : [`work: group ${group} still has ${pending} in hand and ${lag} before it in ${channelId}`],
  );
}

// A group that handles a channel in order: one message at a time, each after the one before, whoever of its members dies.

import type { MoreTold, Of, RemainingChannel } from './record.ts';

type Turn = Of<'turn'>;

/** A member that is not heard of for so long may be taken for dead, in milliseconds; less than that it surely is not. */
const surelyAlive = 3000;

const keyOf = ({ life, logId, offset, attempt }: Pick<Turn, 'life' | 'logId' | 'offset' | 'attempt'>): string =>
  `${life} ${logId} ${offset} ${attempt}`;

interface Handling {
  readonly turn: Turn;
  /** It was given out so long before that it may be another one's by now. */
  readonly isLate: boolean;
  endedAt: number;
  /** When the driver heard that this was on record. */
  ackTold: number;
}

/** One that is put back to what it was may give out the same again under the same attempt. */
function handlingsOf(facts: readonly MoreTold[]): readonly Handling[] {
  const all: Handling[] = [];
  const last = new Map<string, Handling>();
  const handed = new Map<string, number>();
  for (const fact of facts) {
    if (fact.t === 'handed') handed.set(keyOf(fact), fact.at);
    if (fact.t === 'turn') {
      const isLate = fact.at - (handed.get(keyOf(fact)) ?? fact.at) >= surelyAlive;
      const handling = { turn: fact, isLate, endedAt: Infinity, ackTold: Infinity };
      last.set(keyOf(fact), handling);
      all.push(handling);
      continue;
    }
    const handling = fact.t === 'turned' || fact.t === 'acked' ? last.get(keyOf(fact)) : undefined;
    if (handling === undefined) continue;
    if (fact.t === 'turned') handling.endedAt = fact.clock;
    else handling.ackTold = fact.at;
  }
  return all.toSorted((a, b) => a.turn.clock - b.turn.clock);
}

export function checkOrdered(facts: readonly MoreTold[], { messages }: RemainingChannel): readonly string[] {
  const restored = facts.filter((fact) => fact.t === 'restored');
  const dead = new Set(facts.flatMap((fact) => (fact.t === 'dead' && fact.how !== 'left' ? [fact.life] : [])));
  /** What the group knew of the first when the second came may be what it knew long before. */
  const isForgotten = (first: Handling, second: Handling): boolean =>
    restored.some(({ copiedAt, at }) => copiedAt < first.ackTold && at < second.turn.at);
  const all = handlingsOf(facts);
  const begin = all[0]?.turn.offset ?? Infinity;
  const before = new Map(messages.map(({ offset }, at) => [offset, messages[at - 1]?.offset ?? 0]));
  const problems: string[] = [];
  const done = new Map<number, Handling>();
  /** When a message was done at first, by whomever: also by one that came to it late. */
  const doneAt = new Map<number, number>();
  let highest: Handling | undefined;
  for (const [at, one] of all.entries()) {
    const { life, offset, attempt, clock, at: told } = one.turn;
    if (one.endedAt < (doneAt.get(offset) ?? Infinity)) doneAt.set(offset, one.endedAt);
    if (one.isLate) continue;
    const text = `in order: message ${offset} came to ${life} in attempt ${attempt}`;
    const again = done.get(offset);
    const isOnRecord = again !== undefined && again.endedAt < clock && again.ackTold < told;
    if (isOnRecord && !isForgotten(again, one))
      problems.push(`${text}, though it was on record that ${again.turn.life} had done it`);
    if (highest !== undefined && offset < highest.turn.offset && !isForgotten(highest, one))
      problems.push(`${text} after message ${highest.turn.offset}`);
    const previous = before.get(offset) ?? 0;
    if (previous >= begin && (doneAt.get(previous) ?? Infinity) > clock)
      problems.push(`${text} before message ${previous} was done`);
    for (const other of all.slice(Math.max(0, at - 20), at)) {
      const isAtOnce = !other.isLate && other.endedAt > clock && clock - other.turn.clock < surelyAlive;
      if (isAtOnce && !dead.has(other.turn.life) && !isForgotten(other, one))
        problems.push(`${text} while ${other.turn.life} was at message ${other.turn.offset}`);
    }
    if (one.endedAt < (done.get(offset)?.endedAt ?? Infinity)) done.set(offset, one);
    if (highest === undefined || offset > highest.turn.offset || isForgotten(highest, one)) highest = one;
  }
  const undone = messages.filter(({ offset }) => offset > begin && !doneAt.has(offset));
  return [...problems, ...undone.map(({ offset }) => `in order: message ${offset} was done by nobody`)];
}

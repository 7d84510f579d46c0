// A history, arranged as the rules ask for it.

import type { Fact, Final, History, StoredMessage, Told } from './record.ts';
import { plain } from './record.ts';

type Of<T extends Fact['t']> = Extract<Told, { t: T }>;

/** A message as somebody saw it. */
export interface Seen {
  readonly id: string;
  readonly by: string;
}

export interface View {
  readonly facts: readonly Told[];
  readonly final: Final;
  readonly isComplete: boolean;
  /** Up to which offset a channel may have been trimmed. */
  trimmedUpTo(ch: string): number;
  all<T extends Fact['t']>(t: T): readonly Of<T>[];
  /** How a life ended, by life. One that is not in it was there to the end. */
  readonly dead: ReadonlyMap<string, Of<'dead'>>;
  /** The lives that were there to the end. */
  readonly living: ReadonlySet<string>;
  /** What was seen in each log, by channel and logId and then offset: at the end, and by every subscription. */
  readonly logs: ReadonlyMap<string, ReadonlyMap<number, Seen>>;
  /** In which logs a message was seen, by its channel and id. */
  readonly logsOf: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether a log may be gone: storage was cleared, or the tabs were told that it was in memory only. */
  readonly mayLose: boolean;
  readonly clearedAt: number | undefined;
  /** When the browser was killed last. */
  readonly killedAt: number | undefined;
  /** When it was first told of a message, by channel and id. */
  readonly seenAt: ReadonlyMap<string, number>;
  /** Whether the disk refused something. */
  readonly wasFull: boolean;
  /** Contradictions that came up while it was arranged. */
  readonly wrong: readonly string[];
}

export const keyOf = (...parts: readonly (string | number)[]): string => parts.join(' ');

function endsOf(facts: readonly Told[]): ReadonlyMap<string, Of<'dead'>> {
  const ends = facts.filter((fact): fact is Of<'dead'> => fact.t === 'dead' && fact.how !== 'left');
  return new Map(ends.map((fact) => [fact.life, fact]));
}

class Logs {
  readonly logs = new Map<string, Map<number, Seen>>();
  readonly logsOf = new Map<string, Set<string>>();
  readonly wrong: string[] = [];

  see(ch: string, logId: string, offset: number, id: string, by: string): void {
    const key = keyOf(ch, logId);
    let log = this.logs.get(key);
    if (log === undefined) this.logs.set(key, (log = new Map()));
    const before = log.get(offset);
    if (before === undefined) log.set(offset, { id, by });
    else if (before.id !== id)
      this.wrong.push(`${ch} ${offset} in log ${logId} is ${before.id} for ${before.by} and ${id} for ${by}`);
    const places = this.logsOf.get(keyOf(ch, id)) ?? new Set();
    this.logsOf.set(keyOf(ch, id), places.add(logId));
  }
}

function firstSeen(facts: readonly Told[]): ReadonlyMap<string, number> {
  const seen = new Map<string, number>();
  for (const fact of facts) {
    if (fact.t !== 'sent' && fact.t !== 'got') continue;
    const key = keyOf(fact.ch, fact.id);
    if (!seen.has(key)) seen.set(key, fact.at);
  }
  return seen;
}

export function viewOf({ facts, final, isComplete = false }: History): View {
  const logs = new Logs();
  for (const ch of plain) {
    const { logId = '', messages = [] } = final.channels[ch] ?? {};
    for (const { offset, id } of messages) logs.see(ch, logId, offset, id, 'the log at the end');
  }
  const all = <T extends Fact['t']>(t: T): readonly Of<T>[] => facts.filter((fact): fact is Of<T> => fact.t === t);
  for (const { ch, logId, offset, id, sub } of all('got')) logs.see(ch, logId, offset, id, sub);
  const trims = new Map<string, number>();
  for (const { ch, upTo } of all('trimming')) trims.set(ch, Math.max(upTo, trims.get(ch) ?? 0));
  const dead = endsOf(facts);
  const isMemory = all('memory').length > 0;
  const wasCleared = all('clearing').length > 0;
  // If it was not told that it is done, it may be done at any time.
  const isDone = all('cleared').length === all('clearing').length;
  return {
    facts,
    final,
    isComplete,
    trimmedUpTo: (ch) => trims.get(ch) ?? 0,
    all,
    dead,
    living: new Set(all('drained').flatMap(({ life }) => (dead.has(life) ? [] : [life]))),
    logs: logs.logs,
    logsOf: logs.logsOf,
    mayLose: isMemory || wasCleared,
    clearedAt: wasCleared && isDone ? all('cleared').at(-1)?.at : undefined,
    killedAt: all('dead').findLast(({ how }) => how === 'killed')?.at,
    seenAt: firstSeen(facts),
    wasFull: all('full').length > 0,
    wrong: logs.wrong,
  };
}

/** The numbered messages of a channel at the end. */
export function numbered(view: View, ch: string): readonly (StoredMessage & { life: string; n: number })[] {
  const messages = view.final.channels[ch]?.messages ?? [];
  return messages.flatMap((message) => {
    const { life, n } = message;
    return life === undefined || n === undefined ? [] : [{ ...message, life, n }];
  });
}

// What the append script says, to whoever appended and to whoever hears the bell.

import type { StoredBlock } from '../../core/block.ts';
import { blockOf } from './entry.ts';
import { beforeRecords, said } from './scripts.ts';

export interface Answer {
  /** One of `said`. */
  readonly kind: number;
  readonly offset: number;
  readonly sequence: number;
}

export interface Answers {
  readonly appendedAt: number;
  readonly verdicts: readonly Answer[];
}

export function answersOf(text: string): Answers {
  const numbers = text.split(' ');
  const verdicts: Answer[] = [];
  for (let at = 1; at + 2 < numbers.length; at += 3)
    verdicts.push({
      kind: Number(numbers[at]),
      offset: Number(numbers[at + 1]),
      sequence: Number(numbers[at + 2]),
    });
  return { appendedAt: Number(numbers[0]), verdicts };
}

/** A bell that says more than this much makes work for those who do not want the channel. */
const mostInBell = 4096;

/** What a bell says of blocks with these arguments: all of it, if that is not much. */
export function bellOf(args: readonly string[]): string {
  let size = args.length;
  for (const part of args) {
    size += part.length;
    if (size > mostInBell || part.includes('\0')) return '';
  }
  return args.join('\0');
}

/** The blocks of a bell, of which all were stored. Nobody has to believe a bell: what it does not say well is read from the log. */
export function blocksOfBell(logId: string, answers: string, args: readonly string[]): readonly StoredBlock[] {
  const { appendedAt, verdicts } = answersOf(answers);
  const blocks: StoredBlock[] = [];
  let at = 0;
  for (const { kind, offset, sequence } of verdicts) {
    const [producer, block, count] = [args[at], args[at + 2], args[at + 3]] as [string, string, string];
    const records = Number(args[at + beforeRecords - 2]);
    const from = at + beforeRecords + records * 2;
    at = from + Number(args[at + beforeRecords - 1]);
    if (kind !== said.stored || !Number.isSafeInteger(at) || at > args.length) return [];
    const own = ['producer', producer, 'sequence', String(sequence), 'block', block, 'at', String(appendedAt)];
    try {
      blocks.push(blockOf(logId, offset, [...own, 'count', count, ...args.slice(from, at)]));
    } catch {
      return [];
    }
  }
  return blocks;
}

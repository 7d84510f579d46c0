// What many runs come to, as numbers and as tables.

import { cpus, release, type } from 'node:os';
import type { Counts } from './under-way.ts';
import type { Outcome } from './watched.ts';

const outcomes = [
  'sent',
  'acknowledged',
  'delivered',
  'worked',
  'worked again',
  'answered',
  'streamed',
  'lost',
  'doubled',
  'reordered',
  'other',
] as const;

const failures: readonly (typeof outcomes)[number][] = ['worked again', 'lost', 'doubled', 'reordered', 'other'];

export interface Tally {
  readonly kind: string;
  runs: number;
  ms: number;
  faults: Counts;
  numbers: Record<(typeof outcomes)[number], number>;
}

export function newTally(kind: string): Tally {
  return {
    kind,
    runs: 0,
    ms: 0,
    faults: {},
    numbers: Object.fromEntries(outcomes.map((name) => [name, 0])) as Tally['numbers'],
  };
}

/** What a problem means to a user: a message that is gone, one that came twice, one that came in the wrong place. */
function meaning(problem: string): 'lost' | 'doubled' | 'reordered' | 'other' {
  if (problem.startsWith('lost:')) return 'lost';
  if (problem.startsWith('double:')) return 'doubled';
  return problem.startsWith('order:') ? 'reordered' : 'other';
}

export function add(tally: Tally, { counts, facts, problems, ms }: Outcome): void {
  tally.runs += 1;
  tally.ms += ms;
  for (const [fault, count] of Object.entries(counts)) tally.faults[fault] = (tally.faults[fault] ?? 0) + count;
  const { numbers } = tally;
  const ofFact = {
    sent: 'sent',
    stored: 'acknowledged',
    got: 'delivered',
    ended: 'worked',
    answered: 'answered',
    closed: 'streamed',
  } as const;
  for (const { t } of facts) if (t in ofFact) numbers[ofFact[t as keyof typeof ofFact]] += 1;
  numbers['worked again'] += workedAgain(facts);
  for (const problem of problems) numbers[meaning(problem)] += 1;
}

/** How often a message of a group was done once more: its member died or lost its lease, or it is a problem, too. */
function workedAgain(facts: Outcome['facts']): number {
  const attempts = new Set<string>();
  const works = new Set<string>();
  for (const fact of facts) {
    if (fact.t !== 'ended' || fact.how !== 'returned') continue;
    const work = `${fact.logId} ${fact.offset}`;
    attempts.add(`${work} ${fact.attempt} ${fact.life}`);
    works.add(work);
  }
  return attempts.size - works.size;
}

export const faultsIn = ({ faults }: Tally): number => Object.values(faults).reduce((sum, count) => sum + count, 0);

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

const sum = (all: readonly number[]): number => all.reduce((total, each) => total + each, 0);

/** What runs were made in, and of what. */
export interface Suite {
  /** How it is called; so are its figures in the page. */
  readonly command: string;
  /** The program that was broken, with its version. */
  readonly made: string;
  readonly faults: readonly string[];
}

export function figures(tallies: readonly Tally[], { made, faults }: Suite): string {
  const [cpu] = cpus();
  const kinds = tallies.map(({ kind }) => kind);
  const rowOf = (name: string, each: readonly number[]): readonly (string | number)[] => [name, ...each, sum(each)];
  const all = [
    rowOf(
      'runs',
      tallies.map(({ runs }) => runs),
    ),
    rowOf('faults', tallies.map(faultsIn)),
    ...outcomes.flatMap((name) => {
      const each = tallies.map(({ numbers }) => numbers[name]);
      // What is not done at all is no good result.
      return sum(each) === 0 && !failures.includes(name) ? [] : [rowOf(name, each)];
    }),
  ];
  const byFault = faults.flatMap((fault) => {
    const each = tallies.map((tally) => tally.faults[fault] ?? 0);
    return sum(each) === 0 ? [] : [rowOf(fault, each)];
  });
  const seconds = Math.round(sum(tallies.map(({ ms }) => ms)) / 1000);
  return `- ${cpu?.model ?? 'unknown'}, ${cpus().length} cores, ${type()} ${release()}
- ${made}, Node ${process.versions.node}
- ${new Date().toISOString().slice(0, 10)}; ${seconds} seconds of runs

${table(['', ...kinds, 'all'], all)}

${table(['fault', ...kinds, 'all'], byFault)}`;
}

const endMark = '<!-- end of figures -->';

/** The page with other figures in it. */
export function withFigures(page: string, { command }: Suite, text: string): string {
  const mark = `<!-- figures: written by ${command} -->`;
  const begin = page.indexOf(mark);
  const end = page.indexOf(endMark, begin);
  if (begin < 0 || end < begin) throw new Error(`docs/reliability.md has no place for the figures of ${command}`);
  return `${page.slice(0, begin + mark.length)}\n\n${text}\n\n${page.slice(end)}`;
}

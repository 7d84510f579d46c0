// What many runs come to, as numbers and as tables.

import { cpus, release, type } from 'node:os';
import type { Counts } from './injector.ts';
import { faultKinds } from './plan.ts';
import type { Outcome } from './run.ts';

const outcomes = [
  'sent',
  'acknowledged',
  'delivered',
  'worked',
  'answered',
  'streamed',
  'lost',
  'doubled',
  'reordered',
  'other',
] as const;

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
  for (const problem of problems) numbers[meaning(problem)] += 1;
}

export const faultsIn = ({ faults }: Tally): number => Object.values(faults).reduce((sum, count) => sum + count, 0);

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

const sum = (all: readonly number[]): number => all.reduce((total, each) => total + each, 0);

export function figures(tallies: readonly Tally[], browser: string): string {
  const [cpu] = cpus();
  const kinds = tallies.map(({ kind }) => kind);
  const totals = tallies.map((tally) => [tally.runs, faultsIn(tally), ...outcomes.map((name) => tally.numbers[name])]);
  const names = ['runs', 'faults', ...outcomes];
  const all = names.map((name, at) => [
    name,
    ...totals.map((each) => each[at] ?? 0),
    sum(totals.map((each) => each[at] ?? 0)),
  ]);
  const byFault = faultKinds.map((fault) => {
    const counts = tallies.map(({ faults }) => faults[fault] ?? 0);
    return [fault, ...counts, sum(counts)];
  });
  const seconds = Math.round(sum(tallies.map(({ ms }) => ms)) / 1000);
  return `- ${cpu?.model ?? 'unknown'}, ${cpus().length} cores, ${type()} ${release()}
- ${browser} (headless), Node ${process.versions.node}
- ${new Date().toISOString().slice(0, 10)}; ${seconds} seconds of runs

${table(['', ...kinds, 'all'], all)}

${table(['fault', ...kinds, 'all'], byFault)}`;
}

const marks = ['<!-- figures: written by npm run faults -->', '<!-- end of figures -->'] as const;

/** The page with other figures in it. */
export function withFigures(page: string, text: string): string {
  const [begin, end] = marks.map((mark) => page.indexOf(mark)) as [number, number];
  if (begin < 0 || end < begin) throw new Error('docs/reliability.md has no place for figures');
  return `${page.slice(0, begin + marks[0].length)}\n\n${text}\n\n${page.slice(end)}`;
}

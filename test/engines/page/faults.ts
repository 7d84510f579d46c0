// One fault run, in this page: the run itself, its plan and its check are those of test/faults. What to run is in the address.
import type { HostKind } from '../../../src/index.ts';
import { planOf, planText } from '../../faults/plan.ts';
import type { Mix } from '../../faults/plan.ts';
import type { Told } from '../../faults/record.ts';
import { run } from '../../faults/run.ts';
import { framesAsBrowser } from './frames.ts';

export interface Job {
  readonly kind: HostKind;
  readonly seed: number;
  readonly mix: Mix;
}

export interface Report {
  readonly problems: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly ms: number;
  readonly sent: number;
  readonly got: number;
  /** Of a run that failed. */
  readonly plan?: string;
  readonly facts?: readonly Told[];
}

declare global {
  /** Put there by the page before this script, for whoever waits for it. */
  var finish: (report: string) => void;
}

async function report(): Promise<Report> {
  const { kind, seed, mix } = JSON.parse(decodeURIComponent(location.hash.slice(1))) as Job;
  const plan = planOf(kind, seed, mix);
  const { problems, counts, facts, ms } = await run(plan, framesAsBrowser(), location.port);
  const count = (t: Told['t']): number => facts.filter((fact) => fact.t === t).length;
  const numbers = { problems, counts, ms, sent: count('sent'), got: count('got') };
  return problems.length === 0 ? numbers : { ...numbers, plan: planText(plan), facts };
}

async function reported(): Promise<Report> {
  try {
    return await report();
  } catch (error) {
    const { message, stack = '' } = error as Error;
    return { problems: [`the run broke: ${message} ${stack}`], counts: {}, ms: 0, sent: 0, got: 0 };
  }
}

finish(JSON.stringify(await reported()));

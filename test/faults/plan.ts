// What is to happen in a run, as far as a seed can say: which faults, in which order, how far apart, and to whom. How the
// browser schedules its threads no seed can say, so a seed that failed once is run several times.

import type { HostKind } from '../../src/index.ts';
import type { Habits } from './page/life.ts';
import { randomOf } from './random.ts';
import type { Random } from './random.ts';

export const faultKinds = [
  'close tab',
  'crash tab',
  'reload tab',
  'leave and come back',
  'hang tab',
  'freeze process',
  'hang host',
  'hang host in a commit',
  'close host',
  'throw in host',
  'kill host',
  'kill browser',
  'quota full',
  'move clock',
  'clear storage',
] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface Step<F extends string = FaultKind> {
  /** Milliseconds after the step before. */
  readonly wait: number;
  readonly fault: F;
  /** Which tab, among those that there are then. */
  readonly pick: number;
  /** How long, for what lasts. */
  readonly ms: number;
  /** 0 to 1, for whatever else is to be chosen. */
  readonly chance: number;
}

export interface Plan {
  readonly seed: number;
  readonly kind: HostKind;
  readonly tabs: number;
  readonly habits: Habits;
  readonly steps: readonly Step[];
}

/** What all plans have, whatever is broken by them. */
export interface AnyPlan {
  readonly seed: number;
  readonly kind: string;
  readonly tabs: number;
  readonly steps: readonly Step<string>[];
}

export type Weights<F extends string = FaultKind> = Readonly<Partial<Record<F, number>>>;

/** What a run may be made of in place of the usual mix. */
export interface Mix<F extends string = FaultKind> {
  readonly weights?: Weights<F>;
  readonly habits?: Partial<Habits>;
  readonly steps?: number;
  readonly tabs?: number;
  /** Milliseconds between two faults, at least and at most. */
  readonly wait?: readonly [number, number];
  /** How long what lasts does at least, and at most. */
  readonly lasting?: readonly [number, number];
}

const usual: Weights = {
  'close tab': 3,
  'crash tab': 3,
  'reload tab': 3,
  'leave and come back': 2,
  'hang tab': 4,
  'freeze process': 4,
  'hang host': 3,
  'hang host in a commit': 3,
  'close host': 4,
  'throw in host': 2,
  'kill host': 4,
  'quota full': 3,
  'move clock': 3,
};

export const usualHabits: Habits = {
  one: 6,
  burst: 4,
  keyed: 2,
  flushed: 1,
  work: 3,
  ask: 2,
  story: 1,
  resubscribe: 1,
  pause: 60,
};

/** What costs a browser or an epoch comes in some seeds only. */
function rareOf(seed: number): readonly FaultKind[] {
  return [
    ...(seed % 4 === 0 ? (['kill browser'] as const) : []),
    ...(seed % 5 === 3 ? (['clear storage'] as const) : []),
  ];
}

/** Faults as often as their weights say; what is rare comes once each, somewhere in the middle. */
export function stepsOf<F extends string>(
  random: Random,
  weights: Weights<F>,
  rare: readonly F[],
  { steps: count = 38, wait = [10, 190], lasting }: Mix<F>,
): readonly Step<F>[] {
  const bag = Object.entries<number | undefined>(weights).flatMap(([fault, weight = 0]) =>
    Array.from({ length: weight }, () => fault as F),
  );
  const steps = Array.from({ length: count }, (): Step<F> => ({
    wait: random.whole(...wait),
    fault: random.pick(bag),
    pick: random.whole(0, 1e6),
    ms: random.whole(...(lasting ?? [300, random.chance(0.2) ? 2000 : 900])),
    chance: random.next(),
  }));
  for (const fault of rare) {
    const at = random.whole(Math.floor(count / 4), Math.floor((count * 3) / 4));
    steps[at] = { ...(steps[at] as Step<F>), fault };
  }
  return steps;
}

export function planOf(kind: HostKind, seed: number, mix: Mix = {}): Plan {
  const random = randomOf(seed * 7919 + kind.length);
  const steps = stepsOf(random, mix.weights ?? usual, mix.weights === undefined ? rareOf(seed) : [], mix);
  return { seed, kind, tabs: mix.tabs ?? random.whole(3, 5), habits: { ...usualHabits, ...mix.habits }, steps };
}

/** A plan for a person to read. */
export function planText({ seed, kind, tabs, steps }: AnyPlan): string {
  const lines = steps.map(
    ({ wait, fault, ms, pick, chance }) => `  +${wait} ms ${fault} (${ms} ms, ${pick}, ${chance.toFixed(2)})`,
  );
  return [`seed ${seed}, ${kind}, ${tabs} tabs`, ...lines].join('\n');
}

// What is to happen in a run, as far as a seed can say: which faults, in which order, how far apart, and to whom. How the
// browser schedules its threads no seed can say, so a seed that failed once is run several times.

import type { HostKind } from '../../src/index.ts';
import type { Habits } from './page/life.ts';
import { randomOf } from './random.ts';

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

export interface Step {
  /** Milliseconds after the step before. */
  readonly wait: number;
  readonly fault: FaultKind;
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

export type Weights = Readonly<Partial<Record<FaultKind, number>>>;

/** What a run may be made of in place of the usual mix. */
export interface Mix {
  readonly weights?: Weights;
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

const usualHabits: Habits = {
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

export function planOf(kind: HostKind, seed: number, mix: Mix = {}): Plan {
  const random = randomOf(seed * 7919 + kind.length);
  const { weights = usual, steps: count = 38 } = mix;
  const bag = Object.entries(weights).flatMap(([fault, weight]) =>
    Array.from({ length: weight }, () => fault as FaultKind),
  );
  const steps = Array.from({ length: count }, (): Step => ({
    wait: random.whole(...(mix.wait ?? [10, 190])),
    fault: random.pick(bag),
    pick: random.whole(0, 1e6),
    ms: random.whole(...(mix.lasting ?? [300, random.chance(0.2) ? 2000 : 900])),
    chance: random.next(),
  }));
  for (const fault of mix.weights === undefined ? rareOf(seed) : []) {
    const at = random.whole(Math.floor(count / 4), Math.floor((count * 3) / 4));
    steps[at] = { ...(steps[at] as Step), fault };
  }
  return { seed, kind, tabs: mix.tabs ?? random.whole(3, 5), habits: { ...usualHabits, ...mix.habits }, steps };
}

export function planText({ seed, kind, tabs, steps }: Plan): string {
  const lines = steps.map(
    ({ wait, fault, ms, pick, chance }) => `  +${wait} ms ${fault} (${ms} ms, ${pick}, ${chance.toFixed(2)})`,
  );
  return [`seed ${seed}, ${kind}, ${tabs} tabs`, ...lines].join('\n');
}

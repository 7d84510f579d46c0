// What is to happen in a run, as far as a seed can say; see test/faults/plan.ts.

import type { Habits } from '../faults/page/life.ts';
import { stepsOf, usualHabits } from '../faults/plan.ts';
import type { AnyPlan, Mix, Step, Weights } from '../faults/plan.ts';
import { randomOf } from '../faults/random.ts';

/**
 * What the processes share; `restored` is a Redis that is put back to what it was before, `sentinel` one of two that take each
 * other's place, `cluster` one whose slot may also move to another one.
 */
export const kinds = ['files', 'redis', 'restored', 'sentinel', 'cluster'] as const;
export type Kind = (typeof kinds)[number];

export const faultKinds = [
  'kill process',
  'end process',
  'stop process',
  'stop process past its lease',
  'add reader',
  'trim',
  'sleep past retention',
  'fill disk',
  'kill redis',
  'restore redis',
  'fail over',
  'move slot',
  'stop redis',
  'kill connections',
  'flush scripts',
  'cut proxy',
  'delay proxy',
  'swallow replies',
  'deafen proxy',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** How often a process does what tabs do not do. */
export interface MoreHabits {
  readonly ordered: number;
  readonly erase: number;
  readonly sweep: number;
  /** Whether it deletes what others sent, too: 1, else 0. */
  readonly eraseOthers: number;
}

export interface Plan extends AnyPlan {
  readonly kind: Kind;
  readonly habits: Habits & MoreHabits;
  readonly steps: readonly Step<FaultKind>[];
}

export interface NodeMix extends Mix<FaultKind> {
  readonly habits?: Partial<Habits & MoreHabits>;
}

const ofProcesses: Weights<FaultKind> = {
  'kill process': 6,
  'end process': 2,
  'stop process': 5,
  'add reader': 1,
  trim: 2,
};

const usual: { readonly [kind in Kind]: Weights<FaultKind> } = {
  files: { ...ofProcesses, 'fill disk': 2 },
  redis: {
    ...ofProcesses,
    'kill redis': 3,
    'stop redis': 3,
    'kill connections': 3,
    'flush scripts': 2,
    'cut proxy': 3,
    'delay proxy': 3,
    'swallow replies': 4,
    'deafen proxy': 2,
  },
  // What nobody lives to know any more is lost with the copy, so all live.
  restored: {
    'add reader': 1,
    'restore redis': 4,
    'kill redis': 3,
    'kill connections': 2,
    'flush scripts': 2,
    'delay proxy': 2,
    'swallow replies': 2,
  },
  sentinel: {
    'add reader': 1,
    'fail over': 2,
    'kill redis': 2,
    'stop redis': 3,
    'kill connections': 4,
    'flush scripts': 3,
  },
  cluster: {
    'add reader': 1,
    'fail over': 2,
    'move slot': 3,
    'kill redis': 2,
    'stop redis': 2,
    'kill connections': 3,
    'flush scripts': 2,
  },
};

/** What is left of a request that could not be answered on a full disk is another one's only after two minutes: there, nobody asks. */
function habitsOf(weights: Weights<FaultKind>): Habits {
  const isLong = weights['fill disk'] !== undefined;
  return { ...usualHabits, story: 0, ...(isLong && { ask: 0 }) };
}

const moreHabits: MoreHabits = { ordered: 2, erase: 2, sweep: 1, eraseOthers: 1 };

/** A disk is filled with every second seed. */
function weightsOf(kind: Kind, seed: number): Weights<FaultKind> {
  const { 'fill disk': full, ...others } = usual[kind];
  return full === undefined || seed % 2 === 0 ? others : { ...others, 'fill disk': full };
}

/** What takes long comes in some seeds only. */
function rareOf(seed: number): readonly FaultKind[] {
  return [
    ...(seed % 3 === 0 ? (['stop process past its lease'] as const) : []),
    ...(seed % 4 === 1 ? (['sleep past retention'] as const) : []),
  ];
}

export function planOf(kind: Kind, seed: number, mix: NodeMix = {}): Plan {
  const random = randomOf(seed * 7919 + kind.length);
  const rare = mix.weights === undefined ? rareOf(seed) : [];
  // Those who see to it that there is a master take their time.
  const usually: NodeMix =
    kind === 'sentinel' || kind === 'cluster' ? { steps: 12, wait: [800, 2500] } : { steps: 30, wait: [50, 400] };
  const weights = mix.weights ?? weightsOf(kind, seed);
  const steps = stepsOf(random, weights, rare, { ...usually, ...mix });
  return {
    seed,
    kind,
    tabs: mix.tabs ?? random.whole(3, 4),
    habits: { ...habitsOf(weights), ...moreHabits, ...mix.habits },
    steps,
  };
}

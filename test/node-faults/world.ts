// What the processes of a run share, and what can be done to it.

import type { Step } from '../faults/plan.ts';
import type { FaultKind } from './plan.ts';

/** Where a process finds its log. */
export type Place = { readonly directory: string; readonly segmentSize: number } | { readonly url: string };

/** Resolves with whether it was really done, when it is over. */
export type Fault = (step: Step<FaultKind>) => Promise<boolean>;

export interface World {
  /** For a process of this name. */
  placeFor(name: string): Promise<Place>;
  /** The process of this name is not there any more. */
  gone(name: string): Promise<void>;
  readonly faults: Readonly<Partial<Record<FaultKind, Fault>>>;
  close(): Promise<void>;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

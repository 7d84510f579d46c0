// One life of a tab: what it is called, how it is set up, and what it may still wait for.

import type { HostKind } from 'busline';
import { randomOf } from '../random.ts';
import type { Random } from '../random.ts';

/** Handed over in the address. */
export interface Setup {
  readonly bus: string;
  readonly kind: HostKind;
  readonly tab: string;
  readonly seed: number;
  /**
   * `work`: does everything until it is told to stop; `send`, `read`, `member`: of that, sends, subscribes or takes part in
   * the group only; `look`: tells what is there at the end.
   */
  readonly role: 'work' | 'send' | 'read' | 'member' | 'look';
  /** How often each thing is done; see the verbs. */
  readonly habits: Habits;
}

export interface Habits {
  readonly one: number;
  readonly burst: number;
  readonly keyed: number;
  readonly flushed: number;
  readonly work: number;
  readonly ask: number;
  readonly story: number;
  readonly resubscribe: number;
  /** Milliseconds between two of them, at most. */
  readonly pause: number;
}

export const setup: Setup = JSON.parse(decodeURIComponent(location.hash.slice(1))) as Setup;

/** A tab that is loaded anew is another life with the same address. */
export const life = `${setup.tab}.${Math.random().toString(36).slice(2, 8)}`;

export const random: Random = randomOf(setup.seed ^ Math.floor(Math.random() * 2 ** 31));

const pending = new Set<Promise<unknown>>();

/** What must settle before this life may say that it is done. */
export function awaited<T>(promise: Promise<T>): Promise<T> {
  pending.add(promise);
  const over = (): void => void pending.delete(promise);
  promise.then(over, over);
  return promise;
}

export async function allSettled(): Promise<void> {
  while (pending.size > 0) await Promise.allSettled(pending);
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// What the processes of a run say beside what tabs say, too (see test/faults/record.ts): of what is handled in order, and of
// what is deleted. Times are those of the machine's clock, in milliseconds: the same for all of its processes.

import type { Told } from '../faults/record.ts';

/** Handled in order, by the members of one group. */
export const inOrder = 'order';
/** Of this one single messages are deleted. */
export const erasable = 'erasable';
/** This one is cleared. */
export const swept = 'swept';
export const more: readonly string[] = [inOrder, erasable, swept];

interface Turn {
  readonly life: string;
  readonly logId: string;
  readonly offset: number;
  readonly attempt: number;
  readonly clock: number;
}

export type MoreFact =
  /** It is handled, and was. */
  | ({ readonly t: 'turn' } & Turn)
  | ({ readonly t: 'turned' } & Turn)
  | {
      readonly t: 'kept';
      readonly life: string;
      readonly ch: string;
      readonly n: number;
      readonly id: string;
      readonly offset: number;
      /** When it was about to be sent, and when it was acknowledged. */
      readonly sentAt: number;
      readonly clock: number;
    }
  | { readonly t: 'deleting' | 'deleted'; readonly life: string; readonly id: string; readonly offset: number }
  | { readonly t: 'sweeping' | 'swept'; readonly life: string; readonly n: number; readonly clock: number }
  | { readonly t: 'remains'; readonly life: string; readonly remains: Remains };

export interface RemainingChannel {
  readonly first: number;
  readonly head: number;
  /** Offsets from `first` on that no block holds. */
  readonly holes: readonly number[];
  /** Those whose content is there. */
  readonly messages: readonly {
    readonly id: string;
    readonly offset: number;
    readonly life: string;
    readonly n: number;
  }[];
  /** Where it says that all before it was cleared. */
  readonly clears: readonly number[];
}

/** What one finds who had no part in it. */
export interface Remains {
  readonly channels: { readonly [channelId: string]: RemainingChannel };
  /** Deletions that were begun, and that nobody ended. */
  readonly unfinished: readonly string[];
}

/** With when the driver heard of it. */
export type MoreTold =
  | (MoreFact & { readonly at: number })
  | (Told & { readonly t: 'restored' | 'handed' | 'acked' | 'dead' });

export type Of<T extends MoreTold['t']> = MoreTold & { readonly t: T };

export function moreOf(facts: readonly Told[]): readonly MoreTold[] {
  return facts as readonly unknown[] as readonly MoreTold[];
}

// What a group in this process is made of, and what it is given to work with.

import type { JoinRequest, Ref } from '../../core/host.ts';
import type { GroupMember } from '../group-members.ts';
import type { GroupFold } from './group-fold.ts';
import type { Attempt, GroupChange, GroupResult, Terms } from './group-proposal.ts';

/** What all groups of a log share. */
export interface GroupPart {
  /** This process. */
  readonly storeId: string;
  /** What nobody's clock is ahead of, as far as was read, in milliseconds. */
  readonly now: () => number;
  /** As this process last read it; undefined for a channel that is not there. */
  readonly fold: (
    channelId: string,
    group: string,
  ) => { readonly head: number; readonly group?: GroupFold } | undefined;
  /** Resolves when it was read back; insists when the disk is full. Undefined for a channel that is not there. */
  readonly propose: (channelId: string, group: string, change: GroupChange) => Promise<GroupResult | undefined>;
  /** What is kept beside the messages, under names that begin so. */
  readonly beside: (prefix: string) => Promise<ReadonlyMap<string, unknown>>;
  /** Of these processes, those that are gone. */
  readonly dead: (storeIds: readonly string[]) => Promise<readonly string[]>;
}

export type Member = GroupMember<Ref>;

export function attemptOf({ owner }: Member, { offset, attempt }: Ref): Attempt {
  return { offset, attempt, owner };
}

export function termsOf({ maxAttempts, backoff: { initial, max, factor, jitter } }: JoinRequest): Terms {
  const most = (n: number): number => Math.min(n, Number.MAX_SAFE_INTEGER);
  const chance = jitter ? 0.5 + Math.round(Math.random() * 50) / 100 : 1;
  return { maxAttempts: most(maxAttempts), backoff: [most(initial), most(max), most(factor), chance] };
}

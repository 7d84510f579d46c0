// What is proposed about a group at a channel, and what becomes of it.

import type { GroupRecord } from '../../core/group-channel.ts';
import type { DeadRecord } from '../../core/host-admin.ts';

interface Of {
  readonly t: 'group';
  readonly group: string;
  readonly id: string;
  /** When it was proposed, as its proposer reckons: an ISO date. */
  readonly at: string;
}

/** A message in the hands of a member: the member is `process/client/number`. */
export interface Attempt {
  readonly offset: number;
  readonly attempt: number;
  readonly owner: string;
}

/** How long what has failed waits: it begins with so many milliseconds, at most so many, times so much, and by chance less. */
export type Backoff = readonly [initial: number, longest: number, factor: number, chance: number];

/** What members of a group ask for, as far as it decides what is handed out. */
export interface Terms {
  readonly maxAttempts: number;
  readonly backoff: Backoff;
}

export type GroupProposal = Of &
  (
    | { readonly how: 'begin'; readonly after: number }
    /** One owner for each message that may be handed out; nothing beyond the head that the claimant saw is looked at. */
    | ({
        readonly how: 'claim';
        readonly owners: readonly string[];
        readonly head: number;
        readonly lease: number;
        readonly ordered: boolean;
      } & Terms)
    | { readonly how: 'done' | 'back'; readonly all: readonly Attempt[] }
    | ({
        readonly how: 'failed';
        readonly all: readonly Attempt[];
        readonly reason: string;
        readonly dead: boolean;
      } & Terms)
    | { readonly how: 'extend'; readonly all: readonly Attempt[]; readonly ms: number }
    | { readonly how: 'gone'; readonly prefix: string; readonly maxAttempts: number }
    | { readonly how: 'pass' | 'redrive' | 'discard'; readonly offsets: readonly number[] }
    | { readonly how: 'erased'; readonly offset: number }
  );

/** What of it only its sender says; the rest is the same for all. */
export type GroupChange = GroupProposal extends infer P ? (P extends unknown ? Omit<P, keyof Of> : never) : never;

export interface GroupResult {
  readonly given: readonly Attempt[];
  /** Whose lease ended, or whose process did. */
  readonly lost: readonly Attempt[];
  readonly buried: readonly DeadRecord[];
  /** For each attempt, or letter, that was named: whether it is so now. */
  readonly accepted: readonly boolean[];
}

export interface GroupCheckpoint {
  readonly record: GroupRecord;
  readonly leases: readonly (readonly [offset: number, until: number])[];
  readonly dead: readonly DeadRecord[];
  readonly ordered: boolean;
  /** What is up to here was looked at. */
  readonly filled: number;
}

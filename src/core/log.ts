// The contract of a log. A log stores blocks, assigns offsets, reads ranges and tells what was appended, by anyone.
// Its executable form is `testLog` in busline/testing: a log that passes it is a log.

import type { Block, IdentifiedBlock, StoredBlock } from './block.ts';
import type { BusErrorCode } from './errors.ts';
import type { Store } from './store.ts';

/** A place in one channel's log. `logId` changes when that log was wiped or replaced; clearing drops what was before a place. */
export interface Position {
  readonly logId: string;
  readonly offset: number;
  /** What came early, beyond that place: the last sequence of each producer. It is left out when it comes again. */
  readonly seen?: Seen;
}

export interface Seen {
  readonly [producerId: string]: number;
}

/** Places in many channels: what a pattern subscription resumes from. */
export type Positions = { readonly [channelId: string]: Position };

/** Which push of which client a block came by: remembered in the same commit, so that a repeated push is recognised. */
export interface Push {
  readonly clientId: string;
  /** 1, 2, 3 … for each client. */
  readonly n: number;
}

/**
 * Small values under names, for whoever keeps a place beside the messages (groups, wills, channel descriptions).
 * `undefined` removes one. Values are structured-cloneable and never changed after they are given.
 */
export type Records = readonly (readonly [name: string, value: unknown])[];

/** What is to be appended. A block without identity is the log's own: the log is its producer. */
export interface Append {
  readonly block: Block | IdentifiedBlock;
  readonly push?: Push;
  /** Forced to disk before it is acknowledged. */
  readonly flush?: boolean;
  /** What this producer had before lies in another log: its sequence may begin here. */
  readonly jump?: boolean;
  /** Saved in the same commit as the block, if it is stored; a block that is known or refused saves nothing. */
  readonly records?: Records;
  /** The block's identity where it comes from a file that was exported: kept when the log stamps it as its own. */
  readonly blockId?: string;
}

export type Verdict =
  | { readonly kind: 'stored'; readonly logId: string; readonly offset: number }
  /** It was there already: by its push, its identity, or a key given by the caller. */
  | { readonly kind: 'known'; readonly logId: string; readonly offset: number }
  | {
      readonly kind: 'refused';
      readonly code: BusErrorCode;
      readonly why: string;
      /** There is no room for it now: later, or elsewhere, there may be. */
      readonly isFull?: boolean;
    };

export interface ChannelHead {
  /** '' while the channel holds nothing. */
  readonly logId: string;
  /** The first offset kept. */
  readonly first: number;
  /** The offset of the last message; 0 while there is none. */
  readonly head: number;
  /** About how much is kept. */
  readonly bytes: number;
  /** What came early, and has no offset yet. */
  readonly seen?: Seen;
}

/** A block that came by another way than the log that will give it its place. */
export interface Early {
  readonly block: IdentifiedBlock;
  /** The sequence of the one before it that came early from this producer; 0 if that one came by its place. */
  readonly previous: number;
}

/** What comes early: each producer's blocks in order, and again by their places. All of it lies beyond the offset `after`. */
export interface EarlySource {
  follow(listener: (early: Early, after: number) => void): () => void;
  /** Those of a channel that have no place yet. */
  of(channelId: string): { readonly blocks: readonly Early[]; readonly after: number };
}

export interface Page extends ChannelHead {
  readonly blocks: readonly StoredBlock[];
}

export interface Log {
  readonly kind: string;
  /** Whether what it stores leaves the process, so that blocks must come encoded. */
  readonly encoded: boolean;
  /** Of which kind the place is where it keeps what it takes now, if that changes. */
  readonly place?: Store<string>;
  /** The random identity of this store; also its name as a producer. */
  readonly storeId: string;
  /**
   * Appends all, in order, in one commit; then tells the followers; then settles. A refused block does not touch the others.
   * Rejects only when the log itself failed: then what was given may or may not be stored.
   */
  append(entries: readonly Append[]): Promise<readonly Verdict[]>;
  /** Whole blocks from the one that holds `after + 1`, about `limit` messages, at least one block if there is any. */
  read(channelId: string, after: number, limit: number): Promise<Page>;
  head(channelId: string): Promise<ChannelHead>;
  channels(): Promise<readonly string[]>;
  /** Tells every append from now on, each channel in its order. The returned function stops it. */
  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void;
  /** Where blocks may come before they have their place here. */
  readonly early?: EarlySource;
  /** All records whose names begin with this, as a commit left them: what was given to be saved before is in it. */
  records(prefix: string): Promise<ReadonlyMap<string, unknown>>;
  /** Saves all of them in one commit, in order with the appends given before and after. */
  save(records: Records): Promise<void>;
  /** Forgets the pushes of a client that is gone; those given before are still recognised. */
  forget(clientId: string): void;
  /** Drops whole blocks that lie at or below this offset. */
  trim(channelId: string, upTo: number): Promise<void>;
  /**
   * Puts another body in the place of a stored block: same channel, offset, count and identity. Nothing if no such block
   * is kept (any more).
   */
  replace(block: StoredBlock): Promise<void>;
  close(): Promise<void>;
}

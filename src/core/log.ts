// The contract of a log. A log stores blocks, assigns offsets, reads ranges and tells what was appended, by anyone.
// Its executable form is `testLog` in busline/testing: a log that passes it is a log.

import type { Block, IdentifiedBlock, StoredBlock } from './block.ts';
import type { BusErrorCode } from './errors.ts';

/** A place in one channel's log. `logId` changes when that log was cleared, wiped or replaced. */
export interface Position {
  readonly logId: string;
  readonly offset: number;
}

/** Places in many channels: what a pattern subscription resumes from. */
export type Positions = { readonly [channelId: string]: Position };

/** Which push of which client a block came by: remembered in the same commit, so that a repeated push is recognised. */
export interface Push {
  readonly clientId: string;
  /** 1, 2, 3 … for each client. */
  readonly n: number;
}

/** What is to be appended. A block without identity is the log's own: the log is its producer. */
export interface Append {
  readonly block: Block | IdentifiedBlock;
  readonly push?: Push;
  /** Forced to disk before it is acknowledged. */
  readonly flush?: boolean;
}

export type Verdict =
  | { readonly kind: 'stored'; readonly logId: string; readonly offset: number }
  /** It was there already: by its push, its identity, or a key given by the caller. */
  | { readonly kind: 'known'; readonly logId: string; readonly offset: number }
  | { readonly kind: 'refused'; readonly code: BusErrorCode; readonly why: string };

export interface ChannelHead {
  /** '' while the channel holds nothing. */
  readonly logId: string;
  /** The first offset kept. */
  readonly first: number;
  /** The offset of the last message; 0 while there is none. */
  readonly head: number;
  /** About how much is kept. */
  readonly bytes: number;
}

export interface Page extends ChannelHead {
  readonly blocks: readonly StoredBlock[];
}

export interface Log {
  readonly kind: string;
  /** Whether what it stores leaves the process, so that blocks must come encoded. */
  readonly encoded: boolean;
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
  /** Positions saved under a name by whoever must go on where it stopped; undefined if it never saved any. */
  savedPositions(name: string): Promise<Positions | undefined>;
  savePositions(name: string, positions: Positions): Promise<void>;
  /** Forgets the pushes of a client that is gone. */
  forget(clientId: string): void;
  /** Drops whole blocks that lie at or below this offset. */
  trim(channelId: string, upTo: number): Promise<void>;
  close(): Promise<void>;
}

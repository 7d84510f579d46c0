// What a recovery needs of the log, and what it tells.

import type { Held } from './held.ts';

/** Messages that were acknowledged, and that no living process holds. */
export interface Loss {
  readonly channelId: string;
  /** The first and the last of them. */
  readonly from: number;
  readonly to: number;
}

export interface RecoveryPart {
  readonly storeId: string;
  readonly held: Held;
  /** What this process has seen of each channel. */
  readonly seen: () => ReadonlyMap<string, { readonly logId: string; readonly offset: number }>;
  /** Processes that were there before. */
  readonly others: () => readonly string[];
  readonly lost: (loss: Loss) => void;
  /** A block of this process, which its readers have seen, lies at another place now. */
  readonly again: (blockId: string) => void;
}

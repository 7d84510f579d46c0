// A last will: what the host is to store for a client that dies. So a stream whose writer is gone ends, and does not hang.

import type { Block } from './block.ts';

export interface Will {
  readonly id: string;
  /** It has a key of its own, so that storing it twice is harmless. */
  readonly block: Block;
}

// Where in a run of blocks a reader finds what it asks for.

import { sizeOf } from './block.ts';
import type { StoredBlock } from './block.ts';

/** The index of the first block that ends after this offset. */
export function indexAfter(blocks: readonly StoredBlock[], offset: number): number {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((blocks[middle] as StoredBlock).offset > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The index of the block that stands where this one stands, and is the same but for its body; -1 if there is none. */
export function indexOf(blocks: readonly StoredBlock[], { header, logId, offset }: StoredBlock): number {
  const at = indexAfter(blocks, offset - 1);
  const found = blocks[at];
  const isThere = found?.offset === offset && found.logId === logId && found.header.blockId === header.blockId;
  return isThere ? at : -1;
}

/** Pages end at this size at the latest, so that reading large messages does not fill memory. */
const pageSize = 1024 * 1024;

/** The blocks from `from` on that make up about `limit` messages, at least one. */
export function pageOf(blocks: readonly StoredBlock[], from: number, limit: number): readonly StoredBlock[] {
  let end = from;
  let messages = 0;
  let size = 0;
  for (; end < blocks.length && messages < limit && size < pageSize; end++) {
    const block = blocks[end] as StoredBlock;
    messages += block.header.count;
    size += sizeOf(block);
  }
  return blocks.slice(from, end);
}

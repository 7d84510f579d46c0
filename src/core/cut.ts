// Takes one message out of a block for good. Its place stays, so that the ids and offsets of its neighbours do.

import { firstOffset } from './block.ts';
import type { StoredBlock } from './block.ts';
import type { Item } from './message.ts';

function blank({ id }: Item): Item {
  return { ...(id !== undefined && { id }), deleted: true };
}

/** The block without the message that has this offset. Its keys stay: who sends that message again must not bring it back. */
export function cut(block: StoredBlock, offset: number): StoredBlock {
  const at = offset - firstOffset(block);
  const without = (items: readonly Item[]): Item[] => items.map((item, place) => (place === at ? blank(item) : item));
  if ('items' in block) return { ...block, items: without(block.items) };
  const { buffers = [], ...rest } = block;
  const json = JSON.stringify(without(JSON.parse(block.json) as Item[]));
  return buffers.length === 0 || block.header.count === 1 ? { ...rest, json } : { ...rest, json, buffers };
}

// Two processes may each delete a message of the same block at once: what one has deleted, the other must not bring back.

import type { StoredBlock } from '../core/block.ts';
import type { Item } from '../core/message.ts';

/** The block that is to take the place of `before`, without what was deleted from that since it was read. */
export function withoutDeleted(block: StoredBlock, before: StoredBlock): StoredBlock {
  if (!('json' in block) || !('json' in before) || !before.json.includes('"deleted":true')) return block;
  const had = JSON.parse(before.json) as readonly Item[];
  const items = (JSON.parse(block.json) as readonly Item[]).map((item, at) =>
    had[at]?.deleted === true ? had[at] : item,
  );
  return { ...block, json: JSON.stringify(items) };
}
